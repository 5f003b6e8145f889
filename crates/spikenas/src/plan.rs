//! Architecture + network settings -> every layer with its shapes; the one truth for memory, score, network and export.
//!
//! ```text
//! input -> stem -> cell 1 -> reduction -> cell 2 -> … -> last activation -> pooling -> classifier -> mean over timesteps
//!          once    \__________________________ at each of T timesteps ________________________/
//! ```
//!
//! The macro-architecture is SNASNet's (Kim et al. 2022). With one cell, the reduction follows it; with three, one
//! stands before each cell but the first.

use serde::{Deserialize, Serialize};

use crate::space::{Architecture, Edge, Kernel, Operation};
use crate::{Error, Result};

/// Shape of one feature map or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// Number of elements.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }

    fn pooled(self, side: usize) -> Self {
        Self { height: self.height / side, width: self.width / side, ..self }
    }
}

/// How the classifier's weights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initialisation {
    /// Variance 20 / inputs, then 10 / inputs: the classifier's LIF fires at about 10 % from the start at any width.
    #[default]
    Scaled,
    /// SNASNet's: standard deviation 0.01, made for 16,384 inputs and silent in narrow networks.
    Reference,
}

/// All of a network that is not searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Number of cells, 1 to 3.
    pub cells: usize,
    /// Channels before and after the first reduction.
    pub widths: [usize; 2],
    /// Side of the average pooling before the classifier.
    pub last_pool: usize,
    /// Neurons of the classifier's hidden layer.
    pub hidden: usize,
    /// Classes.
    pub classes: usize,
    /// Output neurons that vote for one class.
    pub cluster: usize,
    /// Timesteps T for which the image is shown.
    pub timesteps: usize,
    /// Membrane time constant in timesteps: h = v + (x - v) / tau.
    pub tau: f32,
    /// Membrane at which a LIF fires.
    pub threshold: f32,
    /// How the classifier's weights are drawn.
    pub initialisation: Initialisation,
}

impl NetworkConfig {
    /// Names of the presets.
    pub const PRESETS: [&str; 4] = ["sample", "cifar10", "cifar100", "snasnet-cifar10"];

    /// A named preset.
    pub fn preset(name: &str) -> Result<Self> {
        let cifar10 = Self {
            cells: 2,
            widths: [128, 256],
            last_pool: 2,
            hidden: 1024,
            classes: 10,
            cluster: 10,
            timesteps: 5,
            tau: 4.0 / 3.0,
            threshold: 1.0,
            initialisation: Initialisation::Scaled,
        };
        match name {
            "sample" => Ok(Self { widths: [16, 32], last_pool: 4, hidden: 128, ..cifar10 }),
            "cifar10" => Ok(cifar10),
            "cifar100" => Ok(Self { classes: 100, cluster: 5, ..cifar10 }),
            "snasnet-cifar10" => {
                Ok(Self { widths: [256, 512], last_pool: 4, initialisation: Initialisation::Reference, ..cifar10 })
            }
            _ => Err(Error::invalid(format!("unknown preset `{name}`: choose from {}", Self::PRESETS.join(", ")))),
        }
    }

    /// Output neurons of the network.
    pub fn outputs(&self) -> usize {
        self.classes * self.cluster
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        let whole = [
            ("cells", self.cells, 3),
            ("widths", self.widths[0], 4096),
            ("widths", self.widths[1], 4096),
            ("last_pool", self.last_pool, 1024),
            ("hidden", self.hidden, 1 << 20),
            ("classes", self.classes, 65_536),
            ("cluster", self.cluster, 4096),
            ("timesteps", self.timesteps, 1024),
        ];
        if let Some((name, value, most)) = whole.into_iter().find(|&(_, value, most)| value == 0 || value > most) {
            return Err(Error::invalid(format!("{name} {value} is out of range: give 1 to {most}")));
        }
        if !(self.tau >= 1.0 && self.tau.is_finite()) {
            return Err(Error::invalid(format!(
                "tau {} is out of range: give a number of timesteps from 1 up",
                self.tau
            )));
        }
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            return Err(Error::invalid(format!(
                "threshold {} is out of range: give a positive number",
                self.threshold
            )));
        }
        Ok(())
    }
}

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

/// One cell, laid out: the feature map of its nodes, its edges in the order of [`Edge::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub struct CellPlan {
    /// Feature map of every node.
    pub shape: Shape,
    /// Edges in the order of [`Edge::ALL`].
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

