use serde::Deserialize;

use super::read::{list, named};
use crate::search::{Method, Objective, SupernetConfig};
use crate::{Error, Result};

/// How candidates are chosen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodOptions {
    /// The method; by default that of the cells.
    #[serde(deserialize_with = "named")]
    pub method: Option<Method>,
    /// Candidates that a method draws.
    pub iterations: Option<usize>,
    /// How often the leading candidates are scored again.
    pub confirm: Option<usize>,
    /// Passes of a supernet over the training images.
    pub supernet_epochs: Option<usize>,
    /// Validation images on which a candidate of a supernet is judged.
    pub supernet_images: Option<usize>,
    /// The exponent of spikes in the fitness of a supernet's candidates.
    pub lambda: Option<f64>,
    /// Choices of sizes that short trainings compare.
    pub finalists: Option<usize>,
    /// In what the candidates are compared that no other beats.
    #[serde(deserialize_with = "list")]
    pub objectives: Vec<Objective>,
}

impl MethodOptions {
    /// Draws of a method that draws.
    pub(super) fn draws(&self, method: Method) -> Result<usize> {
        match (self.iterations, method) {
            (Some(draws), method) if !method.draws() => Err(Error::invalid(format!(
                "iterations {draws}: the methods random, evolution, local and supernet draw candidates, {method} does not"
            ))),
            (draws, method) => Ok(draws.unwrap_or(method.default_iterations())),
        }
    }

    /// The settings of a supernet, where the method has one.
    pub(super) fn supernet(&self, method: Method) -> Result<Option<SupernetConfig>> {
        let whole = |number: Option<usize>| number.map(|number| number.to_string());
        let given = [
            ("supernet-epochs", whole(self.supernet_epochs)),
            ("supernet-images", whole(self.supernet_images)),
            ("lambda", self.lambda.map(|lambda| lambda.to_string())),
        ];
        match (method.default_supernet(), given.into_iter().find_map(|(name, value)| Some((name, value?)))) {
            (None, Some((name, value))) => {
                Err(Error::invalid(format!("{name} {value}: it is for the method supernet, not for {method}")))
            }
            (default, _) => Ok(default.map(|default| SupernetConfig {
                epochs: self.supernet_epochs.unwrap_or(default.epochs),
                images: self.supernet_images.unwrap_or(default.images),
                lambda: self.lambda.unwrap_or(default.lambda),
            })),
        }
    }
}
