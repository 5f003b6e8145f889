use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use crate::cost::{Ledger, ParameterCount};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::{Graph, NetworkConfig};
use crate::progress::Progress;
use crate::record::Number;
use crate::score::{Listener, Score, ScoreConfig, check_room, reason, score_batches, scorer};
use crate::space::Architecture;
use crate::{Error, Result};

/// An architecture and its score.
#[derive(Clone, Debug, Serialize)]
pub struct Scored {
    /// The architecture.
    pub architecture: Architecture,
    /// Its score.
    pub score: Number,
    /// Why it is minus infinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// Spikes per neuron and timestep, untrained, where the score took a forward pass.
    pub firing_rate: Option<f64>,
    /// Wall-clock time of the score; less where it shared layers with those before it.
    pub seconds: f64,
}

/// Scores architectures on images of a dataset, without training them; in the order in which they are given.
///
/// Errors: settings out of range, images that do not fit, too little memory, a stop that was asked for.
pub fn score(
    architectures: &[Architecture],
    network: &NetworkConfig,
    config: &ScoreConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn Progress,
) -> Result<Vec<Scored>> {
    let graphs = architectures.iter().map(|a| Graph::new(a, network, dataset.train.shape));
    let graphs = graphs.collect::<Result<Vec<Graph>>>()?;
    graphs.iter().try_for_each(|graph| check_room(config, engine.as_ref(), graph))?;
    let scorer = scorer(engine, config, network, score_batches(config, dataset)?)?;
    progress.begin("score", graphs.len());
    let results = graphs.iter().map(|_| None).collect();
    let begin = Instant::now();
    let mut table = Table { graphs: &graphs, config, dataset, engine: engine.as_ref(), results, begin, progress };
    scorer.score_each(&graphs, &mut table)?;
    let results = table.results.into_iter().flatten().collect();
    progress.end();
    Ok(results)
}

/// The scores so far.
struct Table<'a> {
    graphs: &'a [Graph],
    config: &'a ScoreConfig,
    dataset: &'a Dataset,
    engine: &'a dyn Engine,
    results: Vec<Option<Scored>>,
    begin: Instant,
    progress: &'a mut dyn Progress,
}

impl Listener for Table<'_> {
    fn scored(&mut self, index: usize, score: Score) -> Result<()> {
        let graph = &self.graphs[index];
        let why = || reason(self.engine, self.config, graph, &score_batches(self.config, self.dataset)?);
        self.results[index] = Some(Scored {
            architecture: graph.architecture.clone(),
            score: score.value.into(),
            reason: (score.value == f64::NEG_INFINITY).then(why).transpose()?,
            parameters: Ledger::new(graph).count(),
            firing_rate: score.firing_rate,
            seconds: self.begin.elapsed().as_secs_f64(),
        });
        self.begin = Instant::now();
        self.progress.advance(1, "");
        self.step()
    }

    fn step(&mut self) -> Result<()> {
        match self.progress.is_cancelled() {
            true => Err(Error::Interrupted("nothing is kept of the scores".into())),
            false => Ok(()),
        }
    }
}
