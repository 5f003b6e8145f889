use crate::plan::{CellPlan, EdgePlan, Plan};
use crate::space::Edge;

/// Copies of the parameters that a step, a checkpoint and a test hold at once: the network's, gradients, momentum, what
/// the optimiser puts together, those of a checkpoint and its file, the test's packed ones.
const COPIES: usize = 12;

/// Copies of the classifier's inputs on the way there and back.
const INPUTS: usize = 5;

/// The most memory in bytes that training takes on the CPU beside its images, mini-batches being shown in parts of so many
/// `images`. An estimate: what the allocator and the system add is not known.
pub fn training_memory(plan: &Plan, images: usize) -> u64 {
    let steps = plan.config.timesteps;
    let neurons = maps(plan, images) + INPUTS * steps * images * plan.classifier.hidden.inputs;
    let parameters: usize = plan.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum();
    let inputs = 3 * images * plan.input.len();
    let values = (neurons + COPIES * parameters + inputs) * size_of::<f32>();
    (values + steps * images * words(plan) * size_of::<u64>()) as u64
}

/// Values of the feature maps that a step keeps for the way back, and of the gradients that it needs at once.
pub(super) fn maps(plan: &Plan, images: usize) -> usize {
    let all = images * plan.config.timesteps;
    let mut values = images * plan.stem.output().len();
    for (index, cell) in plan.cells.iter().enumerate() {
        let kept = cell.edges.iter().filter(|e| matches!(e, EdgePlan::Convolution(_) | EdgePlan::AvgPool3x3)).count();
        // The gradients of the cell's nodes; some take the place of maps that are done with.
        values += all * cell.shape.len() * (kept + GRADIENTS);
        if let Some(reduction) = plan.reductions.get(index) {
            let sums = reduction.convolution.convolution.output().len();
            values += all * (sums + sums / 4);
        }
    }
    values
}

/// Gradients of maps of a cell that are held beside its maps.
const GRADIENTS: usize = 1;

/// Words of spikes of all LIF layers before the classifier, for one image and timestep.
fn words(plan: &Plan) -> usize {
    let of_cell = |cell: &CellPlan| {
        let fires = |node: usize| {
            Edge::ALL.iter().zip(&cell.edges).any(|(edge, plan)| edge.from() == node && plan.convolution().is_some())
        };
        (0..3).filter(|&node| fires(node)).count() * words_of(cell.shape.height * cell.shape.width, cell.shape.channels)
    };
    let reductions = plan.reductions.iter().map(|r| r.convolution.lif.shape).chain([plan.last_lif.shape]);
    let of_reductions: usize = reductions.map(|shape| words_of(shape.height * shape.width, shape.channels)).sum();
    plan.cells.iter().map(of_cell).sum::<usize>() + of_reductions
}

fn words_of(pixels: usize, channels: usize) -> usize {
    pixels * channels.div_ceil(64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Mode, Network, device, loss};
    use crate::plan::{NetworkConfig, Shape};
    use crate::random::generator;
    use crate::weights::Weights;

    #[test]
    fn maps_of_a_step_are_known_before_it() {
        let input = Shape { channels: 3, height: 16, width: 16 };
        for (cells, cell) in [
            (1, "0333 0033 0003 0000"),
            (2, "0333 0033 0003 0000"),
            (2, "0313 0031 0003 0000"),
            (2, "0111 0011 0001 0000"),
            (2, "0413 0021 0004 0000"),
            (3, "0113 0031 0003 0000"),
            (3, "0333 0033 0003 0000"),
        ] {
            let config = NetworkConfig { cells, last_pool: 2, ..NetworkConfig::preset("sample").unwrap() };
            let plan = Plan::new(&cell.parse().unwrap(), &config, input).unwrap();
            let mut network = Network::new(&plan, &Weights::initialised(&plan, 1, 0), &device("cpu").unwrap()).unwrap();
            for _ in 0..3 {
                let images = network.images(&vec![0.5; 4 * input.len()]);
                let output = network.forward(images, Mode::Train { dropout: 0.0, rng: &mut generator(&[]) });
                network.gradients(&loss(output.logits, &[0, 1, 2, 3], 0.0));
            }
            let (held, estimate) = (network.buffers().held(), maps(&plan, 4));
            let ratio = estimate as f64 / held as f64;
            assert!((0.85..1.15).contains(&ratio), "{cells} x {cell}: {held} held, {estimate} estimated");
        }
    }
}
