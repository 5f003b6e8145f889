//! Which tensors a supernet has: those outside of the cells once, those of a cell once for each operation of each edge.

use std::collections::BTreeMap;

use crate::graph::{Graph, NetworkConfig, Parameter, Place, Shape};
use crate::space::{Architecture, Cell, Edge, Operation, SearchSpace};
use crate::train::TrainConfig;
use crate::weights::{Tensor, Weights};
use crate::{Error, Result};

/// An operation on an edge of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    cell: usize,
    edge: Edge,
    operation: Operation,
}

impl Choice {
    /// Those of a cell that have tensors.
    pub fn all(cell: usize, operations: &Cell) -> impl Iterator<Item = Self> {
        let edges = Edge::ALL.into_iter().chain(Edge::BACK);
        let choices = edges.map(move |edge| Self { cell, edge, operation: operations.operation(edge) });
        choices.filter(|choice| choice.operation.kernel().is_some())
    }
}

/// A tensor of a path.
pub(super) struct Kept {
    /// As the path's network has it.
    pub parameter: Parameter,
    /// Its name in the supernet.
    pub name: String,
    /// The operation that it belongs to; none where every path has it.
    pub choice: Option<Choice>,
}

/// The tensors of a path. In the supernet, the operation comes before the name: `conv3x3.cell1.cell_architecture.0.1.weight`.
pub(super) fn tensors(graph: &Graph) -> impl Iterator<Item = Kept> {
    graph.nodes().iter().flat_map(|node| {
        let choice = match node.place {
            Place::Edge { cell, edge } => {
                Some(Choice { cell, edge, operation: graph.architecture.cells()[cell].operation(edge) })
            }
            _ => None,
        };
        node.layer.parameters().into_iter().map(move |parameter| {
            let name = match choice {
                Some(Choice { operation, .. }) => format!("{operation}.{}", parameter.name),
                None => parameter.name.clone(),
            };
            Kept { parameter, name, choice }
        })
    })
}

/// Networks that have all tensors between them: for each operation one that has it wherever it is allowed.
///
/// Errors: settings out of range.
pub(super) fn covering(space: &SearchSpace, config: &NetworkConfig, input: Shape) -> Result<Vec<Graph>> {
    let graph = |&operation: &Operation| {
        let allowed = space.edges().filter(|&edge| space.choices(edge).contains(&operation));
        let cell = allowed.fold(Cell::uniform(Operation::Zeroize), |cell, edge| cell.with(edge, operation));
        Graph::new(&Architecture::repeated(cell, space.cells())?, config, input)
    };
    space.operations().iter().map(graph).collect()
}

/// Every tensor as a training begins with it: equal to that of a network which is trained alone.
pub(super) fn initial(graphs: &[Graph], config: &TrainConfig) -> Weights {
    let mut all = BTreeMap::new();
    for graph in graphs {
        let drawn = config.initial_weights(graph);
        for Kept { parameter, name, .. } in tensors(graph) {
            all.entry(name).or_insert_with(|| drawn.tensors()[&parameter.name].clone());
        }
    }
    Weights::new(all, 0)
}

/// Whether these are the weights of a supernet: every tensor there with its shape, finite, and no other.
pub(super) fn check(graphs: &[Graph], weights: &Weights) -> Result<()> {
    let expected: BTreeMap<String, Vec<usize>> =
        graphs.iter().flat_map(tensors).map(|kept| (kept.name, kept.parameter.shape)).collect();
    let found = weights.tensors();
    if let Some(name) = expected.keys().find(|name| !found.contains_key(*name)) {
        return Err(Error::invalid(format!("tensor `{name}` is missing")));
    }
    for (name, Tensor { shape, values }) in found {
        match expected.get(name) {
            None => return Err(Error::invalid(format!("tensor `{name}` does not belong to the supernet"))),
            Some(needed) if needed != shape => {
                return Err(Error::invalid(format!(
                    "tensor `{name}` has shape {shape:?}, the supernet needs {needed:?}"
                )));
            }
            Some(_) if values.iter().any(|value| !value.is_finite()) => {
                return Err(Error::invalid(format!("tensor `{name}` holds a value that is not finite")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The weights that a network inherits.
///
/// # Panics
/// If the supernet is one of another space or network; see [`check`].
pub(super) fn inherited(graph: &Graph, supernet: &Weights) -> Weights {
    let tensors = tensors(graph).map(|kept| (kept.parameter.name, supernet.tensors()[&kept.name].clone()));
    Weights::new(tensors.collect(), supernet.batches_tracked)
}
