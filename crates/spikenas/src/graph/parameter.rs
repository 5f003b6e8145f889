/// One tensor of the state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the reference's state dict.
    pub name: String,
    /// Shape, PyTorch's order.
    pub shape: Vec<usize>,
    /// Its kind.
    pub kind: ParameterKind,
}

/// The kind of a tensor of the state dict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Convolution or linear weights.
    Weight,
    /// Bias of a linear layer.
    Bias,
    /// Scale of a batch norm.
    Scale,
    /// Shift of a batch norm.
    Shift,
    /// Running mean of a batch norm: kept, not trained.
    RunningMean,
    /// Running variance of a batch norm: kept, not trained.
    RunningVariance,
}

impl ParameterKind {
    /// Whether training changes it by a gradient.
    pub fn is_trainable(self) -> bool {
        !matches!(self, ParameterKind::RunningMean | ParameterKind::RunningVariance)
    }
}
