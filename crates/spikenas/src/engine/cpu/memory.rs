use super::program::{Goal, Program, Step};
use crate::graph::{Graph, Layer, Place};

/// Copies of the parameters that a step, a checkpoint and a test hold at once: the network's, gradients, momentum, those of a
/// checkpoint and its file, the packed ones.
const COPIES: usize = 8;

/// Copies of the classifier's inputs in a forward and a backward pass.
const INPUTS: usize = 2;

/// The most memory in bytes that training takes beside its images, with mini-batches shown in parts of
/// `images`. An estimate: what the allocator and the system add is not known.
pub(super) fn training_memory(graph: &Graph, images: usize) -> u64 {
    let mut program = Program::default();
    program.add(graph, Goal::Features);
    let steps = graph.config.timesteps;
    let inputs = graph.nodes().iter().find_map(|node| match &node.layer {
        Layer::Linear(linear) => Some(linear.inputs),
        _ => None,
    });
    let neurons = maps(graph, &program, images) + INPUTS * steps * images * inputs.unwrap_or(0);
    let values = (neurons + COPIES * parameters(graph) + 3 * images * graph.sample_len()) * size_of::<f32>();
    (values + steps * images * words(&program) * size_of::<u64>()) as u64
}

/// Maps that a layer of a forward pass needs at once: what it reads and what it gives.
const MAPS: f64 = 2.0;

/// The least memory in bytes that a pass of an untrained network takes: the weights of all repeats, the spikes, and the largest
/// feature maps.
pub(super) fn scoring_memory(graph: &Graph, images: usize, repeats: usize) -> u64 {
    let mut program = Program::default();
    program.add(graph, Goal::Features);
    let all = images as f64 * graph.config.timesteps as f64;
    let maps = graph.nodes().iter().filter(|node| matches!(node.layer, Layer::Convolution(_) | Layer::Sum));
    let largest = maps.map(|node| node.shape.len()).max().unwrap_or(0) as f64;
    let values = repeats as f64 * parameters(graph) as f64 + MAPS * all * largest;
    (values * size_of::<f32>() as f64 + all * words(&program) as f64 * size_of::<u64>() as f64) as u64
}

fn parameters(graph: &Graph) -> usize {
    graph.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum()
}

/// Values of the feature maps that a step keeps for the backward pass, and of the gradients that it needs at once.
fn maps(graph: &Graph, program: &Program, images: usize) -> usize {
    let all = images * graph.config.timesteps;
    let kept = program.steps().iter().map(|step| match step {
        Step::Stem { convolution, frames, .. } => images * frames * convolution.output().len(),
        Step::Convolution { convolution, pool, at, .. } => {
            let (sums, all) = (convolution.output().len(), at.map_or(all, |_| images));
            all * if *pool > 1 { sums + sums / (pool * pool) } else { sums }
        }
        Step::Pool { map } => map.at.map_or(all, |_| images) * map.shape.len(),
        // Membranes.
        Step::Spikes { lif, map, .. } => map.at.map_or(0, |_| images * lif.shape.len()),
        Step::Moment { shape, .. } => images * shape.len(),
        Step::Series { shape, .. } => all * shape.len(),
        Step::Norm { .. } | Step::Fired { .. } | Step::Hidden { .. } | Step::Output { .. } => 0,
    });
    // The gradient of one map of each cell; some take the memory of maps that are no longer needed.
    let is_output = |place: Place| matches!(place, Place::Node { node: 3, .. });
    let gradients = graph.nodes().iter().filter(|node| is_output(node.place)).map(|node| all * node.shape.len());
    kept.chain(gradients).sum()
}

/// Words of spikes of all LIF layers before the classifier, for one image and timestep.
fn words(program: &Program) -> usize {
    let of_step = |step: &Step| match step {
        Step::Spikes { lif, .. } => lif.shape.height * lif.shape.width * lif.shape.channels.div_ceil(64),
        _ => 0,
    };
    program.steps().iter().map(of_step).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batch;
    use crate::engine::cpu::network::NetworkOnKernels;
    use crate::engine::network::{Lesson, Network};
    use crate::graph::{NetworkConfig, Shape};
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
            (2, "0313 0031 0003 0300"),
            (1, "0313 3031 3303 3330"),
        ] {
            for frames in [false, true] {
                let config = NetworkConfig { cells, last_pool: 2, frames, ..NetworkConfig::preset("sample").unwrap() };
                let graph = Graph::new(&cell.parse().unwrap(), &config, input).unwrap();
                let mut network = NetworkOnKernels::new(&graph, Weights::initialised(&graph, 1, 0)).unwrap();
                let batch = Batch { images: vec![0.5; 4 * graph.sample_len()], labels: vec![0, 1, 2, 3] };
                for _ in 0..3 {
                    let lesson = Lesson::PLAIN;
                    network.learn(&batch, &lesson, &mut generator(&[])).unwrap();
                }
                let mut program = Program::default();
                program.add(&graph, Goal::Features);
                let (held, estimate) = (network.buffers().held(), maps(&graph, &program, 4));
                let ratio = estimate as f64 / held as f64;
                assert!((0.85..1.15).contains(&ratio), "{cells} x {cell}: {held} held, {estimate} estimated");
            }
        }
    }
}
