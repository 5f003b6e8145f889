use std::f32::consts::{FRAC_PI_2, PI};

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::cpu::{Operation, apply, zeros};
use super::vectorised::vectorised;

/// Sharpness of the surrogate.
const ALPHA: f32 = 2.0;

/// Neurons that a thread takes at a time: their membranes stay in the first cache.
const CHUNK: usize = 1024;

/// Leaky integrate-and-fire neurons over time: [steps or 1, neurons] -> spikes [steps, neurons].
///
/// `h = v + (x - v) / tau; spike = h >= threshold; v = (1 - spike) * h`, from `v = 0`. An input of one step is shown at
/// every timestep. Backwards, a spike counts as ATan of h,
/// `d spike / d h = (alpha / 2) / (1 + (pi / 2 * alpha * (h - threshold))^2)` with alpha 2, and the reset as a constant.
pub fn lif(x: Tensor<2>, steps: usize, tau: f32, threshold: f32) -> Tensor<2> {
    let [held, neurons] = x.dims();
    let scan = LifScan { held, steps, neurons, tau, threshold };
    match apply(scan, [x.clone().reshape([held * neurons])]) {
        Some(spikes) => spikes.reshape([steps, neurons]),
        None => composed(x, steps, tau, threshold),
    }
}

/// [`lif`] of operations that every device has.
fn composed(x: Tensor<2>, steps: usize, tau: f32, threshold: f32) -> Tensor<2> {
    let [held, neurons] = x.dims();
    let mut membrane = Tensor::zeros([1, neurons], &x.device());
    let spikes = (0..steps).map(|t| {
        let x = x.clone().narrow(0, t.min(held - 1), 1);
        let h = membrane.clone() + (x - membrane.clone()) / tau;
        let spike = h.clone().detach().greater_equal_scalar(threshold).float();
        membrane = (1.0 - spike.clone()) * h.clone();
        // Its value is the spike's, its gradient the surrogate's.
        let soft = ((h - threshold) * (FRAC_PI_2 * ALPHA)).atan() / PI;
        spike + (soft.clone() - soft.detach())
    });
    Tensor::cat(spikes.collect(), 0)
}

/// [`lif`] on the CPU: all timesteps of a neuron in one go.
#[derive(Clone, Debug)]
struct LifScan {
    held: usize,
    steps: usize,
    neurons: usize,
    tau: f32,
    threshold: f32,
}

impl Operation<1> for LifScan {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let mut spikes = zeros(self.steps * self.neurons);
        columns(&mut spikes, self.neurons).into_par_iter().enumerate().for_each(|(chunk, mut spikes)| {
            vectorised(
                #[inline(always)]
                || self.fire(x, chunk * CHUNK, &mut spikes),
            );
        });
        spikes
    }

    fn backward(&self, [x]: [&[f32]; 1], gradient: &[f32], _: [bool; 1]) -> [Vec<f32>; 1] {
        let mut found = zeros(self.held * self.neurons);
        columns(&mut found, self.neurons).into_par_iter().enumerate().for_each(|(chunk, mut found)| {
            vectorised(
                #[inline(always)]
                || self.back(x, gradient, chunk * CHUNK, &mut found),
            );
        });
        [found]
    }
}

impl LifScan {
    /// The inputs of a chunk's neurons at a timestep.
    #[inline(always)]
    fn input<'a>(&self, x: &'a [f32], t: usize, start: usize, length: usize) -> &'a [f32] {
        &x[t.min(self.held - 1) * self.neurons + start..][..length]
    }

    /// `h` of [`lif`].
    #[inline(always)]
    fn charge(&self, v: f32, x: f32) -> f32 {
        v + (x - v) / self.tau
    }

    #[inline(always)]
    fn fire(&self, x: &[f32], start: usize, spikes: &mut [&mut [f32]]) {
        let mut membrane = [0.0; CHUNK];
        for (t, spikes) in spikes.iter_mut().enumerate() {
            let x = self.input(x, t, start, spikes.len());
            for ((spike, v), &x) in spikes.iter_mut().zip(&mut membrane).zip(x) {
                let h = self.charge(*v, x);
                let fires = h >= self.threshold;
                *spike = if fires { 1.0 } else { 0.0 };
                *v = if fires { 0.0 } else { h };
            }
        }
    }

    /// `dh = dspike * surrogate(h) + dv * (1 - spike); dx = dh / tau; dv = dh * (1 - 1 / tau)`, from the last timestep.
    #[inline(always)]
    fn back(&self, x: &[f32], gradient: &[f32], start: usize, found: &mut [&mut [f32]]) {
        let length = found[0].len();
        let mut charges = vec![0.0; self.steps * length];
        let mut membrane = [0.0; CHUNK];
        for (t, charges) in charges.chunks_mut(length).enumerate() {
            for ((h, v), &x) in charges.iter_mut().zip(&mut membrane).zip(self.input(x, t, start, length)) {
                *h = self.charge(*v, x);
                *v = if *h >= self.threshold { 0.0 } else { *h };
            }
        }
        let (leak, gain) = (1.0 - 1.0 / self.tau, 1.0 / self.tau);
        let mut later = [0.0; CHUNK];
        for (t, charges) in charges.chunks(length).enumerate().rev() {
            let gradient = &gradient[t * self.neurons + start..][..length];
            let found = &mut *found[t.min(self.held - 1)];
            for (((found, dv), &h), &dspike) in found.iter_mut().zip(&mut later).zip(charges).zip(gradient) {
                let slope = FRAC_PI_2 * ALPHA * (h - self.threshold);
                let kept = if h >= self.threshold { 0.0 } else { *dv };
                let dh = dspike * (ALPHA / 2.0) / (1.0 + slope * slope) + kept;
                *found += dh * gain;
                *dv = dh * leak;
            }
        }
    }
}

/// [rows, width] cut into columns of [`CHUNK`]: for each, its part of every row.
fn columns(values: &mut [f32], width: usize) -> Vec<Vec<&mut [f32]>> {
    let mut columns: Vec<Vec<&mut [f32]>> = (0..width.div_ceil(CHUNK)).map(|_| Vec::new()).collect();
    for row in values.chunks_mut(width.max(1)) {
        for (column, part) in columns.iter_mut().zip(row.chunks_mut(CHUNK)) {
            column.push(part);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ops::agreement::{assert_close, gradient, tensor};

    #[test]
    fn scan_agrees_with_the_composed_form_forwards_and_backwards() {
        for (held, neurons) in [(5, 1), (5, 2 * CHUNK + 3), (1, CHUNK + 1)] {
            let x = tensor([held, neurons], 1.5);
            let weights = tensor([5, neurons], 1.0).detach();
            let (fast, slow) = (lif(x.clone(), 5, 4.0 / 3.0, 1.0), composed(x.clone(), 5, 4.0 / 3.0, 1.0));
            assert_close(fast.clone(), slow.clone(), 0.0);
            assert_close(gradient(fast * weights.clone(), &x), gradient(slow * weights, &x), 1e-6);
        }
    }
}
