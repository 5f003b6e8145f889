use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// Mean cross entropy of logits, [images, classes], with the images' classes. Returns one number.
///
/// With `smoothing`, so much of each target is spread evenly over all classes, as PyTorch's `label_smoothing`. There must be as many labels as images, each below the number of classes.
pub fn loss(logits: Tensor<2>, labels: &[usize], smoothing: f64) -> Tensor<1> {
    let indices: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let indices = Tensor::<2, Int>::from_data(TensorData::new(indices, [labels.len(), 1]), &logits.device());
    let log_probabilities = log_softmax(logits, 1);
    let of_labels = -log_probabilities.clone().gather(1, indices).mean();
    if smoothing == 0.0 {
        return of_labels;
    }
    of_labels * (1.0 - smoothing) - log_probabilities.mean() * smoothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        let logits = Tensor::<2>::zeros([3, 4], &crate::network::device("cpu").unwrap());
        let value: f32 = loss(logits, &[0, 3, 1], 0.0).into_scalar();
        assert!((value - 4f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn smoothing_spreads_the_target_over_all_classes() {
        let logits = || Tensor::<2>::from_floats([[2.0, 0.0]], &crate::network::device("cpu").unwrap());
        let [right, wrong] = [0, 1].map(|label| loss(logits(), &[label], 0.0).into_scalar::<f32>());
        let smoothed: f32 = loss(logits(), &[0], 0.2).into_scalar();
        assert!((smoothed - (0.9 * right + 0.1 * wrong)).abs() < 1e-6);
    }
}
