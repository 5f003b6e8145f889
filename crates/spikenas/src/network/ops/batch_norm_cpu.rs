//! Batch norm over timesteps on the CPU. A plane is the pixels of one channel of one image at one timestep.

use std::sync::Arc;

use rayon::prelude::*;

use super::cpu::{Operation, zeros};
use super::vectorised::vectorised;

/// Partial sums side by side, so that the compiler can keep them in vector registers.
const LANES: usize = 32;

/// Mean and biased variance of each timestep and channel: x -> [2, steps, channels]. Not differentiable.
///
/// Its fields are the layout of the map, [steps, images, channels, pixels].
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// Timesteps held.
    pub steps: usize,
    /// Images of a timestep.
    pub images: usize,
    /// Channels.
    pub channels: usize,
    /// Pixels of a plane.
    pub pixels: usize,
}

impl Moments {
    /// Place of a plane's channel and timestep in [steps, channels].
    fn group(&self, plane: usize) -> usize {
        plane / (self.images * self.channels) * self.channels + plane % self.channels
    }

    /// Sums values of planes, [planes], by timestep and channel, always in the same order.
    fn gather<T: Copy + Default>(&self, planes: &[T], mut add: impl FnMut(T, T) -> T) -> Vec<T> {
        let mut sums = vec![T::default(); self.steps * self.channels];
        for (plane, &value) in planes.iter().enumerate() {
            let sum = &mut sums[self.group(plane)];
            *sum = add(*sum, value);
        }
        sums
    }
}

impl Operation<1> for Moments {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let planes: Vec<[f64; 2]> = x
            .par_chunks(self.pixels)
            .map(|plane| {
                vectorised(
                    #[inline(always)]
                    || plane_moments(plane),
                )
            })
            .collect();
        let means = self.gather(&planes, |[sum, _], [mean, _]| [sum + mean / self.images as f64, 0.0]);
        // Parts of a sample: deviations around their own means, and of these means around the common one.
        let mut squares = vec![0.0; means.len()];
        for (plane, [mean, deviations]) in planes.iter().enumerate() {
            let group = self.group(plane);
            squares[group] += deviations + self.pixels as f64 * (mean - means[group][0]).powi(2);
        }
        let count = (self.images * self.pixels) as f64;
        let means = means.iter().map(|&[mean, _]| mean as f32);
        means.chain(squares.iter().map(|&s| (s / count) as f32)).collect()
    }

    fn backward(&self, [x]: [&[f32]; 1], _: &[f32], _: [bool; 1]) -> [Vec<f32>; 1] {
        [vec![0.0; x.len()]]
    }
}

/// `(x - mean) * inverse * scale + shift`, where mean and inverse deviation are functions of x: their part of the
/// gradient is `dx = scale * inverse * (dy - mean(dy) - normal * mean(dy * normal))`.
#[derive(Clone, Debug)]
pub struct Normalise {
    /// Layout of the map.
    pub layout: Moments,
    /// [steps, channels].
    pub mean: Arc<Vec<f32>>,
    /// `1 / sqrt(variance + epsilon)`, [steps, channels].
    pub inverse: Arc<Vec<f32>>,
}

impl Operation<3> for Normalise {
    fn forward(&self, [x, scale, shift]: [&[f32]; 3]) -> Vec<f32> {
        let mut y = zeros(x.len());
        let pixels = self.layout.pixels;
        y.par_chunks_mut(pixels).zip(x.par_chunks(pixels)).enumerate().for_each(|(plane, (y, x))| {
            let (group, channel) = (self.layout.group(plane), plane % self.layout.channels);
            let (mean, factor) = (self.mean[group], self.inverse[group] * scale[channel]);
            let shift = shift[channel];
            vectorised(
                #[inline(always)]
                || y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * factor + shift),
            );
        });
        y
    }

    fn backward(&self, [x, scale, _]: [&[f32]; 3], gradient: &[f32], _: [bool; 3]) -> [Vec<f32>; 3] {
        let Moments { images, channels, pixels, .. } = self.layout;
        let planes: Vec<[f64; 2]> = (x.par_chunks(pixels).zip(gradient.par_chunks(pixels)).enumerate())
            .map(|(plane, (x, dy))| {
                let group = self.layout.group(plane);
                let (mean, inverse) = (self.mean[group], self.inverse[group]);
                vectorised(
                    #[inline(always)]
                    || plane_sums(x, dy, mean, inverse),
                )
            })
            .collect();
        let sums = self.layout.gather(&planes, |a, b| [a[0] + b[0], a[1] + b[1]]);
        let count = (images * pixels) as f64;
        let mut dx = zeros(x.len());
        let of_planes = dx.par_chunks_mut(pixels).zip(x.par_chunks(pixels)).zip(gradient.par_chunks(pixels));
        of_planes.enumerate().for_each(|(plane, ((dx, x), dy))| {
            let group = self.layout.group(plane);
            let (mean, inverse) = (self.mean[group], self.inverse[group]);
            let factor = scale[plane % channels] * inverse;
            let [mean_dy, mean_dy_normal] = sums[group].map(|sum| (sum / count) as f32);
            vectorised(
                #[inline(always)]
                || {
                    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                        *dx = factor * (dy - mean_dy - (x - mean) * inverse * mean_dy_normal);
                    }
                },
            );
        });
        let over_steps = |which: usize| {
            (0..channels).map(|c| sums.iter().skip(c).step_by(channels).map(|s| s[which]).sum::<f64>() as f32).collect()
        };
        [dx, over_steps(1), over_steps(0)]
    }
}

/// Mean of a plane, and sum of the squared deviations from it.
#[inline(always)]
fn plane_moments(plane: &[f32]) -> [f64; 2] {
    let mean = sum(plane, |x| x) / plane.len() as f64;
    let middle = mean as f32;
    let deviations = sum(plane, |x| (x - middle) * (x - middle));
    // The mean is rounded to f32 above; what that adds is taken off again.
    [mean, deviations - plane.len() as f64 * (mean - f64::from(middle)).powi(2)]
}

/// Sums of dy and of `dy * (x - mean) * inverse`.
#[inline(always)]
fn plane_sums(x: &[f32], dy: &[f32], mean: f32, inverse: f32) -> [f64; 2] {
    let mut partial = [0.0f32; LANES];
    for (x, dy) in x.chunks(LANES).zip(dy.chunks(LANES)) {
        for ((partial, x), dy) in partial.iter_mut().zip(x).zip(dy) {
            *partial += dy * ((x - mean) * inverse);
        }
    }
    [sum(dy, |dy| dy), partial.iter().map(|&p| f64::from(p)).sum()]
}

#[inline(always)]
fn sum(plane: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    let mut partial = [0.0f32; LANES];
    for part in plane.chunks(LANES) {
        for (partial, &x) in partial.iter_mut().zip(part) {
            *partial += term(x);
        }
    }
    partial.iter().map(|&p| f64::from(p)).sum()
}
