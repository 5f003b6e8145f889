use super::images::Images;
use super::normalisation::Normalisation;

/// Training images, test images, and what both have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name: the source, as it is written.
    pub name: String,
    /// Names of the classes; labels are indices into it.
    pub classes: Vec<String>,
    /// Training images.
    pub train: Images,
    /// Test images.
    pub test: Images,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
}
