use std::path::Path;
use std::sync::OnceLock;

use super::{assert_goes_on, cpu, dataset};
use crate::Result;
use crate::graph::NetworkConfig;
use crate::progress::Silent;
use crate::record::power::{Tree, repeat_after_crashes};
use crate::record::{files, read_record_if_there, write_record};
use crate::score::ScoreKind;
use crate::space::Architecture;
use crate::workflow::correlate::{CorrelateConfig, Correlation, Row, Table, correlate, score_table};

fn table() -> Table {
    let row = |(text, truth): (&str, f64)| Row { architecture: text.parse::<Architecture>().unwrap(), truth };
    let rows = [("0111 0011 0001 0000", 70.0), ("0313 0031 0003 0000", 90.0), ("0303 0030 0003 0000", 80.0)];
    Table { rows: rows.map(row).to_vec(), had_fractions: false }
}

/// Scores by kind and seed, in the order of the table.
type Values = Vec<Vec<f64>>;

/// Correlates, or goes on with it, in a folder below a root. `known`: the correlation of the scores, which takes longer than they.
fn run(root: &Path, known: &OnceLock<Correlation>) -> Result<(Values, Correlation)> {
    let preset = NetworkConfig::preset("sample")?;
    let config = CorrelateConfig {
        scores: vec![ScoreKind::Sahd, ScoreKind::Synflow],
        seeds: CorrelateConfig::seeds(1, 2)?,
        network: NetworkConfig { widths: [4, 8], hidden: 16, classes: 2, cells: 1, timesteps: 2, ..preset },
        batch: 4,
        repeats: 1,
    };
    let (table, folder) = (table(), root.join("scores"));
    files::create_folder(&folder)?;
    let journal = folder.join("scores.jsonl");
    let scores = score_table(&table, &config, &dataset(), &cpu(), Some(&journal), &mut Silent)?;
    let of = |(kind, seed): (ScoreKind, u64)| scores.of(kind, seed, &table, &config);
    let all = config.scores.iter().flat_map(|&kind| config.seeds.iter().map(move |&seed| (kind, seed)));
    let values = all.map(of).collect::<Result<Values>>()?;
    let correlation = known.get_or_init(|| correlate(&table, &config, &scores).unwrap());
    write_record(&folder.join("correlate.json"), correlation)?;
    Ok((values, read_record_if_there(&folder.join("correlate.json"))?.unwrap()))
}

#[test]
fn a_correlation_goes_on_after_a_loss_of_power_at_any_moment() {
    let known = OnceLock::new();
    assert_goes_on(&repeat_after_crashes(&Tree::new(), |root| run(root, &known)), 30);
}
