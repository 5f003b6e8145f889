use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::plan::{Initialisation, Parameter, ParameterKind};
use crate::random::{generator, name_key};

/// The classifier's first linear layer, whose law differs from the second's.
const HIDDEN_WEIGHT: &str = "classifier.1.weight";

/// Draws one tensor of an untrained network.
///
/// Every tensor has a generator of its own, keyed by seed, repeat, place and operation (its name and shape), so that
/// equal parts of two candidates get equal weights.
pub fn draw(parameter: &Parameter, initialisation: Initialisation, seed: u64, repeat: u64) -> Vec<f32> {
    let mut key = vec![seed, repeat, name_key("weights"), name_key(&parameter.name)];
    key.extend(parameter.shape.iter().map(|&n| n as u64));
    let mut rng = generator(&key);
    let count = parameter.shape.iter().product();
    match (parameter.kind, parameter.shape.as_slice()) {
        (ParameterKind::Scale | ParameterKind::RunningVariance, _) => vec![1.0; count],
        (ParameterKind::Weight, [_, fan_in @ .., _, _]) if !fan_in.is_empty() => {
            let fan_in: usize = parameter.shape[1..].iter().product();
            let bound = (6.0 / (5.0 * fan_in as f64)).sqrt() as f32;
            (0..count).map(|_| rng.random_range(-bound..bound)).collect()
        }
        (ParameterKind::Weight, [outputs, inputs]) => {
            let gain = if parameter.name == HIDDEN_WEIGHT { 20.0 } else { 10.0 };
            let deviation = match initialisation {
                Initialisation::Reference => 0.01,
                Initialisation::Scaled => (gain / *inputs as f64).sqrt() as f32,
            };
            let unit: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(outputs * inputs).collect();
            unit.into_iter().map(|z| deviation * z).collect()
        }
        _ => vec![0.0; count],
    }
}
