use serde::{Deserialize, Serialize};

use super::node_id::NodeId;
use super::parameter::{Parameter, ParameterKind};
use super::shape::Shape;
use crate::space::Kernel;

/// What a node of a graph computes from its inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The images.
    Input,
    /// A convolution of images or spikes.
    Convolution(Convolution),
    /// A batch norm.
    BatchNorm(BatchNorm),
    /// What a LIF layer fires.
    Lif(Lif),
    /// The sum of all inputs; zeros where there are none.
    Sum,
    /// What a later node gave at the timestep before; zeros at the first.
    Feedback {
        /// The later node.
        of: NodeId,
    },
    /// Average pooling.
    AveragePool(AveragePool),
    /// A linear layer over all values of its input, channel by channel.
    Linear(Linear),
    /// The mean of each cluster of consecutive outputs, then over the timesteps: one number per class.
    Vote {
        /// Outputs that vote for one class.
        cluster: usize,
    },
}

impl Layer {
    /// Its tensors in the state dict, in the reference's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        match self {
            Layer::Convolution(convolution) => vec![convolution.weight()],
            Layer::BatchNorm(norm) => norm.parameters().to_vec(),
            Layer::Linear(linear) => std::iter::once(linear.weight()).chain(linear.bias()).collect(),
            Layer::Input
            | Layer::Lif(_)
            | Layer::Sum
            | Layer::Feedback { .. }
            | Layer::AveragePool(_)
            | Layer::Vote { .. } => Vec::new(),
        }
    }
}

/// A leaky integrate-and-fire layer. It has no parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lif {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Neurons of one sample.
    pub shape: Shape,
    /// Membrane at which it fires.
    pub threshold: f32,
}

/// A convolution without bias, stride 1, padded to keep its input's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchNorm {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Channels.
    pub channels: usize,
}

impl BatchNorm {
    /// Added to variances before the square root; PyTorch's default, which the reference uses.
    pub const EPSILON: f64 = 1e-5;
    /// Weight of a new batch in the running statistics; PyTorch's default.
    pub const MOMENTUM: f64 = 0.1;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Average pooling over squares of pixels, zero-padded: always divided by all pixels of a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AveragePool {
    /// Side of a square.
    pub side: usize,
    /// Pixels from one square to the next.
    pub stride: usize,
    /// Zeros around the map.
    pub padding: usize,
}

impl AveragePool {
    /// Squares side by side, which make the map smaller.
    pub fn tiles(side: usize) -> Self {
        Self { side, stride: side, padding: 0 }
    }

    /// A square around each pixel, which keeps the size; of an odd side.
    pub fn around(side: usize) -> Self {
        Self { side, stride: 1, padding: side / 2 }
    }

    /// The side, where squares lie side by side.
    pub fn tile(&self) -> Option<usize> {
        (*self == Self::tiles(self.side)).then_some(self.side)
    }

    /// Shape of the averages.
    pub fn output(&self, input: Shape) -> Shape {
        let length = |pixels: usize| (pixels + 2 * self.padding - self.side) / self.stride + 1;
        Shape { height: length(input.height), width: length(input.width), ..input }
    }
}
