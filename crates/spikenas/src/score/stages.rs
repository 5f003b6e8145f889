use super::batch_norm::RunningStatistics;
use super::feature_map::FeatureMap;
use super::forward::LayerSpikes;
use crate::space::Cell;

/// What earlier passes on the same images and weights leave to later ones: the network up to some cell, for the last
/// architecture that ran through it.
///
/// A search that varies one cell finds everything before that cell here, computed once; what it finds are the same bits
/// as if it had been computed again.
#[derive(Default)]
pub struct Stages {
    /// The stem alone, then each cell but the last with the reduction behind it.
    kept: Vec<Stage>,
}

/// A pass up to a point.
#[derive(Clone)]
pub(super) struct Stage {
    /// The cells that were run, on which all the rest depends.
    pub(super) cells: Vec<Cell>,
    /// What the next cell reads.
    pub(super) map: FeatureMap,
    /// Spikes of the LIF layers so far.
    pub(super) layers: Vec<LayerSpikes>,
    /// Running statistics so far.
    pub(super) running: RunningStatistics,
}

impl Stages {
    /// The furthest stage from which a network of these cells can go on.
    pub(super) fn furthest(&self, cells: &[Cell]) -> Option<Stage> {
        let fits = |stage: &&Stage| cells.starts_with(&stage.cells) && stage.cells.len() < cells.len();
        self.kept.iter().rev().find(fits).cloned()
    }

    /// Keeps a stage in place of the one of as many cells and of all that went on from it.
    pub(super) fn keep(&mut self, stage: Stage) {
        self.kept.truncate(stage.cells.len());
        self.kept.push(stage);
    }
}
