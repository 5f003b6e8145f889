use crate::data::Dataset;
use crate::train::{Split, TrainConfig};
use crate::{Error, Result};

/// The images of a supernet: those that a training learns from, and in the place of test images those that it holds out; a tenth, where it
/// holds none out. The dataset's test images are not among them.
///
/// Errors: too few to hold any out.
pub fn supernet_images(config: &TrainConfig, dataset: &Dataset) -> Result<Dataset> {
    let mut config = config.clone();
    config.hold_some_out();
    let Split { learned, held_out } = config.split(dataset)?;
    if held_out.is_empty() {
        return Err(Error::invalid("the method supernet has no images to judge its candidates by: give more images"));
    }
    let (train, test) = (dataset.train.pick(&learned), dataset.train.pick(&held_out));
    let (name, classes, normalisation) = (dataset.name.clone(), dataset.classes.clone(), dataset.normalisation.clone());
    Ok(Dataset { name, classes, train, test, normalisation, recorded: dataset.recorded, notes: Vec::new() })
}
