use std::f32::consts::FRAC_PI_2;

use burn::tensor::Tensor;

/// Sharpness of the surrogate.
const ALPHA: f32 = 2.0;

/// Leaky integrate-and-fire neurons over time: [steps or 1, neurons] -> spikes [steps, neurons].
///
/// `h = v + (x - v) / tau; spike = h >= threshold; v = (1 - spike) * h`, from `v = 0`. An input of one step is shown at
/// every timestep. Backwards, a spike counts as ATan of h,
/// `d spike / d h = (alpha / 2) / (1 + (pi / 2 * alpha * (h - threshold))^2)` with alpha 2, and the reset as a constant.
pub fn lif(x: Tensor<2>, steps: usize, tau: f32, threshold: f32) -> Tensor<2> {
    let [held, neurons] = x.dims();
    let mut membrane = Tensor::zeros([1, neurons], &x.device());
    let spikes = (0..steps).map(|t| {
        let x = x.clone().narrow(0, t.min(held - 1), 1);
        let h = membrane.clone() + (x - membrane.clone()) / tau;
        let spike = h.clone().detach().greater_equal_scalar(threshold).float();
        membrane = (1.0 - spike.clone()) * h.clone();
        // Its value is the spike's, its gradient the surrogate's.
        let soft = ((h - threshold) * (FRAC_PI_2 * ALPHA)).atan() / std::f32::consts::PI;
        spike + (soft.clone() - soft.detach())
    });
    Tensor::cat(spikes.collect(), 0)
}
