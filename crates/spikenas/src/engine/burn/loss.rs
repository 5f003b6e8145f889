use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// Mean cross entropy of logits, [images, classes], or [steps * images, classes], with the images' classes, as [`Loss`](crate::engine::Loss). Returns one number.
pub fn loss(logits: Tensor<2>, labels: &[usize], smoothing: f64) -> Tensor<1> {
    let rows = logits.dims()[0];
    let indices: Vec<i64> = labels.iter().cycle().take(rows).map(|&label| label as i64).collect();
    let indices = Tensor::<2, Int>::from_data(TensorData::new(indices, [rows, 1]), &logits.device());
    let log_probabilities = log_softmax(logits, 1);
    let of_labels = -log_probabilities.clone().gather(1, indices).mean();
    if smoothing == 0.0 {
        return of_labels;
    }
    of_labels * (1.0 - smoothing) - log_probabilities.mean() * smoothing
}
