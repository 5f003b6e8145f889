//! What tests of an operation need: two forms of it must agree, forwards and backwards.

use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use crate::random::generator;

/// A tensor that wants a gradient, uniform in -scale..scale; equal calls give equal tensors.
pub fn tensor<const D: usize>(shape: [usize; D], scale: f32) -> Tensor<D> {
    let key: Vec<u64> = shape.iter().map(|&n| n as u64).chain([u64::from(scale.to_bits())]).collect();
    let mut rng = generator(&key);
    let values = (0..shape.iter().product()).map(|_| rng.random_range(-scale..scale)).collect::<Vec<f32>>();
    let device = crate::network::device("cpu").unwrap();
    Tensor::from_data(TensorData::new(values, shape), &device).require_grad()
}

/// The gradient of the sum of an output.
pub fn gradient<const D: usize, const E: usize>(output: Tensor<D>, input: &Tensor<E>) -> Tensor<E> {
    input.grad(&output.sum().backward()).unwrap()
}

/// Panics if two tensors differ by more than a fraction of the largest element.
pub fn assert_close<const D: usize>(a: Tensor<D>, b: Tensor<D>, tolerance: f32) {
    assert_eq!(a.dims(), b.dims());
    let [a, b] = [a, b].map(|t| t.into_data().iter::<f32>().collect::<Vec<_>>());
    let largest = b.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "element {i}: {a} is not {b}");
    }
}
