use crate::data::Dataset;
use crate::train::{Split, TrainConfig};
use crate::{Error, Result};

/// The images of a supernet: those that a training learns from, and in the place of test images those that it holds out. The
/// dataset's test images are not among them.
///
/// Errors: none are held out.
pub fn supernet_images(config: &TrainConfig, dataset: &Dataset) -> Result<Dataset> {
    let Split { learned, held_out } = config.split(dataset)?;
    if held_out.is_empty() {
        return Err(Error::invalid(
            "validation 0: the method supernet has no images to judge its candidates by, hold some out with a validation of 0.1",
        ));
    }
    let (train, test) = (dataset.train.pick(&learned), dataset.train.pick(&held_out));
    let (name, classes, normalisation) = (dataset.name.clone(), dataset.classes.clone(), dataset.normalisation);
    Ok(Dataset { name, classes, train, test, normalisation, notes: Vec::new() })
}
