use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// Mean cross entropy of logits, [images, classes], with the images' classes. Returns one number.
///
/// There must be as many labels as images, each below the number of classes.
pub fn loss(logits: Tensor<2>, labels: &[usize]) -> Tensor<1> {
    let indices: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let indices = Tensor::<2, Int>::from_data(TensorData::new(indices, [labels.len(), 1]), &logits.device());
    -log_softmax(logits, 1).gather(1, indices).mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        let logits = Tensor::<2>::zeros([3, 4], &crate::network::device("cpu").unwrap());
        let value: f32 = loss(logits, &[0, 3, 1]).into_scalar();
        assert!((value - 4f32.ln()).abs() < 1e-6);
    }
}
