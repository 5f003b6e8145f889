use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Source;

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub source: Source,
    /// The folder that holds CIFAR's binary versions.
    pub folder: PathBuf,
}
