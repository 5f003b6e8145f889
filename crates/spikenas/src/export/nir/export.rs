use super::graph::NirGraph;
use super::numbers::Numbers;
use crate::Result;
use crate::data::Images;
use crate::engine::{Engine, Mode, check_images};
use crate::graph::{Graph, Normalisation, Shape, Stages};
use crate::quantise::{IntegerNetwork, Runner};
use crate::weights::Weights;

/// An export to NIR.
#[derive(Clone, Debug, PartialEq)]
pub struct NirExport {
    /// Its nodes and edges.
    pub graph: NirGraph,
    /// Frames of a sample; 1 of an image.
    pub frames: usize,
    /// What the file says of itself, as JSON.
    pub about: serde_json::Value,
    /// Golden inputs, what their layers fire and what comes out.
    pub golden: Golden,
}

/// Inputs of an export with what it gives for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Golden {
    /// What is shown at every timestep, `[images, channels, rows, columns]`, or at each, `[samples, timesteps, channels, rows, columns]`.
    pub inputs: Vec<f32>,
    /// Spikes of each LIF node at each timestep, `[images, nodes, timesteps]`.
    pub spikes: Vec<i64>,
    /// Outputs summed over the timesteps, `[images, classes]`.
    pub outputs: Vec<f32>,
}

impl NirExport {
    /// A float network, with the golden spikes of images on an engine.
    ///
    /// Errors: weights that are not the graph's, images that do not fit it.
    pub fn float(
        (graph, weights): (&Graph, &Weights),
        normalisation: &Normalisation,
        classes: &[String],
        images: &Images,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let numbers = Numbers::float(graph, weights)?;
        let golden = golden_float((graph, weights), &numbers.stages, normalisation, images, engine)?;
        let nodes = NirGraph::new(graph, &numbers);
        let about = serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "architecture": graph.architecture,
            "arithmetic": "float",
            "classes": classes,
            "timesteps": graph.config.timesteps,
            "frames": graph.config.frames,
            "dt": DT,
            "input": { "value": "(level / 255 - mean) / deviation", "mean": normalisation.mean, "deviation": normalisation.deviation },
            "output": "the class with the largest sum over all timesteps",
            "layers": nodes.spiking(),
        });
        Ok(Self { graph: nodes, frames: graph.config.frames_of_sample(), about, golden })
    }

    /// An integer network that was made for simulators, with the golden spikes of images: levels of channels, rows and columns, one
    /// image after the other.
    ///
    /// Errors: one that was made for devices, or that averages around each pixel, which no node of NIR rounds.
    pub fn integer(network: &IntegerNetwork, classes: &[String], images: &[u8]) -> Result<Self> {
        let numbers = Numbers::integer(network)?;
        let nodes = NirGraph::new(&network.graph, &numbers);
        let about = serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "architecture": network.graph.architecture,
            "arithmetic": "integer: every number is exact in float32, and no membrane ever equals its threshold",
            "classes": classes,
            "timesteps": network.graph.config.timesteps,
            "frames": network.graph.config.frames,
            "dt": DT,
            "input": { "value": "floor((level - zero + 2) / 4)", "zero": network.pixels.zero },
            "output": "the class with the largest sum over all timesteps",
            "layers": nodes.spiking(),
        });
        let frames = network.graph.config.frames_of_sample();
        Ok(Self { graph: nodes, frames, about, golden: golden(network, images) })
    }
}

/// Seconds of a timestep, which importers take where they are not told.
pub(super) const DT: f64 = 1e-4;

fn golden_float(
    (graph, weights): (&Graph, &Weights),
    stages: &Stages,
    normalisation: &Normalisation,
    images: &Images,
    engine: &dyn Engine,
) -> Result<Golden> {
    check_images(graph, images)?;
    let mut network = engine.network(graph, weights)?;
    let names = stages.layers.iter().map(|layer| layer.name()).chain([stages.classifier.lif.name.as_str()]);
    let names: Vec<&str> = names.collect();
    let mut golden = Golden::default();
    for index in 0..images.len() {
        let batch = images.batch(&[index], normalisation, None);
        let output = network.forward(&batch.images, Mode::Evaluate)?;
        golden.inputs.extend(batch.images);
        for fired in names.iter().filter_map(|name| output.fired.iter().find(|fired| fired.layer == *name)) {
            golden.spikes.extend(fired.counts.iter().map(|&count| count as i64));
        }
        golden.outputs.extend(output.logits.iter().map(|logit| logit * graph.config.timesteps as f32));
    }
    Ok(golden)
}

fn golden(network: &IntegerNetwork, images: &[u8]) -> Golden {
    let runner = Runner::new(network);
    let mut state = runner.state();
    let Shape { channels, height, width } = network.graph.input;
    let plane = height * width;
    let mut golden = Golden::default();
    for image in images.chunks_exact(network.graph.sample_len()) {
        let levels =
            image.iter().enumerate().map(|(at, &level)| f32::from(network.pixels.value(at / plane % channels, level)));
        golden.inputs.extend(levels);
        let outcome = runner.run(image, &mut state);
        golden.spikes.extend(outcome.fired.iter().flatten().map(|&count| count as i64));
        golden.outputs.extend(outcome.scores.iter().map(|&score| score as f32));
    }
    golden
}
