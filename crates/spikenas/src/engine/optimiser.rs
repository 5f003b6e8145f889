use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spikenas_kernels::{Isa, orthogonalised};

use crate::graph::{Graph, Parameter, ParameterKind};
use crate::weights::Tensor;
use crate::{Error, Result};

/// Prefix of the buffers that hold a running mean or sum of gradients.
pub(super) const MOMENTUM: &str = "momentum.";
/// Prefix of the buffers that hold a running mean of squared gradients.
pub(super) const SQUARE: &str = "square.";

/// The state of an optimiser between steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimiserState {
    /// Steps made.
    pub steps: u64,
    /// `momentum.NAME` and `square.NAME` for each parameter; none before the first step.
    pub buffers: BTreeMap<String, Tensor>,
}

impl OptimiserState {
    /// The parameter whose buffer a tensor of this name is, if it is one.
    pub fn parameter(name: &str) -> Option<&str> {
        name.strip_prefix(MOMENTUM).or_else(|| name.strip_prefix(SQUARE))
    }

    /// Whether every buffer is one of the network's, finite. The error names the first that is not.
    pub fn check(&self, graph: &Graph) -> Result<()> {
        let shapes: BTreeMap<String, Vec<usize>> =
            graph.parameters().into_iter().filter(|p| p.kind.is_trainable()).map(|p| (p.name, p.shape)).collect();
        let fits = |(key, buffer): (&String, &Tensor)| {
            OptimiserState::parameter(key).and_then(|name| shapes.get(name)) == Some(&buffer.shape)
                && buffer.values.len() == buffer.shape.iter().product::<usize>()
                && buffer.values.iter().all(|v| v.is_finite())
        };
        match self.buffers.iter().find(|&buffer| !fits(buffer)) {
            Some((key, _)) => Err(Error::invalid(format!("`{key}` does not fit the network: train from the start"))),
            None => Ok(()),
        }
    }
}

/// How a step follows from a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Stochastic gradient descent with momentum, as PyTorch's: `m = momentum * m + g` (the first `m` is `g`);
    /// `w -= rate * m`.
    Sgd {
        /// Momentum: the part of the buffer that is kept at each step.
        momentum: f64,
    },
    /// Adam (Kingma and Ba 2015), as PyTorch's: `m = 0.9 m + 0.1 g; s = 0.999 s + 0.001 g^2`;
    /// `w -= rate * (m / (1 - 0.9^t)) / (sqrt(s / (1 - 0.999^t)) + 1e-8)`.
    Adam,
    /// AdamW (Loshchilov and Hutter 2019), as PyTorch's: Adam on the gradient alone, after `w -= rate * decay * w`.
    AdamW,
    /// Muon (Jordan et al. 2024) for the weights of convolutions and linear layers, [`Rule::AdamW`] for the rest. As PyTorch's with
    /// `match_rms_adamw`: `m = momentum * m + (1 - momentum) * g; u = momentum * m + (1 - momentum) * g`; after `w -= rate * decay * w`,
    /// `w -= rate * 0.2 * sqrt(longer side) * orthogonalised(u)`, `u` being a matrix `[outputs, the rest]`.
    Muon {
        /// Momentum: the part of the buffer that is kept at each step.
        momentum: f64,
    },
}

/// The parameters that weight decay holds for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decayed {
    /// All.
    #[default]
    All,
    /// The weights of convolutions and linear layers: neither batch norms nor biases (Goyal et al. 2017).
    Weights,
}

/// Updates every trainable parameter by its gradient with weight decay, `g = gradient + decay * w` but for AdamW and Muon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimiser {
    /// How a step follows from a gradient.
    pub rule: Rule,
    /// Weight decay.
    pub weight_decay: f64,
    /// What it holds for.
    pub decayed: Decayed,
}

/// Adam's decay rates.
pub(super) const BETAS: [f64; 2] = [0.9, 0.999];
/// Added to Adam's divisor.
pub(super) const EPSILON: f64 = 1e-8;

/// Rows and columns of the matrix as which Muon sees the weights of a layer: outputs, and all else.
pub(super) fn matrix(shape: &[usize]) -> [usize; 2] {
    [shape[0], shape[1..].iter().product()]
}

/// What Muon multiplies an orthogonalised matrix `[rows, columns]` with, so that its root mean square is about that of a step
/// of AdamW (Liu et al. 2025).
pub(super) fn muon_scale(rows: usize, columns: usize) -> f64 {
    0.2 * (rows.max(columns) as f64).sqrt()
}

impl Optimiser {
    /// Stochastic gradient descent with momentum.
    pub fn sgd(momentum: f64, weight_decay: f64) -> Self {
        Self { rule: Rule::Sgd { momentum }, weight_decay, decayed: Decayed::All }
    }

