//! The report of the same run with several seeds.

use std::collections::BTreeSet;

use super::compare;
use super::document::Report;
use super::records::{Records, SeedsRecords};
use super::words::shortened;
use crate::workflow::seeds::SeedsRecord;
use crate::{Result, Spread, counted};

/// The report of a folder of several seeds: the runs side by side, and their means.
pub(super) fn report(records: &Records, seeds: &SeedsRecords) -> Result<Report> {
    let (Some(record), false) = (&seeds.seeds, seeds.runs.is_empty()) else {
        let title = "A run with several seeds".to_string();
        let summary = "No seed is finished yet.".to_string();
        let faults = seeds.faults.clone();
        return Ok(Report { title, summary, facts: vec![], sections: vec![], concerns: vec![], faults });
    };
    let compared = compare::report(std::slice::from_ref(records))?;
    let name = seeds.folder.file_name().map_or(String::new(), |name| shortened(&name.to_string_lossy(), 60));
    let title = format!("{name}: {}", counted(record.results.len(), "seed"));
    Ok(Report { title, summary: summary(record), facts: facts(record), ..compared })
}

fn summary(record: &SeedsRecord) -> String {
    let done = record.results.len();
    let which: Vec<String> = record.results.iter().map(|result| result.seed.to_string()).collect();
    let accuracy = record.accuracy.map_or("unknown".into(), |accuracy| accuracy.words(2));
    let of = if done < record.seeds { format!(" of {}", record.seeds) } else { String::new() };
    let spread = if done > 1 { " (mean ± standard deviation of the sample)" } else { "" };
    format!(
        "The whole run on {}, search, training and test, with {}{of} ({}): test accuracy {accuracy} %{spread}.",
        record.data,
        counted(done, "seed"),
        which.join(", ")
    )
}

fn facts(record: &SeedsRecord) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_string(), value)));
    let percent = |spread: Spread| format!("{} %", spread.words(2));
    fact("test accuracy", record.accuracy.map(percent));
    fact("validation accuracy", record.validation_accuracy.map(percent));
    fact("test accuracy in whole numbers", record.integer_accuracy.map(percent));
    fact("backbone", record.backbone.map(|spread| format!("{} parameters", spread.words(0))));
    fact("network", record.network.map(|spread| format!("{} parameters", spread.words(0))));
    let winners: BTreeSet<String> = record.results.iter().map(|result| result.architecture.to_string()).collect();
    fact("different winners", Some(winners.len().to_string()));
    fact("epoch chosen", record.results.first().map(|result| result.selection.to_string()));
    facts
}
