use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

/// Convolution without bias, stride 1, padded to keep the size; `weight`: [outputs, inputs, 1 or 3, 1 or 3].
pub fn convolution(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    conv2d(x, weight, None, ConvOptions::new([1, 1], [padding, padding], [1, 1], 1))
}
