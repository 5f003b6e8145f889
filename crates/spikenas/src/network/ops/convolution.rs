use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use spikenas_kernels::{ConvolutionMaps, Isa, Layout, PackedKernel, Planes, Spikes, convolve_spikes, weight_gradient};

use super::convolution_cpu::DirectConvolution;
use super::cpu::{Operation, apply, zeros};

/// Convolution without bias, stride 1, padded to keep the size; `weight`: [outputs, inputs, side, side], side 1 or 3.
pub fn convolution(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    fast(&x, &weight, |shape| shape).unwrap_or_else(|| composed(x, weight))
}

/// [`convolution`] of an operation that every device has.
fn composed(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    conv2d(x, weight, None, ConvOptions::new([1, 1], [padding, padding], [1, 1], 1))
}

/// [`convolution`] of spikes, 0 or 1, at `steps` timesteps, the timestep outermost.
pub fn convolution_of_spikes(spikes: Tensor<4>, steps: usize, weight: Tensor<4>) -> Tensor<4> {
    let event_driven = |shape| EventDriven { direct: shape, steps };
    fast(&spikes, &weight, event_driven).unwrap_or_else(|| composed(spikes, weight))
}

/// [`convolution`] by an operation on the CPU; none on other devices.
fn fast<O: Operation<2>>(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    operation: impl FnOnce(DirectConvolution) -> O,
) -> Option<Tensor<4>> {
    let ([images, inputs, height, width], [outputs, _, side, _]) = (x.dims(), weight.dims());
    let shape = DirectConvolution { inputs, outputs, height, width, side };
    let y = apply(operation(shape), [x.clone().flatten(0, 3), weight.clone().flatten(0, 3)])?;
    Some(y.reshape([images, outputs, height, width]))
}

/// A convolution that looks at spikes alone, forwards and for the gradient of the weights; that of the spikes is dense.
#[derive(Clone, Copy, Debug)]
struct EventDriven {
    direct: DirectConvolution,
    steps: usize,
}

impl Operation<2> for EventDriven {
    fn forward(&self, [x, weight]: [&[f32]; 2]) -> Vec<f32> {
        let DirectConvolution { inputs, outputs, height, width, side } = self.direct;
        let count = x.len() / (inputs * height * width);
        let spikes = Spikes::from_planes(count, inputs, height * width, x);
        let kernel = PackedKernel::new(Isa::best(), outputs, inputs, side, weight);
        let maps =
            ConvolutionMaps { layout: Layout::Planes, ..ConvolutionMaps::new(count / self.steps, height, width) };
        let mut y = zeros(count * outputs * height * width);
        convolve_spikes(&spikes, maps, &kernel, &mut y);
        y
    }

    fn backward(&self, [x, weight]: [&[f32]; 2], gradient: &[f32], wanted: [bool; 2]) -> [Vec<f32>; 2] {
        let DirectConvolution { inputs, outputs, height, width, side } = self.direct;
        let planes = Planes { inputs, outputs, height, width, side };
        let [of_spikes, _] = self.direct.backward([x, weight], gradient, [wanted[0], false]);
        let of_weight = if wanted[1] { weight_gradient(Isa::best(), planes, x, gradient) } else { vec![] };
        [of_spikes, of_weight]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ops::agreement::{assert_close, tensor};

    #[test]
    fn direct_form_agrees_with_the_composed_one_forwards_and_backwards() {
        for (side, inputs, outputs, [height, width]) in [
            (3, 3, 16, [32, 32]),
            (3, 5, 7, [4, 33]),
            (3, 8, 6, [16, 16]),
            (1, 5, 3, [3, 20]),
            (3, 1, 1, [1, 1]),
            (1, 4, 8, [8, 8]),
        ] {
            let x = tensor([9, inputs, height, width], 1.0);
            let weight = tensor([outputs, inputs, side, side], 1.0);
            let factors = tensor([9, outputs, height, width], 2.0).detach();
            let (fast, slow) = (fast(&x, &weight, |shape| shape).unwrap(), composed(x.clone(), weight.clone()));
            assert_close(fast.clone(), slow.clone(), 1e-6);
            let [fast, slow] = [fast, slow].map(|y| (y * factors.clone()).sum().backward());
            assert_close(x.grad(&fast).unwrap(), x.grad(&slow).unwrap(), 1e-6);
            assert_close(weight.grad(&fast).unwrap(), weight.grad(&slow).unwrap(), 1e-5);
        }
    }

    #[test]
    fn event_driven_form_agrees_with_the_composed_one_forwards_and_backwards() {
        for (side, inputs, outputs, [height, width]) in
            [(3, 16, 32, [16, 16]), (3, 5, 7, [4, 9]), (1, 70, 3, [3, 5]), (3, 2, 40, [1, 1])]
        {
            let fires = tensor([4 * 3, inputs, height, width], 1.0).greater_equal_scalar(0.6);
            let x = fires.float().autodiff().require_grad();
            let weight = tensor([outputs, inputs, side, side], 1.0);
            let factors = tensor([4 * 3, outputs, height, width], 2.0).detach();
            let event_driven = |shape| EventDriven { direct: shape, steps: 4 };
            let (fast, slow) = (fast(&x, &weight, event_driven).unwrap(), composed(x.clone(), weight.clone()));
            assert_close(fast.clone(), slow.clone(), 1e-5);
            let [fast, slow] = [fast, slow].map(|y| (y * factors.clone()).sum().backward());
            assert_close(x.grad(&fast).unwrap(), x.grad(&slow).unwrap(), 1e-6);
            assert_close(weight.grad(&fast).unwrap(), weight.grad(&slow).unwrap(), 1e-5);
        }
    }
}
