use super::{
    BatchNorm, CellPlan, Classifier, Convolution, EdgePlan, Lif, Linear, NetworkConfig, Plan, Reduction, Shape,
    SpikingConvolution,
};
use crate::space::{Architecture, Edge, Kernel, Operation};
use crate::{Error, Result};

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
}
