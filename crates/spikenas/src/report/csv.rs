use serde::Serialize;

use super::records::{Records, RunRecords};
use crate::{Error, Result};

/// A scored candidate as a row.
#[derive(Serialize)]
struct Row<'a> {
    run: &'a str,
    architecture: String,
    score: f64,
    backbone: u64,
    classifier: u64,
    network: u64,
    firing_rate: Option<f64>,
    seconds: f64,
}

/// The scored candidates of all runs as comma-separated values: a head, then a row per candidate, in the order in which they were
/// scored.
///
/// Columns: the run's folder, the architecture, its score (`-inf` where it has none that is finite), its parameters in the
/// backbone, the classifier and the whole network, its firing rate (empty where the score took no forward pass), and the seconds
/// of its score. Errors: nothing was scored.
pub fn csv(records: &[Records]) -> Result<String> {
    let runs: Vec<&RunRecords> = records.iter().flat_map(Records::runs).collect();
    if runs.iter().all(|run| run.candidates.is_empty()) {
        let reason = "no candidate was scored: give the folder of a search";
        let folder = runs.first().map(|run| &run.folder);
        return Err(folder.map_or_else(|| Error::invalid(reason), |folder| Error::file(folder, reason)));
    }
    let unwritable = |e: String| Error::invalid(format!("the table cannot be written ({e})"));
    let mut table = csv::Writer::from_writer(Vec::new());
    for run in runs {
        let name = run.name();
        for entry in &run.candidates {
            let row = Row {
                run: &name,
                architecture: entry.architecture.to_string(),
                score: entry.score.0,
                backbone: entry.parameters.backbone,
                classifier: entry.parameters.classifier,
                network: entry.parameters.network,
                firing_rate: entry.firing_rate,
                seconds: entry.seconds,
            };
            table.serialize(row).map_err(|e| unwritable(e.to_string()))?;
        }
    }
    let bytes = table.into_inner().map_err(|e| unwritable(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| unwritable(e.to_string()))
}
