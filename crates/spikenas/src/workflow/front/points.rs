use std::path::Path;

use crate::cost::ParameterCount;
use crate::data::Dataset;
use crate::graph::{Graph, Sizes};
use crate::search::{FrontPoint, Limit, SearchRecord};
use crate::space::Architecture;
use crate::workflow::run::{Lineage, RunConfig};
use crate::{Error, Result};

/// A network to train.
pub(super) struct Point {
    /// The limits that it answers, the largest first; none where it is a candidate that no other beats.
    pub limits: Vec<Limit>,
    /// The run that trains it, as if it were alone.
    pub config: RunConfig,
    /// The search that found it, as if its limit were alone; that of the smallest limit.
    pub record: Option<SearchRecord>,
    pub architecture: Architecture,
    pub parameters: ParameterCount,
    pub score: f64,
}

impl Point {
    fn is(&self, architecture: &Architecture, sizes: Option<Sizes>) -> bool {
        let own = self.record.as_ref().and_then(|record| record.sizes);
        own == sizes && self.architecture.to_string() == architecture.to_string()
    }

    /// Its run, with the sizes of its network.
    pub fn settled(&self) -> RunConfig {
        self.record.as_ref().map_or_else(|| self.config.clone(), |record| self.config.settled(record))
    }

    /// Its graph.
    pub fn graph(&self, dataset: &Dataset) -> Result<Graph> {
        Graph::new(&self.architecture, &self.settled().network, dataset.train.shape)
    }
}

/// The different networks that a search answers, the smallest first.
///
/// Errors: a folder whose absolute path is not known.
pub(super) fn points(config: &RunConfig, record: &SearchRecord, folder: &Path) -> Result<Vec<Point>> {
    let mut points: Vec<Point> = Vec::new();
    let alone = SearchRecord { answers: Vec::new(), front: Vec::new(), ..record.clone() };
    for (mut config, answer) in config.by_limit().into_iter().zip(std::iter::once(&alone).chain(&record.answers)) {
        let limit = config.search.limit();
        config.search.front = None;
        match points.iter_mut().find(|point| point.is(&answer.architecture, answer.sizes)) {
            Some(point) => {
                point.limits.push(limit);
                (point.config, point.record) = (config, Some(answer.clone()));
            }
            None => points.push(Point {
                limits: vec![limit],
                config,
                architecture: answer.architecture.clone(),
                parameters: answer.parameters,
                score: answer.score.0,
                record: Some(answer.clone()),
            }),
        }
    }
    let found_by = std::path::absolute(folder).map_err(Error::io(folder))?;
    for FrontPoint { architecture, score, parameters, .. } in &record.front {
        if points.iter().any(|point| point.is(architecture, None)) {
            continue;
        }
        let lineage = Some(Lineage { found_by: Some(found_by.clone()), weights: None });
        let config = RunConfig { lineage, ..config.clone().of_architecture(architecture) };
        let (architecture, parameters, score) = (architecture.clone(), *parameters, score.0);
        points.push(Point { limits: Vec::new(), config, record: None, architecture, parameters, score });
    }
    points.sort_by_key(|point| (point.parameters.in_scope(config.search.scope), point.architecture.to_string()));
    Ok(points)
}
