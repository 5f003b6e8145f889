use burn::tensor::Tensor;
use rayon::prelude::*;

use super::cpu::{Operation, apply};

/// Numbers that a thread takes at a time.
const CHUNK: usize = 1 << 14;

/// Sum of [steps, size] and [steps or 1, size]; what has one step is added to every step.
pub fn sum(long: Tensor<2>, short: Tensor<2>) -> Tensor<2> {
    let dims = long.dims();
    if dims == short.dims() {
        // Burn passes the gradient on as it is; a node of our own would copy it.
        return long + short;
    }
    let flat = [long.clone(), short.clone()].map(|t| t.flatten(0, 1));
    apply(Sum, flat).map_or_else(|| long + short, |y| y.reshape(dims))
}

/// [`sum`] on the CPU.
#[derive(Clone, Copy, Debug)]
struct Sum;

impl Operation<2> for Sum {
    fn forward(&self, [long, short]: [&[f32]; 2]) -> Vec<f32> {
        let mut y = long.to_vec();
        for y in y.chunks_mut(short.len().max(1)) {
            add(y, short);
        }
        y
    }

    fn backward(&self, [_, short]: [&[f32]; 2], gradient: &[f32], [_, wanted]: [bool; 2]) -> [Vec<f32>; 2] {
        let mut of_short = Vec::new();
        if wanted {
            let mut steps = gradient.chunks(short.len().max(1));
            of_short = steps.next().unwrap_or_default().to_vec();
            steps.for_each(|step| add(&mut of_short, step));
        }
        [gradient.to_vec(), of_short]
    }
}

fn add(y: &mut [f32], x: &[f32]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| y.iter_mut().zip(x).for_each(|(y, x)| *y += x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ops::agreement::{assert_close, gradient, tensor};

    #[test]
    fn one_step_is_added_to_all_and_gets_the_gradients_of_all() {
        for steps in [1, 5] {
            let (long, short) = (tensor([5, CHUNK + 1], 1.0), tensor([steps, CHUNK + 1], 2.0));
            let factors = tensor([5, CHUNK + 1], 3.0).detach();
            let (fast, slow) = (sum(long.clone(), short.clone()), long.clone() + short.clone());
            assert_close(fast.clone(), slow.clone(), 0.0);
            let of = |y: Tensor<2>, input: &Tensor<2>| gradient(y * factors.clone(), input);
            assert_close(of(sum(long.clone(), short.clone()), &short), of(slow, &short), 1e-6);
            assert_close(of(fast, &long), factors.clone(), 0.0);
        }
    }
}
