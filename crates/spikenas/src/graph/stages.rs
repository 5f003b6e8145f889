use std::collections::HashMap;

use super::layer::{AveragePool, BatchNorm, Convolution, Layer, Lif, Linear};
use super::network_graph::{Graph, Node, Place};
use super::node_id::NodeId;
use super::shape::Shape;
use crate::{Error, Result};

/// A network as a device runs it: its LIF layers one after the other, each with the terms that add up to its map.
///
/// A convolution, its batch norm and the 2x2 average pooling of a reduction are one term; LIF layers that read the same map with
/// the same threshold fire the same, and are one. What the output does not depend on is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    /// Every map, after those that it reads.
    pub maps: Vec<Map>,
    /// LIF layers of the backbone, after those that they read.
    pub layers: Vec<Spiking>,
    /// Maps and layers in the order of execution.
    pub order: Vec<Stage>,
    /// Sets of maps that are added to one another, channel by channel, with the channels of each.
    pub groups: Vec<usize>,
    /// What follows the last LIF layer of the backbone.
    pub classifier: Classifier,
    /// Shape of the image or a frame.
    pub input: Shape,
    /// Whether a sample is a frame for each timestep, rather than one image.
    pub frames: bool,
}

/// One step of the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A map is computed.
    Map(usize),
    /// A layer fires.
    Layer(usize),
}

/// A feature map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// What it is.
    pub content: Content,
    /// Its shape.
    pub shape: Shape,
    /// The set of maps that it belongs to: those of one set share their units.
    pub group: usize,
    /// Whether it is the same at every timestep.
    pub is_constant: bool,
}

/// What a map is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A convolution with its batch norm.
    Convolved(Convolved),
    /// The average of a square around each pixel of another map.
    Averaged {
        /// The other map.
        source: usize,
        /// Side of the square.
        side: usize,
    },
    /// The sum of other maps; zeros where there are none.
    Sum(Vec<usize>),
}

/// A convolution with its batch norm, and the average of each tile of what they give.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolved {
    /// The convolution.
    pub convolution: Convolution,
    /// The batch norm behind it.
    pub norm: BatchNorm,
    /// What it convolves.
    pub source: Source,
    /// Side of the tiles that are averaged; 1 where nothing is.
    pub tile: usize,
    /// The layer whose own copy it is, where layers share nothing.
    pub reader: Option<usize>,
}

/// What a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The image, or the frame of the timestep.
    Image,
    /// Spikes of a layer.
    Layer(usize),
}

/// A LIF layer, or several that fire the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Spiking {
    /// The layers of the graph, which differ in their names alone.
    pub lifs: Vec<Lif>,
    /// What it reads.
    pub map: usize,
    /// The batch norm between.
    pub norm: Option<BatchNorm>,
}

impl Spiking {
    /// Name of the first of its layers.
    pub fn name(&self) -> &str {
        &self.lifs[0].name
    }

    /// Neurons of one sample.
    pub fn shape(&self) -> Shape {
        self.lifs[0].shape
    }

    /// Membrane at which it fires.
    pub fn threshold(&self) -> f32 {
        self.lifs[0].threshold
    }
}

/// Average pooling of the last spikes, a hidden layer that spikes, and the outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// The layer whose spikes it reads.
    pub source: usize,
    /// Side of the pooling's tiles.
    pub pool: usize,
    /// The hidden layer.
    pub hidden: Linear,
    /// Its neurons.
    pub lif: Lif,
    /// The output layer.
    pub output: Linear,
    /// Outputs that vote for one class.
    pub cluster: usize,
}

impl Stages {
    /// The stages of a graph.
    ///
    /// Errors: a graph of another kind than this library lays out.
    pub fn new(graph: &Graph) -> Result<Self> {
        let needed = needed(graph);
        let mut builder = Builder::new(graph);
        for (id, node) in graph.iter().filter(|(id, _)| needed[id.index()]) {
            builder.add(id, node)?;
        }
        builder.finish()
    }

    /// The same where no layer shares a map with another: each has its own copies of all convolutions that it reads.
    pub fn split(&self) -> Self {
        let mut split =
            Self { maps: Vec::new(), layers: Vec::new(), order: Vec::new(), groups: Vec::new(), ..self.clone() };
        for (index, layer) in self.layers.iter().enumerate() {
            let map = split.copy(self, layer.map, index, &mut HashMap::new());
            split.groups.push(layer.shape().channels);
            split.layers.push(Spiking { map, ..layer.clone() });
            split.order.push(Stage::Layer(index));
        }
        split
    }

