use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::normals::LongNormals;
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
    if let Some(normals) = initialisation.long_normals(parameter, seed, repeat) {
        let mut values = vec![0.0; parameter.shape.iter().product()];
        let chunks = values.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(index, chunk)| normals.write(index * CHUNK, chunk));
        return values;
    }
    let key = key(parameter, seed, repeat);
    match (parameter.kind, parameter.shape.as_slice()) {
        (ParameterKind::Weight, [_, fan_in @ .., _, _]) if !fan_in.is_empty() => {
            let fan_in: usize = parameter.shape[1..].iter().product();
            let bound = (6.0 / (5.0 * fan_in as f64)).sqrt() as f32;
            fill(&key, parameter, |rng, value| *value = rng.random_range(-bound..bound))
        }
        (ParameterKind::Weight, [_, inputs]) => {
            let deviation = initialisation.deviation(&parameter.name, *inputs);
            fill(&key, parameter, |rng, value| {
                let unit: f32 = StandardNormal.sample(rng);
                *value = deviation * unit;
            })
        }
        (ParameterKind::Scale | ParameterKind::RunningVariance, shape) => vec![1.0; shape.iter().product()],
        (_, shape) => vec![0.0; shape.iter().product()],
    }
}

fn key(parameter: &Parameter, seed: u64, repeat: u64) -> Vec<u64> {
    let mut key = vec![seed, repeat, name_key("weights"), name_key(&parameter.name)];
    key.extend(parameter.shape.iter().map(|&n| n as u64));
    key
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

impl Initialisation {
    /// Standard deviation of the weights of a linear layer.
    fn deviation(self, name: &str, inputs: usize) -> f32 {
        let gain = if name == HIDDEN_WEIGHT { 20.0 } else { 10.0 };
        match self {
            Initialisation::Reference => 0.01,
            Initialisation::Scaled => (gain / inputs as f64).sqrt() as f32,
        }
    }

    /// The numbers that [`draw`] gives, to be drawn part by part; nothing but for the weights of a large linear layer.
    pub(crate) fn long_normals(self, parameter: &Parameter, seed: u64, repeat: u64) -> Option<LongNormals> {
        match (parameter.kind, parameter.shape.as_slice()) {
            (ParameterKind::Weight, &[outputs, inputs]) if outputs * inputs > CHUNK => {
                let deviation = self.deviation(&parameter.name, inputs);
                Some(LongNormals::new(generator(&key(parameter, seed, repeat)), deviation))
            }
            _ => None,
        }
    }
}
