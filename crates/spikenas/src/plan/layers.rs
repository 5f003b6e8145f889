use super::{NetworkConfig, Parameter, ParameterKind, Shape};
use crate::space::{Architecture, Kernel};

/// A leaky integrate-and-fire layer. It has no parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Lif {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Neurons of one sample.
    pub shape: Shape,
    /// Membrane at which it fires.
    pub threshold: f32,
}

/// A convolution without bias, stride 1, padded to keep its input's size.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Input feature map.
    pub input: Shape,
    /// Output channels.
    pub outputs: usize,
    /// Kernel.
    pub kernel: Kernel,
}

impl Convolution {
    /// Its weights in the state dict.
    pub fn weight(&self) -> Parameter {
        let side = self.kernel.side();
        let shape = vec![self.outputs, self.input.channels, side, side];
        Parameter { name: format!("{}.weight", self.name), shape, kind: ParameterKind::Weight }
    }

    /// Output feature map.
    pub fn output(&self) -> Shape {
        self.input.with_channels(self.outputs)
    }
}

/// A batch norm over N, H, W of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Channels.
    pub channels: usize,
}

impl BatchNorm {
    /// Its scale, shift, running mean and running variance in the state dict, in this order.
    pub fn parameters(&self) -> [Parameter; 4] {
        let tensor =
            |name: &str, kind| Parameter { name: format!("{}.{name}", self.name), shape: vec![self.channels], kind };
        [
            tensor("weight", ParameterKind::Scale),
            tensor("bias", ParameterKind::Shift),
            tensor("running_mean", ParameterKind::RunningMean),
            tensor("running_var", ParameterKind::RunningVariance),
        ]
    }
}

/// A linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// Whether it has a bias.
    pub has_bias: bool,
}

impl Linear {
    /// Its weights in the state dict.
    pub fn weight(&self) -> Parameter {
        let shape = vec![self.outputs, self.inputs];
        Parameter { name: format!("{}.weight", self.name), shape, kind: ParameterKind::Weight }
    }

    /// Its bias in the state dict, if it has one.
    pub fn bias(&self) -> Option<Parameter> {
        let name = format!("{}.bias", self.name);
        self.has_bias.then(|| Parameter { name, shape: vec![self.outputs], kind: ParameterKind::Bias })
    }
}

/// LIF -> convolution -> batch norm.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikingConvolution {
    /// What makes the spikes.
    pub lif: Lif,
    /// What reads them.
    pub convolution: Convolution,
    /// What normalises the sums.
    pub norm: BatchNorm,
}

/// One edge of a cell, laid out.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "six an architecture cell; boxing would only obscure them")]
pub enum EdgePlan {
    /// Zeros.
    Zeroize,
    /// The source itself.
    Skip,
    /// 3x3 average.
    AvgPool3x3,
    /// A convolution of spikes.
    Convolution(SpikingConvolution),
}

/// One cell, laid out: the feature map of its nodes, its edges in the order of [`Edge::ALL`](crate::space::Edge::ALL).
#[derive(Clone, Debug, PartialEq)]
pub struct CellPlan {
    /// Feature map of every node.
    pub shape: Shape,
    /// Edges in the order of [`Edge::ALL`](crate::space::Edge::ALL).
    pub edges: [EdgePlan; 6],
}

/// Batch norm -> LIF -> 3x3 convolution -> batch norm -> 2x2 average pooling.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// Normalises the cell's output.
    pub norm: BatchNorm,
    /// The spiking convolution to the next width.
    pub convolution: SpikingConvolution,
}

impl EdgePlan {
    /// The spiking convolution, if the edge is one.
    pub fn convolution(&self) -> Option<&SpikingConvolution> {
        match self {
            EdgePlan::Convolution(convolution) => Some(convolution),
            EdgePlan::Zeroize | EdgePlan::Skip | EdgePlan::AvgPool3x3 => None,
        }
    }
}

/// Linear -> LIF -> linear -> mean of each cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// Reads the pooled spikes.
    pub hidden: Linear,
    /// Hidden spikes.
    pub lif: Lif,
    /// Gives `classes * cluster` numbers.
    pub output: Linear,
    /// Consecutive outputs averaged into one class.
    pub cluster: usize,
}

/// An architecture laid out for one input shape: every layer with its shapes, no weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was laid out.
    pub architecture: Architecture,
    /// The settings it was laid out with.
    pub config: NetworkConfig,
    /// Shape of an image.
    pub input: Shape,
    /// First convolution, run once for all timesteps.
    pub stem: Convolution,
    /// Its batch norm.
    pub stem_norm: BatchNorm,
    /// The cells.
    pub cells: Vec<CellPlan>,
    /// The reductions; number `i` follows cell `i`.
    pub reductions: Vec<Reduction>,
    /// Normalises the last feature map.
    pub last_norm: BatchNorm,
    /// Last activation.
    pub last_lif: Lif,
    /// The classifier.
    pub classifier: Classifier,
}