    /// Adds a copy of a map of others for a layer; returns its number.
    fn copy(&mut self, of: &Self, map: usize, reader: usize, made: &mut HashMap<usize, usize>) -> usize {
        if let Some(&copy) = made.get(&map) {
            return copy;
        }
        let (number, map) = (map, &of.maps[map]);
        let content = match &map.content {
            Content::Convolved(convolved) => {
                Content::Convolved(Convolved { reader: Some(reader), ..convolved.clone() })
            }
            Content::Averaged { source, side } => {
                Content::Averaged { source: self.copy(of, *source, reader, made), side: *side }
            }
            Content::Sum(inputs) => {
                Content::Sum(inputs.iter().map(|&input| self.copy(of, input, reader, made)).collect())
            }
        };
        self.maps.push(Map { content, group: reader, ..map.clone() });
        let copy = self.maps.len() - 1;
        self.order.push(Stage::Map(copy));
        made.insert(number, copy);
        copy
    }

    /// A name of a convolution that no other has: the layer's that reads its copy stands behind its own.
    pub fn label(&self, convolved: &Convolved) -> String {
        let name = &convolved.convolution.name;
        convolved.reader.map_or_else(|| name.clone(), |reader| format!("{name}.to.{}", self.layers[reader].name()))
    }

    /// The maps that add up to a map and are no sums themselves, as often as they are added.
    pub fn terms(&self, map: usize) -> Vec<usize> {
        match &self.maps[map].content {
            Content::Sum(inputs) => inputs.iter().flat_map(|&input| self.terms(input)).collect(),
            Content::Convolved(_) | Content::Averaged { .. } => vec![map],
        }
    }

    /// Every convolution with the number of its map.
    pub fn convolutions(&self) -> impl Iterator<Item = (usize, &Convolved)> {
        self.maps.iter().enumerate().filter_map(|(map, Map { content, .. })| match content {
            Content::Convolved(convolved) => Some((map, convolved)),
            Content::Averaged { .. } | Content::Sum(_) => None,
        })
    }

    /// The layers whose spikes a map is made of, through all that it reads.
    pub fn sources(&self, map: usize) -> Vec<usize> {
        match &self.maps[map].content {
            Content::Convolved(Convolved { source: Source::Layer(layer), .. }) => vec![*layer],
            Content::Convolved(Convolved { source: Source::Image, .. }) => Vec::new(),
            Content::Averaged { source, .. } => self.sources(*source),
            Content::Sum(inputs) => inputs.iter().flat_map(|&input| self.sources(input)).collect(),
        }
    }
}

/// Which nodes the last one depends on.
fn needed(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let mut needed = vec![false; nodes.len()];
    needed[nodes.len() - 1] = true;
    for (index, node) in nodes.iter().enumerate().rev().filter(|(_, node)| !node.inputs.is_empty()) {
        if needed[index] {
            node.inputs.iter().for_each(|input| needed[input.index()] = true);
        }
    }
    needed
}

/// What a node of the graph has become.
#[derive(Clone, Copy)]
enum Became {
    /// The image.
    Image,
    /// A convolution whose batch norm is still to come: its node.
    Convolution(NodeId),
    /// A map.
    Map(usize),
    /// A map with a batch norm before a LIF layer: its node.
    Normed(usize, NodeId),
    /// Spikes of a layer.
    Spikes(usize),
    /// A part of the classifier.
    Classifier,
}

struct Builder<'a> {
    graph: &'a Graph,
    became: Vec<Option<Became>>,
    maps: Vec<Map>,
    layers: Vec<Spiking>,
    order: Vec<Stage>,
    pooled: Option<(usize, usize)>,
    linears: Vec<Linear>,
    hidden: Option<Lif>,
    cluster: usize,
}

impl<'a> Builder<'a> {
    fn new(graph: &'a Graph) -> Self {
        let became = vec![None; graph.nodes().len()];
        let (maps, layers, order, linears) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { graph, became, maps, layers, order, pooled: None, linears, hidden: None, cluster: 1 }
    }