    /// Adam.
    pub fn adam(weight_decay: f64) -> Self {
        Self { rule: Rule::Adam, weight_decay, decayed: Decayed::All }
    }

    /// AdamW.
    pub fn adamw(weight_decay: f64) -> Self {
        Self { rule: Rule::AdamW, weight_decay, decayed: Decayed::All }
    }

    /// Muon.
    pub fn muon(momentum: f64, weight_decay: f64) -> Self {
        Self { rule: Rule::Muon { momentum }, weight_decay, decayed: Decayed::All }
    }

    /// The rule that a kind of parameters follows.
    pub(super) fn rule_of(&self, kind: ParameterKind) -> Rule {
        match self.rule {
            Rule::Muon { .. } if kind != ParameterKind::Weight => Rule::AdamW,
            rule => rule,
        }
    }

    /// Weight decay of a kind of parameters.
    pub(super) fn decay_of(&self, kind: ParameterKind) -> f64 {
        match self.decayed {
            Decayed::Weights if kind != ParameterKind::Weight => 0.0,
            Decayed::Weights | Decayed::All => self.weight_decay,
        }
    }

    /// Updates one parameter, in f32; without a gradient, by one of zeros. `state.steps` counts the current step.
    pub(crate) fn step(
        &self,
        state: &mut OptimiserState,
        Parameter { name, kind, .. }: &Parameter,
        weights: &mut Tensor,
        gradient: Option<&[f32]>,
        learning_rate: f64,
    ) {
        let (rate, decay, count) = (learning_rate as f32, self.decay_of(*kind) as f32, weights.values.len());
        let mut zeros = Vec::new();
        let gradient = gradient.unwrap_or_else(|| {
            zeros.resize(count, 0.0);
            &zeros
        });
        match self.rule_of(*kind) {
            Rule::Sgd { momentum } => {
                let (momentum, is_first) = (momentum as f32, state.steps == 1);
                let buffer = state.buffer(MOMENTUM, name, &weights.shape);
                for ((weight, gradient), sum) in weights.values.iter_mut().zip(gradient).zip(buffer) {
                    let gradient = gradient + decay * *weight;
                    *sum = if is_first { gradient } else { momentum * *sum + gradient };
                    *weight -= rate * *sum;
                }
            }
            Rule::Muon { momentum } => {
                let moved = |mean: f32, gradient: f32| momentum as f32 * mean + (1.0 - momentum as f32) * gradient;
                let means = state.buffer(MOMENTUM, name, &weights.shape);
                let moving = means.iter_mut().zip(gradient).map(|(mean, &gradient)| {
                    *mean = moved(*mean, gradient);
                    moved(*mean, gradient)
                });
                let ([rows, columns], update) = (matrix(&weights.shape), moving.collect::<Vec<f32>>());
                let (kept, step) = (1.0 - rate * decay, rate * muon_scale(rows, columns) as f32);
                for (weight, update) in
                    weights.values.iter_mut().zip(orthogonalised(Isa::best(), &update, rows, columns))
                {
                    *weight = kept * *weight - step * update;
                }
            }
            rule @ (Rule::Adam | Rule::AdamW) => {
                // Of the gradient's decay and the weight's, one.
                let (decay, kept) = if rule == Rule::AdamW { (0.0, 1.0 - rate * decay) } else { (decay, 1.0) };
                let steps = state.steps as f64;
                let unbias = BETAS.map(|beta| (1.0 / (1.0 - beta.powf(steps))) as f32);
                let mut means = std::mem::take(state.buffer(MOMENTUM, name, &weights.shape));
                let squares = state.buffer(SQUARE, name, &weights.shape);
                let [first, second] = BETAS.map(|beta| beta as f32);
                for (((weight, gradient), mean), square) in
                    weights.values.iter_mut().zip(gradient).zip(&mut means).zip(squares)
                {
                    let gradient = gradient + decay * *weight;
                    *mean = first * *mean + (1.0 - first) * gradient;
                    *square = second * *square + (1.0 - second) * gradient * gradient;
                    *weight =
                        kept * *weight - rate * (*mean * unbias[0]) / ((*square * unbias[1]).sqrt() + EPSILON as f32);
                }
                *state.buffer(MOMENTUM, name, &weights.shape) = means;
            }
        }
    }
}

impl OptimiserState {
    /// A buffer's values, zeros where there were none.
    fn buffer(&mut self, prefix: &str, name: &str, shape: &[usize]) -> &mut Vec<f32> {
        let zeros = || Tensor { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] };
        &mut self.buffers.entry(format!("{prefix}{name}")).or_insert_with(zeros).values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(kind: ParameterKind) -> Parameter {
        Parameter { name: "classifier.3.bias".into(), shape: vec![3], kind }
    }

