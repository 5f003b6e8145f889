use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::engine::optimiser::{BETAS, EPSILON, MOMENTUM, Optimiser, Rule, SQUARE};

/// The update of a parameter at a learning rate of 1, see [`Rule`]; `decay` is its weight decay times it, and `steps` counts the
/// current step.
pub fn change(
    optimiser: &Optimiser,
    buffers: &mut BTreeMap<String, Tensor<1>>,
    steps: u64,
    name: &str,
    gradient: Option<Tensor<1>>,
    decay: Tensor<1>,
) -> Tensor<1> {
    let gradient = gradient.unwrap_or_else(|| decay.zeros_like());
    let (gradient, decay) = match optimiser.rule {
        Rule::AdamW => (gradient, Some(decay)),
        Rule::Sgd { .. } | Rule::Adam => (gradient + decay, None),
    };
    let mut remember = |prefix: &str, new: &dyn Fn(Option<Tensor<1>>) -> Tensor<1>| {
        let key = format!("{prefix}{name}");
        let buffer = new(buffers.remove(&key));
        buffers.insert(key, buffer.clone());
        buffer
    };
    match optimiser.rule {
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
            let step = first / (second.sqrt() + EPSILON);
            decay.map_or(step.clone(), |decay| step + decay)
        }
    }
}
