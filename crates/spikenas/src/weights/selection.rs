use std::fmt;

use serde::{Deserialize, Serialize};

/// By what images the epoch of a model is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The best on training images that are held out, so that the test images tell how well the model does on new ones.
    Validation,
    /// The best on the test images, as is usual in this field: the test accuracy is the highest of as many as there are epochs, and
    /// so is flattered. What records mean that do not say it.
    #[default]
    Test,
    /// None: the last epoch is kept.
    Last,
}

/// How the epoch of a model was chosen, as records tell it beside other things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// By which images; records of early versions, which chose by the test images, and files of other programs do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Part of the training images that was held out, where any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_images: Option<usize>,
}

impl Selection {
    /// Whether the test images chose the epoch, so that its test accuracy is flattered.
    pub fn is_flattered(&self) -> bool {
        self.choice == Some(Choice::Test)
    }
}

/// As a sentence goes on that began with what was chosen.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.choice, self.validation_images) {
            (None, _) => f.write_str("not said by what"),
            (Some(Choice::Validation), Some(images)) => write!(f, "on {images} training images that were held out"),
            (Some(Choice::Validation), None) => f.write_str("on training images that were held out"),
            (Some(Choice::Test), _) => f.write_str("on the test images, as the field does: the figure is flattered"),
            (Some(Choice::Last), _) => f.write_str("by nothing: the last epoch is kept"),
        }
    }
}
