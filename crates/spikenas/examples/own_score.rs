//! A search with a score of your own: few synaptic connections behind many convolutions.
//! `cargo run --release -p spikenas --example own_score`.

use spikenas::cost::Scope;
use spikenas::graph::Shape;
use spikenas::score::{Listener, Score, Scorer};
use spikenas::search::{Evaluator, Problem, SearchConfig, search};
use spikenas::{Graph, NetworkConfig, Result, Silent};

/// Convolutions for each multiplication of a dense network of the same layers.
struct Thrift;

impl Scorer for Thrift {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        for (index, graph) in graphs.iter().enumerate() {
            let always = spikenas::cost::Operations::new(graph, |_| Some(1.0));
            let dense = always.map_or(f64::INFINITY, |operations| operations.dense());
            let convolutions = graph.lifs().count() as f64;
            listener.scored(
                index,
                Score { value: convolutions.powi(2) / dense.ln(), firing_rate: None, ..Score::default() },
            )?;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let config = SearchConfig { budget: Some("40k".parse()?), scope: Scope::Backbone, ..SearchConfig::default() };
    let image = Shape { channels: 3, height: 32, width: 32 };
    let problem = Problem::new(&config, &NetworkConfig::preset("sample")?, image)?;
    let (best, passes) = search(&config, &mut Evaluator::new(problem, &Thrift, None)?, &mut Silent)?;
    let scored: usize = passes.iter().map(|pass| pass.scored).sum();
    println!("{scored} candidates scored; the best is {} at {:.3}", best.architecture, best.score.value);
    Ok(())
}
