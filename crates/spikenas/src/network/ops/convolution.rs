use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::convolution_cpu::DirectConvolution;
use super::cpu::apply;

/// Convolution without bias, stride 1, padded to keep the size; `weight`: [outputs, inputs, side, side], side 1 or 3.
pub fn convolution(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    fast(&x, &weight).unwrap_or_else(|| composed(x, weight))
}

/// [`convolution`] of an operation that every device has.
fn composed(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    conv2d(x, weight, None, ConvOptions::new([1, 1], [padding, padding], [1, 1], 1))
}

/// [`convolution`] on the CPU; none on other devices.
fn fast(x: &Tensor<4>, weight: &Tensor<4>) -> Option<Tensor<4>> {
    let ([images, inputs, height, width], [outputs, _, side, _]) = (x.dims(), weight.dims());
    let direct = DirectConvolution { inputs, outputs, height, width, side };
    let y = apply(direct, [x.clone().flatten(0, 3), weight.clone().flatten(0, 3)])?;
    Some(y.reshape([images, outputs, height, width]))
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
            let (fast, slow) = (fast(&x, &weight).unwrap(), composed(x.clone(), weight.clone()));
            assert_close(fast.clone(), slow.clone(), 1e-6);
            let [fast, slow] = [fast, slow].map(|y| (y * factors.clone()).sum().backward());
            assert_close(x.grad(&fast).unwrap(), x.grad(&slow).unwrap(), 1e-6);
            assert_close(weight.grad(&fast).unwrap(), weight.grad(&slow).unwrap(), 1e-5);
        }
    }
}
