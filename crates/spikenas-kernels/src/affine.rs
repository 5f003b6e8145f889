/// A batch norm with its statistics folded in: `y = scale * x + shift`, each `[channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// `weight / sqrt(variance + epsilon)`
    pub scale: Vec<f32>,
    /// `bias - mean * scale`
    pub shift: Vec<f32>,
}

impl Affine {
    /// Folds statistics and parameters of a batch norm, each `[channels]`.
    pub fn fold(mean: &[f64], variance: &[f64], weight: &[f32], bias: &[f32], epsilon: f64) -> Self {
        let scale: Vec<f64> = variance.iter().zip(weight).map(|(v, w)| f64::from(*w) / (v + epsilon).sqrt()).collect();
        let shift = mean.iter().zip(bias).zip(&scale).map(|((m, b), s)| (f64::from(*b) - m * s) as f32).collect();
        Self { scale: scale.into_iter().map(|s| s as f32).collect(), shift }
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.scale.len()
    }
}
