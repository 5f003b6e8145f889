use std::time::Instant;

use clap::Args;
use serde::Serialize;
use spikenas::cost::{Ledger, ParameterCount};
use spikenas::engine::engine;
use spikenas::graph::Graph;
use spikenas::record::Number;
use spikenas::score::{Score, ScoreKind, check_room, reason, score_batches, scorer};
use spikenas::space::Architecture;
use spikenas::{Error, Result};

use crate::arguments::{CommonArguments, DataArguments, DigitArguments, NetworkArguments, ScoreArguments};
use crate::output::{grouped, print};

/// Score architectures without training them.
#[derive(Args)]
pub struct Arguments {
    /// An architecture as a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by `/`;
    /// may be repeated
    #[arg(short = 'a', long, value_name = "MATRIX", required = true)]
    arch: Vec<String>,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    digits: DigitArguments,
    #[command(flatten)]
    score: ScoreArguments,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Serialize)]
struct Scores {
    results: Vec<Scored>,
}

#[derive(Serialize)]
struct Scored {
    architecture: Architecture,
    score: Number,
    /// Why it is minus infinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    parameters: ParameterCount,
    firing_rate: Option<f64>,
    seconds: f64,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.common.machine.start_threads()?;
    let architectures =
        arguments.arch.iter().map(|text| arguments.digits.architecture(text)).collect::<Result<Vec<_>>>()?;
    let config = arguments.score.config(&arguments.network, ScoreKind::Funnel, arguments.common.seed())?;
    if let (false, Some(batch)) = (config.kind.is_drawn(), arguments.score.batch) {
        return Err(Error::invalid(format!("batch {batch}: the score {} looks at no images", config.kind)));
    }
    config.check()?;
    let dataset = arguments.data.open()?;
    let network = arguments.network.config(&arguments.data, Some(&dataset))?;
    let graphs =
        architectures.iter().map(|a| Graph::new(a, &network, dataset.train.shape)).collect::<Result<Vec<Graph>>>()?;
    let engine = engine("cpu")?;
    graphs.iter().try_for_each(|graph| check_room(&config, engine.as_ref(), graph))?;
    let scorer = scorer(&engine, &config, &network, score_batches(&config, &dataset)?)?;
    let mut begin = Instant::now();
    let mut results: Vec<Option<Scored>> = graphs.iter().map(|_| None).collect();
    scorer.score_each(&graphs, &mut |index: usize, score: Score| {
        let why = || reason(engine.as_ref(), &config, &graphs[index], &score_batches(&config, &dataset)?);
        results[index] = Some(Scored {
            architecture: graphs[index].architecture.clone(),
            score: score.value.into(),
            reason: (score.value == f64::NEG_INFINITY).then(why).transpose()?,
            parameters: Ledger::new(&graphs[index]).count(),
            firing_rate: score.firing_rate,
            seconds: begin.elapsed().as_secs_f64(),
        });
        begin = Instant::now();
        Ok(())
    })?;
    let scores = Scores { results: results.into_iter().flatten().collect() };
    print(arguments.common.machine.json, &scores, || words(&scores))
}

fn words(scores: &Scores) -> String {
    let mut text =
        format!("{:>12}  {:>12}  {:>11}  {:>8}  architecture\n", "score", "backbone", "firing rate", "seconds");
    for s in &scores.results {
        let backbone = grouped(s.parameters.backbone);
        let rate = s.firing_rate.map_or("-".into(), |rate| format!("{rate:.4}"));
        text += &format!("{:12.4}  {backbone:>12}  {rate:>11}  {:8.2}  {}\n", s.score.0, s.seconds, s.architecture);
        text += &s.reason.as_ref().map_or(String::new(), |reason| format!("{:>12}  {reason}\n", "because"));
    }
    text
}
