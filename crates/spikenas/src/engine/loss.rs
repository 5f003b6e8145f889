use serde::{Deserialize, Serialize};

/// Which logits a training's loss reads; the prediction is that of the mean in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// The mean of the logits over the timesteps.
    #[default]
    Mean,
    /// The logits of every timestep; the loss is the mean of theirs (temporal efficient training, Deng et al. 2022, Eq. 9).
    Timestep,
}

/// Mean cross entropy of logits, `[images, classes]`, with the images' classes, and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The mean.
    pub value: f64,
    /// Gradient of the logits, `[images, classes]`.
    pub gradient: Vec<f32>,
}

impl Loss {
    /// `smoothing` is the part of each target that is spread evenly over all classes, as PyTorch's `label_smoothing`.
    ///
    /// There are as many labels as images, each below the number of classes.
    pub fn new(logits: &[f32], labels: &[usize], smoothing: f64) -> Self {
        let (images, classes) = (labels.len().max(1) as f64, logits.len() / labels.len().max(1));
        let even = smoothing / classes.max(1) as f64;
        let (mut value, mut gradient) = (0.0, Vec::with_capacity(logits.len()));
        for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
            let normaliser = log_sum_exp(row);
            for (class, &logit) in row.iter().enumerate() {
                let target = even + if class == label { 1.0 - smoothing } else { 0.0 };
                let log_probability = f64::from(logit) - normaliser;
                value -= target * log_probability;
                gradient.push(((log_probability.exp() - target) / images) as f32);
            }
        }
        Self { value: value / images, gradient }
    }
}

/// `log(sum(exp(logits))) - logits[label]`, in f64.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    log_sum_exp(logits) - f64::from(logits[label])
}

fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&l| f64::from(l - largest).exp()).sum();
    sum.ln() + f64::from(largest)
}

/// The share of the votes for each class, a part of 1: the softmax of the logits, in f64.
///
/// Logits that are not finite have no shares: the result is not finite either.
pub fn shares(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&logit| (f64::from(logit) - f64::from(largest)).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The class with the highest logit, the first of equal ones.
pub fn predicted(logits: &[f32]) -> usize {
    logits.iter().enumerate().fold(0, |best, (class, &logit)| if logit > logits[best] { class } else { best })
}

/// Number of images, of logits `[images, classes]`, whose predicted class is their label.
pub fn count_correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits.len() / labels.len().max(1);
    logits.chunks_exact(classes.max(1)).zip(labels).filter(|(row, label)| predicted(row) == **label).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        assert!((Loss::new(&[0.0; 12], &[0, 3, 1], 0.0).value - 4f64.ln()).abs() < 1e-12);
        assert!((cross_entropy(&[0.0; 4], 2) - 4f64.ln()).abs() < 1e-12);
        assert!(cross_entropy(&[1000.0, 0.0], 0).abs() < 1e-12);
        assert!((cross_entropy(&[1000.0, 0.0], 1) - 1000.0).abs() < 1e-9);
    }

    #[test]
    fn shares_of_votes_add_up_to_one() {
        let shares = shares(&[1000.0, 1000.0, 998.0]);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
        assert!((shares[0] / shares[2] - 2f64.exp()).abs() < 1e-9 && shares[0] == shares[1], "{shares:?}");
    }

    #[test]
    fn smoothing_spreads_the_target_over_all_classes() {
        let of = |label, smoothing| Loss::new(&[2.0, 0.0], &[label], smoothing).value;
        assert!((of(0, 0.2) - (0.9 * of(0, 0.0) + 0.1 * of(1, 0.0))).abs() < 1e-12);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let (logits, labels) = ([0.3, -1.2, 2.0, 0.1, 0.7, -0.4], [2, 0]);
        for smoothing in [0.0, 0.1] {
            let loss = Loss::new(&logits, &labels, smoothing);
            for (index, gradient) in loss.gradient.iter().enumerate() {
                let at = |change: f32| {
                    let mut logits = logits;
                    logits[index] += change;
                    Loss::new(&logits, &labels, smoothing).value
                };
                let difference = (at(1e-3) - at(-1e-3)) / 2e-3;
                assert!((difference - f64::from(*gradient)).abs() < 1e-4, "{difference}, not {gradient}");
            }
        }
    }

    #[test]
    fn the_first_of_equal_classes_is_predicted() {
        assert_eq!(predicted(&[0.1, 0.7, 0.7, -1.0]), 1);
        assert_eq!(count_correct(&[0.1, 0.7, 0.7, -1.0], &[1, 1]), 1);
    }
}