/// One tensor of the state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the reference's state dict.
    pub name: String,
    /// Shape, PyTorch's order.
    pub shape: Vec<usize>,
    /// What it is.
    pub kind: ParameterKind,
}

/// What a tensor of the state dict is for.
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

impl Plan {
    /// Lays out an architecture for images of the given shape; a single cell is repeated as often as the network has cells.
    ///
    /// Errors: settings out of range, another number of cells, or images too small for the poolings.
    pub fn new(architecture: &Architecture, config: &NetworkConfig, input: Shape) -> Result<Self> {
        config.check()?;
        let count = config.cells;
        let architecture = architecture.clone().with_cells(count)?;
        let reductions_needed = count.max(2) - 1;
        let side = (1 << reductions_needed) * config.last_pool;
        if input.is_empty() || !input.height.is_multiple_of(side) || !input.width.is_multiple_of(side) {
            return Err(Error::invalid(format!(
                "images of {}x{} do not fit {count} cells with a last pooling of {}: both sides must be multiples of {side}",
                input.width, input.height, config.last_pool
            )));
        }
        let [narrow, wide] = config.widths;
        let mut shape = input.with_channels(narrow);
        let (mut cells, mut reductions) = (Vec::new(), Vec::new());
        for (index, cell) in architecture.cells().iter().enumerate() {
            let edges = Edge::ALL.map(|edge| plan_edge(index + 1, edge, cell.operation(edge), shape, config));
            cells.push(CellPlan { shape, edges });
            if index < reductions_needed {
                reductions.push(plan_reduction(index + 1, shape, wide, config));
                shape = shape.with_channels(wide).pooled(2);
            }
        }
        let pooled = shape.pooled(config.last_pool);
        Ok(Self {
            architecture,
            config: config.clone(),
            input,
            stem: Convolution { name: "stem.0".into(), input, outputs: narrow, kernel: Kernel::Three },
            stem_norm: BatchNorm { name: "stem.1".into(), channels: narrow },
            cells,
            reductions,
            last_norm: BatchNorm { name: "last_act.0".into(), channels: shape.channels },
            last_lif: Lif { name: "last_act.1".into(), shape, threshold: config.threshold },
            classifier: plan_classifier(pooled, config),
        })
    }

    /// Every LIF layer, in the order of execution.
    pub fn lifs(&self) -> Vec<&Lif> {
        let mut lifs = Vec::new();
        for (index, cell) in self.cells.iter().enumerate() {
            lifs.extend(cell.edges.iter().filter_map(EdgePlan::convolution).map(|c| &c.lif));
            lifs.extend(self.reductions.get(index).map(|r| &r.convolution.lif));
        }
        lifs.extend([&self.last_lif, &self.classifier.lif]);
        lifs
    }

    /// Every tensor of the state dict that holds numbers, in the reference's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut all = Parameters(Vec::new());
        all.convolution(&self.stem);
        all.norm(&self.stem_norm);
        for (index, cell) in self.cells.iter().enumerate() {
            for edge in cell.edges.iter().filter_map(EdgePlan::convolution) {
                all.convolution(&edge.convolution);
                all.norm(&edge.norm);
            }
            if let Some(reduction) = self.reductions.get(index) {
                all.norm(&reduction.norm);
                all.convolution(&reduction.convolution.convolution);
                all.norm(&reduction.convolution.norm);
            }
        }
        all.norm(&self.last_norm);
        all.linear(&self.classifier.hidden);
        all.linear(&self.classifier.output);
        all.0
    }
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

/// Collects the tensors of layers.
struct Parameters(Vec<Parameter>);

impl Parameters {
    fn convolution(&mut self, convolution: &Convolution) {
        self.0.push(convolution.weight());
    }

    fn norm(&mut self, norm: &BatchNorm) {
        self.0.extend(norm.parameters());
    }

    fn linear(&mut self, linear: &Linear) {
        self.0.push(linear.weight());
        self.0.extend(linear.bias());
    }
}

