use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::Result;
use crate::engine::{Firing, LayerId, Observer, Untrained};
use crate::graph::Graph;

/// Entropy of the spectrum of the membranes after the last timestep, mean over the LIF layers: how many directions a
/// mini-batch takes in a layer before it is reduced to spikes (after the expressivity of AZ-NAS, Lee and Ham, CVPR
/// 2024).
///
/// Of order 2, `-ln(sum of squares / square of the sum)` of the eigenvalues of the samples' Gram matrix, with each
/// neuron's mean subtracted; it needs no eigenvalue, since the sums are the matrix's squared norm and its trace. A
/// layer whose membranes do not differ between samples counts 0.
pub(super) fn membrane_entropy(untrained: &dyn Untrained, repeat: usize, graph: &Graph, images: &[f32]) -> Result<f64> {
    let mut entropies = Entropies::default();
    untrained.observe(repeat, &[graph], images, &mut entropies)?;
    Ok(entropies.0.values().sum::<f64>() / entropies.0.len().max(1) as f64)
}

/// The entropy of each layer; layers that read the same map count once.
#[derive(Default)]
struct Entropies(BTreeMap<LayerId, f64>);

impl Observer for Entropies {
    fn wants_membranes(&self) -> bool {
        true
    }

    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>) {
        let entropy = firing.membranes.map_or(0.0, |membranes| entropy_of(membranes, firing.samples));
        self.0.insert(layer, entropy);
    }

    fn finished(&mut self, _: usize, _: &[(String, LayerId)]) -> Result<()> {
        Ok(())
    }
}

/// `layer`: [samples, neurons].
fn entropy_of(layer: &[f32], samples: usize) -> f64 {
    let neurons = layer.len() / samples.max(1);
    let rows: Vec<&[f32]> = layer.chunks(neurons.max(1)).collect();
    let product =
        |i: usize, j: usize| -> f64 { rows[i].iter().zip(rows[j]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let gram: Vec<Vec<f64>> =
        (0..samples).into_par_iter().map(|i| (0..samples).map(|j| product(i, j)).collect()).collect();
    let means: Vec<f64> = gram.iter().map(|row| row.iter().sum::<f64>() / samples as f64).collect();
    let mean = means.iter().sum::<f64>() / samples as f64;
    let centred = |i: usize, j: usize| gram[i][j] - means[i] - means[j] + mean;
    let trace: f64 = (0..samples).map(|i| centred(i, i)).sum();
    let squares: f64 =
        (0..samples).flat_map(|i| (0..samples).map(move |j| (i, j))).map(|(i, j)| centred(i, j).powi(2)).sum();
    if trace > 0.0 && squares > 0.0 { -(squares / (trace * trace)).ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_the_directions_that_samples_take() {
        // Four samples along two directions of equal spread: the spectrum is two equal values.
        let two = [1.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, -1.0];
        assert!((entropy_of(&two, 4) - 2f64.ln()).abs() < 1e-12);
        let one = [1.0, 2.0, 3.0, 4.0];
        assert!(entropy_of(&one, 4).abs() < 1e-12);
        assert_eq!(entropy_of(&[5.0; 8], 4), 0.0);
    }
}