    /// The weight after each step with a gradient, from 2; after the first, the state goes through a copy.
    fn run(optimiser: Optimiser, gradients: [f32; 2]) -> [f32; 2] {
        let (mut state, mut weights) = (OptimiserState::default(), Tensor { shape: vec![3], values: vec![2.0; 3] });
        gradients.map(|gradient| {
            state = OptimiserState { steps: state.steps + 1, ..state.clone() };
            optimiser.step(&mut state, &parameter(ParameterKind::Bias), &mut weights, Some(&[gradient; 3]), 0.1);
            weights.values[2]
        })
    }

    #[test]
    fn momentum_and_decay_follow_the_formula() {
        let [first, second] = run(Optimiser::sgd(0.5, 0.25), [1.0, -1.0]);
        // g = 1 + 0.25 * 2 = 1.5; buffer = 1.5; w = 2 - 0.15.
        assert!((first - 1.85).abs() < 1e-6);
        // g = -1 + 0.25 * 1.85 = -0.5375; buffer = 0.75 - 0.5375 = 0.2125; w = 1.85 - 0.02125.
        assert!((second - 1.82875).abs() < 1e-6);
    }

    #[test]
    fn adam_follows_the_formula() {
        let [first, second] = run(Optimiser::adam(0.0), [3.0, -1.0]);
        // The first step is the learning rate, whatever the gradient.
        assert!((first - 1.9).abs() < 1e-6);
        // m = 0.9 * 0.3 - 0.1 = 0.17, / 0.19; s = 0.999 * 0.009 + 0.001 = 0.009991, / 0.001999.
        let expected = 1.9 - 0.1 * (0.17 / 0.19) / (0.009_991_f64 / 0.001_999).sqrt();
        assert!((f64::from(second) - expected).abs() < 1e-6);
    }

    #[test]
    fn a_parameter_without_a_gradient_decays() {
        let (mut state, mut weights) =
            (OptimiserState { steps: 1, ..Default::default() }, Tensor { shape: vec![1], values: vec![2.0] });
        let bias = parameter(ParameterKind::Bias);
        Optimiser::sgd(0.9, 0.25).step(&mut state, &bias, &mut weights, None, 0.1);
        assert!((weights.values[0] - 1.95).abs() < 1e-6);
    }

    #[test]
    fn adamw_decays_beside_the_gradient() {
        let [first, second] = run(Optimiser::adamw(0.5), [3.0, -1.0]);
        // 2 - 0.1 * 0.5 * 2, and Adam's first step.
        assert!((first - 1.8).abs() < 1e-6);
        let step = 0.1 * (0.17 / 0.19) / (0.009_991_f64 / 0.001_999).sqrt();
        assert!((f64::from(second) - (1.8 * 0.95 - step)).abs() < 1e-6);
    }

    #[test]
    fn muon_turns_the_momentum_of_a_matrix_into_an_orthogonal_one() {
        let weight = Parameter { name: "classifier.1.weight".into(), shape: vec![1, 2], kind: ParameterKind::Weight };
        let (mut state, mut weights) =
            (OptimiserState { steps: 1, ..Default::default() }, Tensor { shape: vec![1, 2], values: vec![2.0; 2] });
        let optimiser = Optimiser::muon(0.5, 0.25);
        optimiser.step(&mut state, &weight, &mut weights, Some(&[3.0, -4.0]), 0.1);
        // m = 0.5 g, and the update 0.75 g, of which the direction counts alone: its singular value, 1, goes through the steps.
        let length = (0..5).fold(1.0f64, |s, _| 3.4445 * s - 4.775 * s.powi(3) + 2.0315 * s.powi(5));
        for (found, direction) in weights.values.iter().zip([0.6, -0.8]) {
            let expected = 2.0 - 0.1 * 0.25 * 2.0 - 0.1 * 0.2 * 2.0f64.sqrt() * length * direction;
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} for {expected}");
        }
        assert_eq!(state.buffers["momentum.classifier.1.weight"].values, [1.5, -2.0]);
    }

    #[test]
    fn muon_leaves_what_is_no_matrix_to_adamw() {
        assert_eq!(run(Optimiser::muon(0.9, 0.5), [3.0, -1.0]), run(Optimiser::adamw(0.5), [3.0, -1.0]));
    }

    #[test]
    fn decay_may_spare_batch_norms_and_biases() {
        let decayed = |kind| {
            let (mut state, mut weights) =
                (OptimiserState { steps: 1, ..Default::default() }, Tensor { shape: vec![1], values: vec![2.0] });
            let optimiser = Optimiser { decayed: Decayed::Weights, ..Optimiser::sgd(0.9, 0.25) };
            optimiser.step(&mut state, &parameter(kind), &mut weights, None, 0.1);
            weights.values[0] < 2.0
        };
        use ParameterKind::{Bias, Scale, Shift, Weight};
        assert_eq!([Weight, Bias, Scale, Shift].map(decayed), [true, false, false, false]);
    }
}
