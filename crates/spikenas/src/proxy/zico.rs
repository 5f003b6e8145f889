use crate::data::Batch;
use crate::network::{Gradients, Mode, Network, device, loss};
use crate::plan::{ParameterKind, Plan};
use crate::random::generator;
use crate::weights::Weights;
use crate::{Error, Result};

/// Mean against deviation of the gradients of two halves of a mini-batch (ZiCo, Li et al., ICLR 2023), through the surrogate.
///
/// `sum over layers of ln(sum over their weights of mean|g| / deviation of |g|)`, for convolutions and linear layers, of the cross
/// entropy with the images' labels. A layer without any gradient makes it minus infinity.
pub(super) fn zico(plan: &Plan, seed: u64, repeat: u64, batch: &Batch) -> Result<f64> {
    let count = batch.labels.len();
    if count < 4 {
        return Err(Error::invalid(format!("batch {count}: zico compares two halves of at least 2 images")));
    }
    let mut network = Network::new(plan, &Weights::initialised(plan, seed, repeat), &device("cpu")?)?;
    let half = count / 2;
    let mut of = |from: usize| -> Gradients {
        let images = &batch.images[from * plan.input.len()..][..half * plan.input.len()];
        let images = network.images(images);
        let logits = network.forward(images, Mode::Train { dropout: 0.0, rng: &mut generator(&[seed]) }).logits;
        let loss = loss(logits, &batch.labels[from..from + half], 0.0);
        network.gradients(&loss)
    };
    let (first, second) = (of(0), of(half));
    let values = |gradients: &Gradients, name: &str| -> Vec<f32> {
        gradients.get(name).map_or(Vec::new(), |g| g.clone().into_data().iter::<f32>().collect())
    };
    let weights = plan.parameters().into_iter().filter(|p| p.kind == ParameterKind::Weight);
    Ok(weights.map(|p| steadiness(&values(&first, &p.name), &values(&second, &p.name)).ln()).sum())
}

/// Sum of mean over deviation of the sizes of two gradients of each weight; weights whose sizes are equal count nothing.
fn steadiness(first: &[f32], second: &[f32]) -> f64 {
    let of_weight = |(a, b): (&f32, &f32)| {
        let (a, b) = (f64::from(a.abs()), f64::from(b.abs()));
        if a == b { 0.0 } else { (a + b) / (a - b).abs() }
    };
    first.iter().zip(second).map(of_weight).sum()
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
