use std::collections::BTreeMap;
use std::sync::Arc;

use spikenas_kernels::{Affine, Moments};

use super::parameters::LayerParameters;
use crate::engine::network::{Mode, NormOver};
use crate::graph::BatchNorm;

/// Running mean and variance of each batch norm after a pass, by the layer's name.
pub type RunningStatistics = BTreeMap<String, (Vec<f32>, Vec<f32>)>;

/// What a pass in training mode finds out for its batch norms, by the layer's name.
#[derive(Default)]
pub(super) struct PassStatistics {
    /// Over what the moments are.
    pub(super) over: NormOver,
    /// Running statistics after the pass.
    pub(super) running: RunningStatistics,
    /// Moments of the batch at each distinct timestep.
    pub(super) moments: BTreeMap<String, Vec<Moments>>,
}

/// Folds a batch norm into one scale and shift for each distinct timestep, and updates its running statistics.
///
/// Training mode uses the statistics of the batch at each timestep, or over all of them (variance divided by the count) and updates the
/// running ones at each of `updates` timesteps (variance divided by the count less one), or at one of them alone; evaluation mode
/// uses the running ones.
pub(super) fn normalise(
    norm: &BatchNorm,
    parameters: &LayerParameters,
    mode: Mode,
    moments: impl FnOnce() -> Vec<Moments>,
    (updates, at): (usize, Option<usize>),
    statistics: &mut PassStatistics,
) -> Arc<Vec<Affine>> {
    let [weight, bias, mean, variance] = norm.parameters().map(|p| parameters.tensor(&p));
    if mode == Mode::Evaluate {
        let (mean, variance) = (widened(&mean), widened(&variance));
        return Arc::new(vec![Affine::fold(&mean, &variance, &weight, &bias, BatchNorm::EPSILON)]);
    }
    let mut moments = moments();
    if statistics.over == NormOver::All {
        let all = Moments::total(&moments, norm.channels);
        moments.fill(all);
    }
    let first = at.unwrap_or(0);
    let (mut mean, mut variance) = match statistics.running.remove(&norm.name) {
        // Those after the timestep before.
        Some(running) if first > 0 => running,
        _ => (mean.to_vec(), variance.to_vec()),
    };
    for step in first..at.map_or(updates, |at| at + 1) {
        let moments = &moments[(step - first).min(moments.len() - 1)];
        let unbiased = moments.count as f64 / moments.count.saturating_sub(1).max(1) as f64;
        let share = mode.share(step, updates);
        update(&mut mean, share, &moments.mean(), 1.0);
        update(&mut variance, share, &moments.variance(), unbiased);
    }
    statistics.running.insert(norm.name.clone(), (mean, variance));
    let fold = |m: &Moments| Affine::fold(&m.mean(), &m.variance(), &weight, &bias, BatchNorm::EPSILON);
    let affine = Arc::new(moments.iter().map(fold).collect());
    let all = statistics.moments.entry(norm.name.clone()).or_default();
    all.truncate(first);
    all.extend(moments);
    affine
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn update(running: &mut [f32], share: f64, batch: &[f64], factor: f64) {
    for (r, b) in running.iter_mut().zip(batch) {
        *r = ((1.0 - share) * f64::from(*r) + share * b * factor) as f32;
    }
}
