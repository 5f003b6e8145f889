use super::pixels::Pixels;
use crate::graph::{BatchNorm, Convolved, Normalisation, Source};
use crate::weights::Weights;

/// A batch norm in evaluation: `y = scale x + shift` for each channel.
pub(crate) struct Affine {
    pub(crate) scale: Vec<f64>,
    pub(crate) shift: Vec<f64>,
}

impl Affine {
    pub(crate) fn of(norm: &BatchNorm, weights: &Weights) -> Self {
        let [scale, shift, mean, variance] = norm.parameters().map(|parameter| weights.values(&parameter.name));
        let factor =
            |channel: usize| f64::from(scale[channel]) / (f64::from(variance[channel]) + BatchNorm::EPSILON).sqrt();
        let scales: Vec<f64> = (0..norm.channels).map(factor).collect();
        let moved = |channel: usize| f64::from(shift[channel]) - scales[channel] * f64::from(mean[channel]);
        let shift = (0..norm.channels).map(moved).collect();
        Self { scale: scales, shift }
    }
}

/// A convolution with its batch norm, in real numbers: what each spike, or each number of a pixel, adds to its map.
pub(super) struct Folded {
    /// Rows of an output channel: inputs, then pixels of the kernel.
    pub(super) weights: Vec<f64>,
    /// Weights of a row.
    pub(super) row: usize,
    /// Of each output channel.
    pub(super) bias: Vec<f64>,
}

impl Folded {
    /// Multiplies each output channel.
    pub(super) fn scale(&mut self, factors: &[f64]) {
        for ((weights, bias), factor) in self.weights.chunks_exact_mut(self.row).zip(&mut self.bias).zip(factors) {
            weights.iter_mut().for_each(|weight| *weight *= factor);
            *bias *= factor;
        }
    }

    pub(super) fn of(convolved: &Convolved, weights: &Weights, pixels: &Pixels, normalisation: &Normalisation) -> Self {
        let Convolved { convolution, norm, source, tile, .. } = convolved;
        let affine = Affine::of(norm, weights);
        let kernel = weights.values(&convolution.weight().name);
        let area = convolution.kernel.side().pow(2);
        let row = convolution.input.channels * area;
        let mut bias = affine.shift;
        let mut folded = Vec::with_capacity(kernel.len());
        for (output, kernel) in kernel.chunks_exact(row).enumerate() {
            for (place, &weight) in kernel.iter().enumerate() {
                let weight = affine.scale[output] * f64::from(weight);
                let worth = match source {
                    Source::Layer(_) => 1.0,
                    Source::Image => {
                        let [scale, offset] = pixels.worth(place / area, normalisation);
                        bias[output] += weight * offset;
                        scale
                    }
                };
                folded.push(weight * worth / tile.pow(2) as f64);
            }
        }
        Self { weights: folded, row, bias }
    }
}
