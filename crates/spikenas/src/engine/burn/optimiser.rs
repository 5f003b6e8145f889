use std::collections::BTreeMap;

use burn::tensor::Tensor;
use spikenas_kernels::{NEWTON_SCHULZ, NEWTON_SCHULZ_STEPS};

use crate::engine::optimiser::{BETAS, EPSILON, MOMENTUM, Optimiser, Rule, SQUARE, matrix, muon_scale};
use crate::graph::Parameter;

/// The update of a parameter at a learning rate of 1, see [`Rule`]; `decay` is its weight decay times it, and `steps` counts the
/// current step.
pub fn change(
    optimiser: &Optimiser,
    buffers: &mut BTreeMap<String, Tensor<1>>,
    steps: u64,
    Parameter { name, kind, shape }: &Parameter,
    gradient: Option<Tensor<1>>,
    decay: Tensor<1>,
) -> Tensor<1> {
    let gradient = gradient.unwrap_or_else(|| decay.zeros_like());
    let rule = optimiser.rule_of(*kind);
    let (gradient, decay) = match rule {
        Rule::AdamW | Rule::Muon { .. } => (gradient, Some(decay)),
        Rule::Sgd { .. } | Rule::Adam => (gradient + decay, None),
    };
    let mut remember = |prefix: &str, new: &dyn Fn(Option<Tensor<1>>) -> Tensor<1>| {
        let key = format!("{prefix}{name}");
        let buffer = new(buffers.remove(&key));
        buffers.insert(key, buffer.clone());
        buffer
    };
    let step = match rule {
        Rule::Sgd { momentum } => remember(MOMENTUM, &|sum| match sum {
            Some(sum) => sum * momentum + gradient.clone(),
            None => gradient.clone(),
        }),
        Rule::Adam | Rule::AdamW => {
            let mut mean = |prefix: &str, beta: f64, new: Tensor<1>| {
                let mean = remember(prefix, &|old| match old {
                    Some(old) => old * beta + new.clone() * (1.0 - beta),
                    None => new.clone() * (1.0 - beta),
                });
                mean / (1.0 - beta.powf(steps as f64))
            };
            let first = mean(MOMENTUM, BETAS[0], gradient.clone());
            let second = mean(SQUARE, BETAS[1], gradient.clone() * gradient.clone());
            first / (second.sqrt() + EPSILON)
        }
        Rule::Muon { momentum } => {
            let moved = |mean: Tensor<1>| mean * momentum + gradient.clone() * (1.0 - momentum);
            let mean = remember(MOMENTUM, &|old| moved(old.unwrap_or_else(|| gradient.zeros_like())));
            let [rows, columns] = matrix(shape);
            let step = orthogonalised(moved(mean).reshape([rows, columns])).reshape([rows * columns]);
            step * muon_scale(rows, columns)
        }
    };
    match decay {
        Some(decay) => step + decay,
        None => step,
    }
}

/// See [`spikenas_kernels::orthogonalised`].
fn orthogonalised(matrix: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    if rows > columns {
        return orthogonalised(matrix.transpose()).transpose();
    }
    let norm = (matrix.clone() * matrix.clone()).sum().sqrt() + 1e-7;
    let [a, b, c] = NEWTON_SCHULZ;
    (0..NEWTON_SCHULZ_STEPS).fold(matrix / norm.reshape([1, 1]), |x, _| {
        let gram = x.clone().matmul(x.clone().transpose());
        let powers = gram.clone() * b + gram.clone().matmul(gram) * c;
        x.clone() * a + powers.matmul(x)
    })
}