    fn input(&self, node: &Node) -> Option<Became> {
        node.inputs.first().and_then(|id| self.became[id.index()])
    }

    fn add(&mut self, id: NodeId, node: &Node) -> Result<()> {
        let became = match (&node.layer, self.input(node)) {
            (Layer::Input, _) => Became::Image,
            (Layer::Convolution(_), Some(Became::Image | Became::Spikes(_))) => Became::Convolution(id),
            (Layer::BatchNorm(norm), Some(Became::Convolution(of))) => self.convolved(of, norm, node)?,
            (Layer::BatchNorm(_), Some(Became::Map(map))) => Became::Normed(map, id),
            (Layer::Feedback { .. }, _) => return Err(Error::invalid(FEEDBACK)),
            (Layer::Sum, _) => self.sum(node)?,
            (Layer::AveragePool(pool), Some(Became::Map(map))) => self.average(pool, map, node)?,
            (Layer::AveragePool(pool), Some(Became::Spikes(layer))) => {
                self.pooled = Some((layer, pool.tile().ok_or_else(|| unknown(node))?));
                Became::Classifier
            }
            (Layer::Lif(lif), Some(Became::Map(map))) => self.spiking(lif, map, None),
            (Layer::Lif(lif), Some(Became::Normed(map, norm))) => self.spiking(lif, map, Some(norm)),
            (Layer::Lif(lif), Some(Became::Classifier)) => {
                self.hidden = Some(lif.clone());
                Became::Classifier
            }
            (Layer::Linear(linear), Some(Became::Classifier)) => {
                self.linears.push(linear.clone());
                Became::Classifier
            }
            (Layer::Vote { cluster }, Some(Became::Classifier)) => {
                self.cluster = *cluster;
                Became::Classifier
            }
            _ => return Err(unknown(node)),
        };
        self.became[id.index()] = Some(became);
        Ok(())
    }

    fn map(&mut self, content: Content, node: &Node, group: usize, is_constant: bool) -> Became {
        self.maps.push(Map { content, shape: node.shape, group, is_constant });
        self.order.push(Stage::Map(self.maps.len() - 1));
        Became::Map(self.maps.len() - 1)
    }

    fn convolved(&mut self, of: NodeId, norm: &BatchNorm, node: &Node) -> Result<Became> {
        let of = self.graph.node(of);
        let Layer::Convolution(convolution) = &of.layer else { return Err(unknown(of)) };
        let source = match self.input(of) {
            Some(Became::Image) => Source::Image,
            Some(Became::Spikes(layer)) => Source::Layer(layer),
            _ => return Err(unknown(of)),
        };
        let (convolution, norm) = (convolution.clone(), norm.clone());
        let content = Content::Convolved(Convolved { convolution, norm, source, tile: 1, reader: None });
        Ok(self.map(content, node, group(node), source == Source::Image && !self.graph.config.frames))
    }

    fn sum(&mut self, node: &Node) -> Result<Became> {
        let inputs = node.inputs.iter().map(|id| match self.became[id.index()] {
            Some(Became::Map(map)) => Ok(map),
            _ => Err(unknown(node)),
        });
        let inputs: Vec<usize> = inputs.collect::<Result<_>>()?;
        let is_constant = inputs.iter().all(|&input| self.maps[input].is_constant);
        Ok(self.map(Content::Sum(inputs), node, group(node), is_constant))
    }

    /// The average of a square around each pixel is a map of its own, that of tiles belongs to the convolution.
    fn average(&mut self, pool: &AveragePool, map: usize, node: &Node) -> Result<Became> {
        let Map { content, shape, is_constant, .. } = &mut self.maps[map];
        match (pool.tile(), content) {
            (Some(side), Content::Convolved(convolved)) if convolved.tile == 1 => {
                convolved.tile = side;
                *shape = node.shape;
                Ok(Became::Map(map))
            }
            (None, _) if *pool == AveragePool::around(pool.side) => {
                let (content, is_constant) = (Content::Averaged { source: map, side: pool.side }, *is_constant);
                Ok(self.map(content, node, group(node), is_constant))
            }
            _ => Err(unknown(node)),
        }
    }

