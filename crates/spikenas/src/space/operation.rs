use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What an edge of a cell does to the feature map of its source node.
///
/// The convolutions are LIF -> convolution (padded, stride 1, no bias) -> batch norm, so their inputs are spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// No connection: zeros.
    Zeroize,
    /// The source itself.
    Skip,
    /// LIF -> 1x1 convolution -> batch norm.
    Conv1x1,
    /// LIF -> 3x3 convolution -> batch norm.
    Conv3x3,
    /// 3x3 average pooling, stride 1, padding 1, always divided by 9.
    AvgPool3x3,
    /// [`Operation::Conv3x3`] behind a LIF with threshold 0.5 (SpikeNAS-Bench).
    Conv3x3Low,
    /// [`Operation::Conv3x3`] behind a LIF with threshold 1.5 (SpikeNAS-Bench).
    Conv3x3High,
}

/// Side of a square convolution kernel in pixels; odd, so that padding keeps the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kernel(usize);

impl Kernel {
    /// 1x1.
    pub const ONE: Self = Self(1);
    /// 3x3, padded with one zero.
    pub const THREE: Self = Self(3);

    /// Pixels along one side.
    pub fn side(self) -> usize {
        self.0
    }
}

/// What an edge with an operation adds to its node: all that the rest of the program needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// Nothing.
    Nothing,
    /// The source itself.
    Identity,
    /// Average pooling over squares of this side, stride 1, padded with zeros.
    AveragePool(usize),
    /// LIF -> convolution -> batch norm.
    Convolution {
        /// The convolution's kernel.
        kernel: Kernel,
        /// LIF threshold as a multiple of the network's own.
        threshold: f32,
    },
}

/// Which operations the digits 0..=4 of the text form stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digits {
    /// 0 zeroize, 1 skip, 2 conv1x1, 3 conv3x3, 4 avgpool3x3.
    #[default]
    Snasnet,
    /// 0 zeroize, 1 skip, 2 / 3 / 4 conv3x3 with LIF threshold 0.5 / 1.0 / 1.5.
    SpikenasBench,
}

impl Digits {
    /// The operations in the order of their digits.
    pub fn operations(self) -> &'static [Operation] {
        use Operation::*;
        match self {
            Digits::Snasnet => &[Zeroize, Skip, Conv1x1, Conv3x3, AvgPool3x3],
            Digits::SpikenasBench => &[Zeroize, Skip, Conv3x3Low, Conv3x3, Conv3x3High],
        }
    }

    /// The digit of an operation, if it has one here.
    pub fn digit(self, operation: Operation) -> Option<char> {
        let position = self.operations().iter().position(|&o| o == operation)?;
        char::from_digit(position as u32, 10)
    }
}

impl Operation {
    /// Every operation, in the order in which it is declared.
    pub const ALL: [Operation; 7] = [
        Operation::Zeroize,
        Operation::Skip,
        Operation::Conv1x1,
        Operation::Conv3x3,
        Operation::AvgPool3x3,
        Operation::Conv3x3Low,
        Operation::Conv3x3High,
    ];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Zeroize => "zeroize",
            Operation::Skip => "skip",
            Operation::Conv1x1 => "conv1x1",
            Operation::Conv3x3 => "conv3x3",
            Operation::AvgPool3x3 => "avgpool3x3",
            Operation::Conv3x3Low => "conv3x3low",
            Operation::Conv3x3High => "conv3x3high",
        }
    }

    /// What an edge with it adds to its node.
    pub fn transform(self) -> Transform {
        let convolution = |kernel, threshold| Transform::Convolution { kernel, threshold };
        match self {
            Operation::Zeroize => Transform::Nothing,
            Operation::Skip => Transform::Identity,
            Operation::AvgPool3x3 => Transform::AveragePool(3),
            Operation::Conv1x1 => convolution(Kernel::ONE, 1.0),
            Operation::Conv3x3 => convolution(Kernel::THREE, 1.0),
            Operation::Conv3x3Low => convolution(Kernel::THREE, 0.5),
            Operation::Conv3x3High => convolution(Kernel::THREE, 1.5),
        }
    }

    /// The kernel, for operations that convolve spikes.
    pub fn kernel(self) -> Option<Kernel> {
        match self.transform() {
            Transform::Convolution { kernel, .. } => Some(kernel),
            Transform::Nothing | Transform::Identity | Transform::AveragePool(_) => None,
        }
    }

    /// Whether it is a convolution that sees a pixel's neighbours, at whatever threshold.
    pub fn is_spatial_convolution(self) -> bool {
        self.kernel().is_some_and(|kernel| kernel != Kernel::ONE)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Operation::ALL.into_iter().find(|o| o.name() == text);
        found.ok_or_else(|| Error::unknown("operation", text, Operation::ALL.map(Operation::name)))
    }
}
