//! Runs that differ by their seed alone, taken together.

use super::document::Section;
use super::figure::{Table, Value};
use super::records::RunRecords;
use super::words::{grouped, shortened};
use crate::Spread;
use crate::cost::Ledger;
use crate::workflow::run::{RunConfig, best_epoch};

/// As it is shown, and sorted by the mean.
fn shown(values: &[f64], digits: usize) -> Value {
    Spread::of(values).map_or(Value::missing(), |spread| Value::number(spread.mean, spread.words(digits)))
}

/// The section of runs of equal settings, where there are several of any.
pub(super) fn section(runs: &[&RunRecords]) -> Option<Section> {
    let groups: Vec<_> = groups(runs).into_iter().filter(|group| group.len() > 1).collect();
    if groups.is_empty() {
        return None;
    }
    let columns = ["runs", "seeds", "#n", "#accuracy, %", "#tested", "#validation, %", "#backbone", "#score"];
    let mut table = Table::new("Means over seeds", &columns);
    for group in &groups {
        let of =
            |value: fn(&RunRecords) -> Option<f64>| group.iter().filter_map(|run| value(run)).collect::<Vec<f64>>();
        let accuracies = of(|run| run.accuracy().map(|accuracy| accuracy.percent));
        let validated = of(|run| best_epoch(&run.epochs)?.validation_accuracy);
        let backbones = of(|run| Some(Ledger::new(run.graph.as_ref()?).count().backbone as f64));
        let scores = of(|run| run.search.as_ref().map(|s| s.score.0).filter(|score| score.is_finite()));
        let names: Vec<String> = group.iter().map(|run| shortened(&run.name(), 40)).collect();
        let seeds: Vec<String> =
            group.iter().filter_map(|run| run.config.as_ref()).map(|config| config.train.seed.to_string()).collect();
        let whole = |n: usize| Value::number(n as f64, grouped(n as u64));
        table.push(vec![
            Value::text(names.join(", ")),
            Value::text(seeds.join(", ")),
            whole(group.len()),
            shown(&accuracies, 2),
            whole(accuracies.len()),
            shown(&validated, 2),
            shown(&backbones, 0),
            shown(&scores, 4),
        ]);
    }
    let mut section = Section::titled("Means over seeds");
    section.words.push(
        "Runs whose settings differ by the seed alone, taken together: mean ± standard deviation of the sample (n - 1) over those \
         that have the figure."
            .into(),
    );
    section.tables.push(table);
    Some(section)
}

/// Runs with the same settings but for the seed, in the order in which they come; those without settings are on their own.
fn groups<'a>(runs: &[&'a RunRecords]) -> Vec<Vec<&'a RunRecords>> {
    let mut groups: Vec<(Option<RunConfig>, Vec<&RunRecords>)> = Vec::new();
    for &run in runs {
        let key = run.config.as_ref().map(seedless);
        match groups.iter_mut().find(|(other, _)| key.is_some() && *other == key) {
            Some((_, group)) => group.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Settings without the seeds, and without the place of the data.
fn seedless(config: &RunConfig) -> RunConfig {
    let mut config = config.clone();
    (config.search.seed, config.score.seed, config.train.seed) = (0, 0, 0);
    config.data.folder = "".into();
    // Their fingerprint tells images apart; records of earlier versions have no number.
    (config.data.train_images, config.data.test_images) = (None, None);
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Evaluation;
    use crate::weights::Selection;
    use crate::workflow::run::EvaluationRecord;

    fn run(name: &str, seed: u64, widths: [usize; 2], accuracy: Option<f64>) -> RunRecords {
        let mut config = RunConfig::of_sample();
        (config.search.seed, config.score.seed, config.train.seed) = (seed, seed, seed);
        config.network.widths = widths;
        let evaluation = accuracy.map(|accuracy| EvaluationRecord {
            version: None,
            result: Evaluation { accuracy, ..Evaluation::default() },
            engine: None,
            device: None,
            program: None,
            data: None,
            model: None,
            drift: None,
            selection: Selection::default(),
        });
        RunRecords { folder: name.into(), config: Some(config), evaluation, ..RunRecords::default() }
    }

    #[test]
    fn runs_that_differ_by_their_seed_alone_are_one_row_with_mean_and_deviation() {
        let runs = [
            run("a1", 1, [4, 8], Some(60.0)),
            run("b1", 1, [8, 8], Some(10.0)),
            run("a2", 2, [4, 8], Some(63.0)),
            run("a3", 3, [4, 8], None),
            RunRecords::default(),
            RunRecords::default(),
        ];
        let section = section(&runs.iter().collect::<Vec<_>>()).unwrap();
        let rows = &section.tables[0].rows;
        let texts: Vec<&str> = rows[0].iter().map(|v| v.text.as_str()).collect();
        assert_eq!((rows.len(), &texts[..5]), (1, &["a1, a2, a3", "1, 2, 3", "3", "61.50 ± 2.12", "2"][..]));
    }
}
