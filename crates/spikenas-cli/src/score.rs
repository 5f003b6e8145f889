use clap::Args;
use serde::Serialize;
use spikenas::engine::engine;
use spikenas::score::ScoreKind;
use spikenas::workflow::{Scored, score};
use spikenas::{Error, Result, Silent};

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

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.common.machine.start_threads()?;
    let architectures =
        arguments.arch.iter().map(|text| arguments.digits.architecture(text)).collect::<Result<Vec<_>>>()?;
    let preset = arguments.network.preset.as_deref();
    let config = arguments.score.options().config(preset, ScoreKind::Funnel, arguments.common.seed())?;
    if let (false, Some(batch)) = (config.kind.is_drawn(), arguments.score.batch) {
        return Err(Error::invalid(format!("batch {batch}: the score {} looks at no images", config.kind)));
    }
    config.check()?;
    let dataset = arguments.data.open()?;
    let network = arguments.network.config(&arguments.data, Some(&dataset))?;
    let results = score(&architectures, &network, &config, &dataset, &engine("cpu")?, &mut Silent)?;
    let scores = Scores { results };
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