    fn spiking(&mut self, lif: &Lif, map: usize, norm: Option<NodeId>) -> Became {
        let norm = norm.and_then(|id| match &self.graph.node(id).layer {
            Layer::BatchNorm(norm) => Some(norm.clone()),
            _ => None,
        });
        let is_same = |other: &Spiking| {
            other.map == map && norm.is_none() && other.norm.is_none() && other.threshold() == lif.threshold
        };
        if let Some(layer) = self.layers.iter().position(is_same) {
            self.layers[layer].lifs.push(lif.clone());
            return Became::Spikes(layer);
        }
        self.layers.push(Spiking { lifs: vec![lif.clone()], map, norm });
        self.order.push(Stage::Layer(self.layers.len() - 1));
        Became::Spikes(self.layers.len() - 1)
    }

    fn finish(self) -> Result<Stages> {
        let Self { graph, maps, layers, order, pooled, linears, hidden, cluster, .. } = self;
        let (Some((source, pool)), Some(lif), Ok([hidden, output])) =
            (pooled, hidden, <[Linear; 2]>::try_from(linears))
        else {
            return Err(Error::invalid("the network has no classifier of two layers"));
        };
        let mut groups = Vec::new();
        for map in &maps {
            groups.resize(groups.len().max(map.group + 1), map.shape.channels);
            groups[map.group] = map.shape.channels;
        }
        let classifier = Classifier { source, pool, hidden, lif, output, cluster };
        Ok(Stages { maps, layers, order, groups, classifier, input: graph.input, frames: graph.config.frames })
    }
}

/// What is said of cells that no device runs yet.
const FEEDBACK: &str =
    "cells with edges back to earlier nodes have no form for devices and simulators: take forward cells";

/// The set of maps that a map of a place is added to: those of a cell with what comes before it.
fn group(node: &Node) -> usize {
    match node.place {
        Place::Node { cell, .. } | Place::Edge { cell, .. } | Place::Feedback { cell, .. } => cell,
        Place::Reduction { cell } => cell + 1,
        Place::Input | Place::Stem | Place::LastActivation | Place::Classifier => 0,
    }
}

fn unknown(node: &Node) -> Error {
    Error::invalid(format!("a network with {:?} at {:?} is none that this program lays out", node.layer, node.place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NetworkConfig;

    fn stages(text: &str, cells: usize) -> Stages {
        let image = Shape { channels: 3, height: 32, width: 32 };
        let config = NetworkConfig { cells, ..NetworkConfig::preset("sample").unwrap() };
        Stages::new(&Graph::new(&text.parse().unwrap(), &config, image).unwrap()).unwrap()
    }

    #[test]
    fn layers_that_fire_the_same_are_one() {
        let found = stages("0333 0033 0003 0000", 1);
        let names: Vec<Vec<&str>> =
            found.layers.iter().map(|l| l.lifs.iter().map(|lif| lif.name.as_str()).collect()).collect();
        let edge = |edge: usize| format!("cell1.cell_architecture.{edge}.0");
        let expected = [vec![edge(0), edge(1), edge(3)], vec![edge(2), edge(4)], vec![edge(5)]];
        assert_eq!(names[..3], expected);
        assert_eq!(names[3..], [vec!["downconv1.1"], vec!["last_act.1"]]);
        assert_eq!((found.groups.as_slice(), found.classifier.source), ([16, 32].as_slice(), 4));
    }

    #[test]
    fn skips_are_no_stages_and_a_map_is_added_as_often_as_paths_lead_to_it() {
        let found = stages("0101 0001 0000 0000", 1);
        let Content::Sum(_) = &found.maps[found.layers[0].map].content else { panic!("{found:?}") };
        assert_eq!(found.terms(found.layers[0].map), [0, 0]);
        assert!(found.maps[found.layers[0].map].is_constant);
    }

    #[test]
    fn a_reduction_with_its_pooling_is_one_term_and_what_nothing_reads_is_none() {
        let found = stages("0310 0000 0001 0000", 2);
        let convolutions: Vec<(&str, usize)> =
            found.convolutions().map(|(_, c)| (c.convolution.name.as_str(), c.tile)).collect();
        assert_eq!(convolutions, [("stem.0", 1), ("downconv1.2", 2)]);
        assert!(found.layers.iter().all(|layer| !layer.name().contains("cell_architecture")));
    }
}
