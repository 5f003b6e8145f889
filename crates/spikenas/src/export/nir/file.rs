use std::path::Path;

use hdf5_pure::{DatasetBuilder, FileBuilder, GroupBuilder};

use super::export::{DT, NirExport};
use super::graph::NirOperation;
use crate::graph::Shape;
use crate::record::files::write_atomically;
use crate::{Error, Result};

/// The version of the format.
const VERSION: &str = "1.0.8";

/// How well numbers are compressed, of 9.
const LEVEL: u32 = 4;

impl NirExport {
    /// Writes the file in one step, in the layout of `nir.write`: a dataset for each parameter, in groups by node.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = bytes(self).map_err(|e| Error::file(path, e.to_string()))?;
        write_atomically(path, |out| out.write_all(&bytes))
    }
}

fn bytes(export: &NirExport) -> std::result::Result<Vec<u8>, hdf5_pure::Error> {
    let mut file = FileBuilder::new();
    text(file.create_dataset("version"), VERSION);
    let mut root = file.create_group("node");
    text(root.create_dataset("type"), "NIRGraph");
    let edges: Vec<&str> = export.graph.edges.iter().flatten().map(String::as_str).collect();
    root.create_dataset("edges").with_vlen_strings(&edges).with_shape(&[export.graph.edges.len() as u64, 2]);
    let mut nodes = root.create_group("nodes");
    for node in &export.graph.nodes {
        let mut group = nodes.create_group(&node.name);
        operation(&mut group, &node.operation);
        nodes.add_group(group.finish());
    }
    root.add_group(nodes.finish());
    let group = root.create_group("metadata");
    root.add_group(metadata(export, group));
    file.add_group(root.finish());
    file.finish()
}

fn metadata(export: &NirExport, mut group: GroupBuilder) -> hdf5_pure::FinishedGroup {
    text(group.create_dataset("spikenas"), &export.about.to_string());
    let (golden, graph) = (&export.golden, &export.graph);
    let Some(NirOperation::Input(input)) = graph.nodes.first().map(|node| &node.operation) else {
        return group.finish();
    };
    let images = golden.inputs.len() / (export.frames * input.len());
    if images > 0 {
        let frames = (export.frames > 1).then_some(export.frames);
        let sizes = [images].into_iter().chain(frames).chain([input.channels, input.height, input.width]);
        let shape: Vec<u64> = sizes.map(|n| n as u64).collect();
        numbers(group.create_dataset("golden_inputs"), &golden.inputs, &shape);
        let layers = graph.spiking().len();
        let shape = [images, layers, golden.spikes.len() / (images * layers)].map(|n| n as u64);
        group.create_dataset("golden_spikes").with_i64_data(&golden.spikes).with_shape(&shape);
        let shape = [images, golden.outputs.len() / images].map(|n| n as u64);
        group.create_dataset("golden_outputs").with_f32_data(&golden.outputs).with_shape(&shape);
    }
    group.finish()
}

fn operation(group: &mut GroupBuilder, operation: &NirOperation) {
    match operation {
        NirOperation::Input(shape) => ends(group, "Input", *shape),
        NirOperation::Output(shape) => ends(group, "Output", *shape),
        NirOperation::Average => {
            text(group.create_dataset("type"), "AvgPool2d");
            for (name, value) in [("kernel_size", 3), ("stride", 1), ("padding", 1)] {
                pair(group, name, [value; 2]);
            }
        }
        NirOperation::Convolution { input, weights, kernel, bias, stride, padding } => {
            text(group.create_dataset("type"), "Conv2d");
            pair(group, "input_shape", [input.height, input.width]);
            pair(group, "stride", [*stride; 2]);
            pair(group, "padding", [*padding; 2]);
            pair(group, "dilation", [1; 2]);
            group.create_dataset("groups").with_i64_data(&[1]).with_shape(&[]);
            let shape = [bias.len(), input.channels, kernel[0], kernel[1]].map(|n| n as u64);
            numbers(group.create_dataset("weight"), weights, &shape);
            group.create_dataset("bias").with_f32_data(bias);
        }
        NirOperation::Lif { shape, tau, threshold } => {
            text(group.create_dataset("type"), "LIF");
            let dimensions = dimensions(*shape);
            let values =
                [("tau", tau * DT), ("r", 1.0), ("v_leak", 0.0), ("v_threshold", *threshold), ("v_reset", 0.0)];
            for (name, value) in values {
                let dataset = group.create_dataset(name).with_f64_data(&vec![value; shape.len()]);
                dataset.with_shape(&dimensions).with_chunks(&dimensions).with_deflate(LEVEL);
            }
        }
    }
}

fn ends(group: &mut GroupBuilder, kind: &str, shape: Shape) {
    text(group.create_dataset("type"), kind);
    let dimensions = [shape.channels, shape.height, shape.width].map(|n| n as i64);
    group.create_dataset("shape").with_i64_data(&dimensions);
}

fn dimensions(shape: Shape) -> [u64; 3] {
    [shape.channels, shape.height, shape.width].map(|n| n as u64)
}

fn pair(group: &mut GroupBuilder, name: &str, values: [usize; 2]) {
    group.create_dataset(name).with_i64_data(&values.map(|value| value as i64));
}

fn text(dataset: &mut DatasetBuilder, text: &str) {
    dataset.with_vlen_strings(&[text]).with_shape(&[]);
}

fn numbers(dataset: &mut DatasetBuilder, values: &[f32], shape: &[u64]) {
    dataset.with_f32_data(values).with_shape(shape).with_chunks(shape).with_deflate(LEVEL);
}
