use super::images::Images;
use super::normalisation::Normalisation;

/// Images to learn from, images to test with, and what both have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What it is called: the source, as it is written.
    pub name: String,
    /// Names of the classes; labels are indices into it.
    pub classes: Vec<String>,
    /// Images to learn from.
    pub train: Images,
    /// Images to test with.
    pub test: Images,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
}
