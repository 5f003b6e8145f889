use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Dataset;
use crate::data::events::{CameraSettings, Sensor};
use crate::record::FORMAT_VERSION;
use crate::weights::DatasetId;

/// What is recorded, and by which camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simulation {
    /// Images of each split, every class alike, drawn by the camera's seed; all of them where it is not given.
    pub images: Option<usize>,
    /// The camera.
    pub camera: CameraSettings,
}

/// What that file says: what makes the same recordings again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// Format version.
    version: u32,
    /// That no camera was there.
    what: String,
    /// The version of the program.
    program: String,
    /// Images of each split.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    images: Option<usize>,
    /// Columns of the sensor.
    width: u16,
    /// Rows of the sensor.
    height: u16,
    /// The images.
    pub data: DatasetId,
    camera: CameraSettings,
    /// The class of each folder.
    classes: BTreeMap<String, String>,
}

impl Definition {
    pub fn new(dataset: &Dataset, simulation: &Simulation, sensor: Sensor, folders: &[String]) -> Self {
        Self {
            version: FORMAT_VERSION,
            what: "recordings that a simulated camera made of images: no camera has seen them".into(),
            program: env!("CARGO_PKG_VERSION").into(),
            images: simulation.images,
            width: sensor.width,
            height: sensor.height,
            data: dataset.id(),
            camera: simulation.camera.clone(),
            classes: folders.iter().cloned().zip(dataset.classes.iter().cloned()).collect(),
        }
    }
}
