use crate::data::Batch;
use crate::engine::{Engine, Gradients, Lesson};
use crate::graph::{Graph, ParameterKind};
use crate::random::generator;
use crate::weights::Weights;
use crate::{Error, Result};

/// Mean against deviation of the gradients of two halves of a mini-batch (ZiCo, Li et al., ICLR 2023), with surrogate
/// gradients.
///
/// `sum over layers of ln(sum over their weights of mean|g| / deviation of |g|)`, for convolutions and linear layers, of the cross
/// entropy with the images' labels. A layer without any gradient makes it minus infinity.
pub(super) fn zico(engine: &dyn Engine, graph: &Graph, seed: u64, repeat: u64, batch: &Batch) -> Result<f64> {
    let count = batch.labels.len();
    if count < 4 {
        return Err(Error::invalid(format!("batch {count}: zico compares two halves of at least 2 images")));
    }
    let half = count / 2;
    let weights = Weights::initialised(graph, seed, repeat);
    let gradients = |from: usize| -> Result<Gradients> {
        let part = batch.part(from..from + half, graph.config.frames_of_sample());
        let mut network = engine.network(graph, &weights)?;
        let lesson = Lesson::PLAIN;
        network.learn(&part, &lesson, &mut generator(&[seed]))?;
        Ok(network.gradients())
    };
    let (first, second) = (gradients(0)?, gradients(half)?);
    let values = |gradients: &Gradients, name: &str| gradients.get(name).cloned().unwrap_or_default();
    let weights = graph.parameters().into_iter().filter(|p| p.kind == ParameterKind::Weight);
    Ok(weights.map(|p| steadiness(&values(&first, &p.name), &values(&second, &p.name)).ln()).sum())
}

/// Sum of mean over deviation of the magnitudes of two gradients of each weight; weights with equal magnitudes count
/// nothing.
fn steadiness(first: &[f32], second: &[f32]) -> f64 {
    let ratio = |(a, b): (&f32, &f32)| {
        let (a, b) = (f64::from(a.abs()), f64::from(b.abs()));
        if a == b { 0.0 } else { (a + b) / (a - b).abs() }
    };
    first.iter().zip(second).map(ratio).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_gradients_count_more() {
        // Mean 2, deviation 1: of two values, the deviation is half their distance.
        assert_eq!(steadiness(&[1.0], &[-3.0]), 2.0);
        assert!(steadiness(&[1.0, 2.0], &[1.1, 2.2]) > steadiness(&[1.0, 2.0], &[3.0, 0.1]));
        assert_eq!(steadiness(&[0.0], &[0.0]), 0.0);
    }
}
