use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::graph::{Initialisation, Parameter, ParameterKind};
use crate::random::{Generator, generator, name_key};

/// The classifier's first linear layer, whose distribution differs from the second's.
const HIDDEN_WEIGHT: &str = "classifier.1.weight";

/// Numbers that one generator draws; longer tensors take several, side by side.
const CHUNK: usize = 1 << 16;

/// Draws one tensor of an untrained network.
///
/// Every tensor has generators of its own, keyed by seed, repeat, edge and operation (its name and shape), so that
/// equal parts of two candidates get equal weights.
pub fn draw(parameter: &Parameter, initialisation: Initialisation, seed: u64, repeat: u64) -> Vec<f32> {
    let mut key = vec![seed, repeat, name_key("weights"), name_key(&parameter.name)];
    key.extend(parameter.shape.iter().map(|&n| n as u64));
    match (parameter.kind, parameter.shape.as_slice()) {
        (ParameterKind::Weight, [_, fan_in @ .., _, _]) if !fan_in.is_empty() => {
            let fan_in: usize = parameter.shape[1..].iter().product();
            let bound = (6.0 / (5.0 * fan_in as f64)).sqrt() as f32;
            fill(&key, parameter, |rng, value| *value = rng.random_range(-bound..bound))
        }
        (ParameterKind::Weight, [_, inputs]) => {
            let gain = if parameter.name == HIDDEN_WEIGHT { 20.0 } else { 10.0 };
            let deviation = match initialisation {
                Initialisation::Reference => 0.01,
                Initialisation::Scaled => (gain / *inputs as f64).sqrt() as f32,
            };
            fill(&key, parameter, |rng, value| {
                let unit: f32 = StandardNormal.sample(rng);
                *value = deviation * unit;
            })
        }
        (ParameterKind::Scale | ParameterKind::RunningVariance, shape) => vec![1.0; shape.iter().product()],
        (_, shape) => vec![0.0; shape.iter().product()],
    }
}

/// Draws every number of a tensor, the same ones for any number of threads.
fn fill(key: &[u64], parameter: &Parameter, draw: impl Fn(&mut Generator, &mut f32) + Sync) -> Vec<f32> {
    let mut values = vec![0.0; parameter.shape.iter().product()];
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
        let mut key = key.to_vec();
        if index > 0 {
            key.push(index as u64);
        }
        let mut rng = generator(&key);
        chunk.iter_mut().for_each(|value| draw(&mut rng, value));
    });
    values
}

/// Drawn tensors, each kept from its first use on.
pub struct Drawn {
    initialisation: Initialisation,
    seed: u64,
    repeat: u64,
    /// By name and shape, which together say what was drawn.
    tensors: Mutex<HashMap<(String, Vec<usize>), Arc<Vec<f32>>>>,
}

impl Drawn {
    /// Tensors of one repeat.
    pub fn new(initialisation: Initialisation, seed: u64, repeat: u64) -> Self {
        Self { initialisation, seed, repeat, tensors: Mutex::default() }
    }

    /// A tensor, see [`draw`].
    pub fn tensor(&self, parameter: &Parameter) -> Arc<Vec<f32>> {
        let key = (parameter.name.clone(), parameter.shape.clone());
        let tensors = || self.tensors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tensor) = tensors().get(&key) {
            return tensor.clone();
        }
        // No lock is held while threads draw: a waiting thread may take up work that needs the lock.
        let drawn = Arc::new(draw(parameter, self.initialisation, self.seed, self.repeat));
        tensors().entry(key).or_insert(drawn).clone()
    }
}
