//! Operations written for the CPU: plain Rust on slices, forwards and backwards, as one node of the gradient graph.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Float, Tensor, TensorData};
use rayon::prelude::*;

/// An operation of `N` flat inputs and one flat output. Shapes and constants are its own fields.
pub trait Operation<const N: usize>: Clone + Debug + Send + Sync + 'static {
    /// The output.
    fn forward(&self, inputs: [&[f32]; N]) -> Vec<f32>;

    /// The gradients of the inputs, given that of the output; those that are not wanted may stay empty.
    fn backward(&self, inputs: [&[f32]; N], gradient: &[f32], wanted: [bool; N]) -> [Vec<f32>; N];
}

/// Runs an operation, recorded if an input is. None if the inputs are not on the CPU.
pub fn apply<const N: usize, O: Operation<N>>(operation: O, inputs: [Tensor<1>; N]) -> Option<Tensor<1>> {
    if !inputs.iter().any(Tensor::is_autodiff) {
        let inputs = primitives(inputs.map(|input| input.try_into_primitive::<Flex>().ok()))?;
        return Some(Tensor::from_primitive::<Flex>(run(&operation, &inputs)));
    }
    let inputs = inputs.map(|input| input.autodiff().try_into_primitive::<Autodiff<Flex>>().ok());
    let inputs = primitives(inputs)?;
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| flat(input.into_primitive()));
    let output = run(&operation, &inputs);
    let output = match Recorded(operation).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(preparation) => preparation.finish(inputs, output),
        OpsKind::UnTracked(preparation) => preparation.finish(output),
    };
    Some(Tensor::<1, Float>::from_primitive::<Autodiff<Flex>>(output))
}

/// So many zeros, written by all threads: a map of them is larger than any cache.
pub fn zeros(count: usize) -> Vec<f32> {
    const PAGE: usize = 1024;
    let mut pages = Vec::new();
    rayon::iter::repeat_n([0.0; PAGE], count.div_ceil(PAGE)).collect_into_vec(&mut pages);
    let mut values = pages.into_flattened();
    values.truncate(count);
    values
}

/// All of them, or none.
fn primitives<T: Debug, const N: usize>(found: [Option<T>; N]) -> Option<[T; N]> {
    let all: Option<Vec<T>> = found.into_iter().collect();
    all?.try_into().ok()
}

fn run<const N: usize, O: Operation<N>>(operation: &O, inputs: &[FlexTensor; N]) -> FlexTensor {
    let inputs = inputs.each_ref().map(|input| flat(input.clone()));
    from_values(operation.forward(inputs.each_ref().map(values)))
}

/// The tensor with its elements in order.
fn flat(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The elements of a [`flat`] tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
    &tensor.storage::<f32>()[start..end]
}

fn from_values(values: Vec<f32>) -> FlexTensor {
    let shape = [values.len()];
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// An operation in the gradient graph; its inputs are kept for the way back.
#[derive(Debug)]
struct Recorded<O>(O);

impl<const N: usize, O: Operation<N>> Backward<Flex, N> for Recorded<O> {
    type State = [FlexTensor; N];

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = flat(gradients.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = self.0.backward(ops.state.each_ref().map(values), values(&gradient), wanted);
        for (parent, found) in ops.parents.into_iter().zip(found) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, from_values(found));
            }
        }
    }
}