fn plan_edge(cell: usize, edge: Edge, operation: Operation, shape: Shape, config: &NetworkConfig) -> EdgePlan {
    match operation {
        Operation::Zeroize => EdgePlan::Zeroize,
        Operation::Skip => EdgePlan::Skip,
        Operation::AvgPool3x3 => EdgePlan::AvgPool3x3,
        Operation::Conv1x1 | Operation::Conv3x3 | Operation::Conv3x3Low | Operation::Conv3x3High => {
            let name = format!("cell{cell}.cell_architecture.{}", edge.index());
            let kernel = operation.kernel().unwrap_or(Kernel::Three);
            let threshold = config.threshold * operation.threshold_factor();
            EdgePlan::Convolution(plan_spiking_convolution(&name, 0, shape, shape.channels, kernel, threshold))
        }
    }
}

/// LIF, convolution and batch norm as children `first`, `first + 1`, `first + 2` of a module.
fn plan_spiking_convolution(
    module: &str,
    first: usize,
    input: Shape,
    outputs: usize,
    kernel: Kernel,
    threshold: f32,
) -> SpikingConvolution {
    let child = |offset: usize| format!("{module}.{}", first + offset);
    SpikingConvolution {
        lif: Lif { name: child(0), shape: input, threshold },
        convolution: Convolution { name: child(1), input, outputs, kernel },
        norm: BatchNorm { name: child(2), channels: outputs },
    }
}

fn plan_reduction(number: usize, input: Shape, outputs: usize, config: &NetworkConfig) -> Reduction {
    let module = format!("downconv{number}");
    Reduction {
        norm: BatchNorm { name: format!("{module}.0"), channels: input.channels },
        convolution: plan_spiking_convolution(&module, 1, input, outputs, Kernel::Three, config.threshold),
    }
}

fn plan_classifier(pooled: Shape, config: &NetworkConfig) -> Classifier {
    Classifier {
        hidden: Linear { name: "classifier.1".into(), inputs: pooled.len(), outputs: config.hidden, has_bias: false },
        lif: Lif {
            name: "classifier.2".into(),
            shape: Shape { channels: config.hidden, height: 1, width: 1 },
            threshold: config.threshold,
        },
        output: Linear {
            name: "classifier.3".into(),
            inputs: config.hidden,
            outputs: config.outputs(),
            has_bias: true,
        },
        cluster: config.cluster,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };

    fn plan(text: &str, cells: usize, preset: &str) -> Result<Plan> {
        Plan::new(&text.parse()?, &NetworkConfig { cells, ..NetworkConfig::preset(preset)? }, IMAGE)
    }

    #[test]
    fn lif_layers_come_in_the_order_of_execution() {
        let names: Vec<String> =
            plan("0302 0041 0002 0000", 2, "cifar100").unwrap().lifs().iter().map(|l| l.name.clone()).collect();
        let cell = |c: usize| [0, 3, 5].map(|k| format!("cell{c}.cell_architecture.{k}.0"));
        let expected: Vec<String> = cell(1)
            .into_iter()
            .chain(["downconv1.1".to_string()])
            .chain(cell(2))
            .chain(["last_act.1".to_string(), "classifier.2".to_string()])
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn one_cell_is_followed_by_a_reduction_and_three_have_one_between() {
        let shapes = |cells| {
            let p = plan("0111 0011 0001 0000", cells, "cifar10").unwrap();
            (
                p.cells.iter().map(|c| (c.shape.channels, c.shape.height)).collect::<Vec<_>>(),
                p.reductions.len(),
                p.classifier.hidden.inputs,
            )
        };
        assert_eq!(shapes(1), (vec![(128, 32)], 1, 16_384));
        assert_eq!(shapes(2), (vec![(128, 32), (256, 16)], 1, 16_384));
        assert_eq!(shapes(3), (vec![(128, 32), (256, 16), (256, 8)], 2, 4_096));
    }

    #[test]
    fn images_that_do_not_fit_the_poolings_are_refused() {
        let architecture: Architecture = "0111 0011 0001 0000".parse().unwrap();
        let config = NetworkConfig::preset("cifar10").unwrap();
        let error = Plan::new(&architecture, &config, Shape { channels: 3, height: 30, width: 32 }).unwrap_err();
        assert!(error.to_string().contains("multiples of 4"), "{error}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let config = NetworkConfig { timesteps: 0, ..NetworkConfig::preset("sample").unwrap() };
        assert!(config.check().unwrap_err().to_string().contains("timesteps 0"));
        let config = NetworkConfig { threshold: f32::NAN, ..NetworkConfig::preset("sample").unwrap() };
        assert!(config.check().unwrap_err().to_string().contains("threshold NaN"));
    }
}
