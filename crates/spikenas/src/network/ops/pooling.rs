use burn::tensor::Tensor;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;

/// Means of squares of `side` pixels that do not overlap.
pub fn average_pool(x: Tensor<4>, side: usize) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions::new([side, side]))
}

/// Mean of the 3x3 pixels around each one, those outside counted as zeros.
pub fn smooth(x: Tensor<4>) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions { stride: [1, 1], padding: [(1, 1); 2], ..AvgPoolOptions::new([3, 3]) })
}
