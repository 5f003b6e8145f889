use burn::tensor::Tensor;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;

use super::cpu::apply;
use super::pooling_cpu::{AveragePool, Smooth};

/// Means of squares of `side` pixels that do not overlap; both sides of the map must be multiples of `side`.
pub fn average_pool(x: Tensor<4>, side: usize) -> Tensor<4> {
    let [count, channels, height, width] = x.dims();
    match apply(AveragePool { height, width, side }, [x.clone().flatten(0, 3)]) {
        Some(y) => y.reshape([count, channels, height / side, width / side]),
        None => composed_average_pool(x, side),
    }
}

/// Mean of the 3x3 pixels around each one, those outside counted as zeros.
pub fn smooth(x: Tensor<4>) -> Tensor<4> {
    let dims @ [_, _, height, width] = x.dims();
    match apply(Smooth { height, width }, [x.clone().flatten(0, 3)]) {
        Some(y) => y.reshape(dims),
        None => composed_smooth(x),
    }
}

fn composed_average_pool(x: Tensor<4>, side: usize) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions::new([side, side]))
}

fn composed_smooth(x: Tensor<4>) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions { stride: [1, 1], padding: [(1, 1); 2], ..AvgPoolOptions::new([3, 3]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ops::agreement::{assert_close, gradient, tensor};

    #[test]
    fn pooling_agrees_with_the_composed_form_forwards_and_backwards() {
        for shape in [[2, 3, 8, 4], [1, 1, 4, 4], [2, 1, 12, 20]] {
            let x = tensor(shape, 1.0);
            let [count, channels, height, width] = shape;
            for side in [1, 2, 4] {
                let factors = tensor([count, channels, height / side, width / side], 2.0).detach();
                let [fast, slow] = [average_pool(x.clone(), side), composed_average_pool(x.clone(), side)];
                assert_close(fast.clone(), slow.clone(), 1e-6);
                assert_close(gradient(fast * factors.clone(), &x), gradient(slow * factors, &x), 1e-6);
            }
        }
    }

    #[test]
    fn smoothing_agrees_with_the_composed_form_forwards_and_backwards() {
        for shape in [[2, 3, 5, 7], [1, 1, 1, 1], [1, 2, 1, 4], [1, 2, 4, 1], [3, 2, 16, 16]] {
            let (x, factors) = (tensor(shape, 1.0), tensor(shape, 2.0).detach());
            let [fast, slow] = [smooth(x.clone()), composed_smooth(x.clone())];
            assert_close(fast.clone(), slow.clone(), 1e-6);
            assert_close(gradient(fast * factors.clone(), &x), gradient(slow * factors, &x), 1e-6);
        }
    }
}
