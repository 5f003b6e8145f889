use std::collections::HashMap;

use super::lookup::Lookup;
use super::record::{ReplayConfig, ReplayRecord, Replayed};
use crate::graph::{NetworkConfig, Shape};
use crate::progress::{Progress, Silent};
use crate::record::FORMAT_VERSION;
use crate::search::{Evaluator, Method, Problem, SearchConfig, search};
use crate::space::{Architecture, Cell, Operation};
use crate::spread::Spread;
use crate::workflow::correlate::Table;
use crate::{Error, Result};

/// Draws for each evaluation, since equal ones cost nothing.
const DRAWS: usize = 20;

/// A table as the searches see it.
struct Replay<'a> {
    config: &'a ReplayConfig,
    network: NetworkConfig,
    operations: Vec<Operation>,
    /// What a search sees of each architecture.
    seen: HashMap<Architecture, f64>,
    /// What is told of each.
    truth: HashMap<Architecture, f64>,
    /// The highest that can be seen.
    highest: f64,
}

/// Replays searches on a table: they see the truths of `seen`, and what is told are those of `table`, which has the same
/// architectures.
///
/// Errors: settings out of range, tables of other architectures, a method that refuses the space, a stop that was asked for.
pub fn replay(config: &ReplayConfig, table: &Table, seen: &Table, progress: &mut dyn Progress) -> Result<ReplayRecord> {
    config.check()?;
    let replay = Replay::new(config, table, seen)?;
    let points = config.points();
    let searches = |method: Method| if method.draws() { config.seeds.as_slice() } else { &config.seeds[..1] };
    progress.begin("searches", config.methods.iter().map(|&method| searches(method).len()).sum());
    let mut methods = Vec::new();
    for &method in &config.methods {
        let mut found = vec![Vec::new(); points.len()];
        let mut came_to_the_best = 0;
        for &seed in searches(method) {
            if progress.is_cancelled() {
                return Err(Error::Interrupted("nothing is kept of a replay".into()));
            }
            let climb = replay.climb(method, seed)?;
            // Where a search ends before, what it found stays.
            let at = |point: usize| climb.get(point.min(climb.len()).saturating_sub(1)).copied();
            for (found, &point) in found.iter_mut().zip(&points) {
                found.extend(at(point).and_then(|(_, truth)| truth));
            }
            came_to_the_best += usize::from(climb.last().is_some_and(|(seen, _)| *seen == replay.highest));
            progress.advance(1, method.name());
        }
        let found = found.iter().map(|found| Spread::of(found)).collect();
        methods.push(Replayed { method, searches: searches(method).len(), found, came_to_the_best });
    }
    progress.end();
    let best = replay.truth.values().copied().fold(f64::NEG_INFINITY, f64::max);
    let tops = replay.seen.iter().filter(|(_, seen)| **seen == replay.highest);
    let findable = tops.filter_map(|(top, _)| replay.truth.get(top)).copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(ReplayRecord {
        version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        architectures: replay.truth.len(),
        best,
        findable,
        evaluations: points,
        methods,
    })
}

impl<'a> Replay<'a> {
    fn new(config: &'a ReplayConfig, table: &Table, seen: &Table) -> Result<Self> {
        let cells = table.cells().unwrap_or(1);
        let values = |table: &Table| {
            let rows = table.rows.iter();
            let all = rows.map(|row| Ok((row.architecture.clone().with_cells(cells)?, row.truth)));
            all.collect::<Result<HashMap<_, _>>>()
        };
        let (truth, seen) = (values(table)?, values(seen)?);
        if truth.len() != seen.len() || truth.keys().any(|architecture| !seen.contains_key(architecture)) {
            return Err(Error::invalid("what a replay sees and what it tells are of different architectures"));
        }
        let operations = Operation::ALL.into_iter().filter(|operation| {
            let has = |cell: &Cell| cell.operations().contains(operation);
            truth.keys().any(|architecture| architecture.cells().iter().any(has))
        });
        let network = NetworkConfig { cells, ..NetworkConfig::preset("sample")? };
        let highest = seen.values().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Self { config, network, operations: operations.collect(), seen, truth, highest })
    }

    /// The best candidate after each evaluation: what was seen of it, and its truth, once the table has one.
    fn climb(&self, method: Method, seed: u64) -> Result<Vec<(f64, Option<f64>)>> {
        let (operations, iterations) = (self.operations.clone(), self.config.evaluations.saturating_mul(DRAWS));
        let config = SearchConfig { method, operations, iterations, seed, ..SearchConfig::default() };
        let lookup = Lookup::new(&self.seen, self.config.evaluations);
        // No image is looked at: any shape will do.
        let image = Shape { channels: 3, height: 32, width: 32 };
        let problem = Problem::new(&config, &self.network, image)?;
        match search(&config, &mut Evaluator::new(problem, &lookup, None)?, &mut Silent) {
            Err(error) if !(matches!(error, Error::Interrupted(_)) && lookup.is_spent()) => return Err(error),
            _ => {}
        }
        let mut best = (f64::NEG_INFINITY, None);
        let climb = lookup.into_seen().into_iter().map(|architecture| {
            if let (Some(&seen), Some(&truth)) = (self.seen.get(&architecture), self.truth.get(&architecture)) {
                // The first that is looked up counts, whatever it is.
                if seen > best.0 || best.1.is_none() {
                    best = (seen, Some(truth));
                }
            }
            best
        });
        Ok(climb.collect())
    }
}
