use std::path::Path;

use super::{assert_goes_on, checksum, cpu, dataset};
use crate::Result;
use crate::data::{DataConfig, Source};
use crate::progress::Silent;
use crate::record::files;
use crate::record::power::{Tree, repeat_after_crashes};
use crate::workflow::study::{self, Kind, NetworkSettings, RandomSearch, Scenario, Settings, Study, StudyRecord};

/// A study of two scenarios that find the same network, so that the second takes over the training of the first.
fn small() -> (Study, Vec<Scenario>) {
    let mut settings = Settings::open("smoke").unwrap();
    settings.network = NetworkSettings { widths: [4, 8], last_pool: 2, hidden: 16, timesteps: 2, ..settings.network };
    settings.score.batch = 4;
    settings.random_search = RandomSearch { iterations: 2, drawn: 2 };
    settings.train.epochs = 1;
    settings.train.batch = 4;
    settings.train.checkpoint_minutes = 0.0;
    let data = DataConfig::of(&Source::Sample, "data".as_ref(), &dataset());
    let study = Study { kind: Kind::Iterations, scale: "small".into(), seed: 1, data, settings };
    (study, Scenario::all(Kind::Iterations)[..2].to_vec())
}

/// What a scenario finds: its network, its accuracy, whose training it has, its model.
type Found = (String, f64, Option<String>, u32);

/// Runs the study, or goes on with it, in a folder below a root.
fn run(root: &Path) -> Result<Vec<Found>> {
    let ((study, scenarios), folder) = (small(), root.join("study"));
    let page = folder.join("report.html");
    let mut report = |record: &StudyRecord, _: &mut dyn crate::progress::Progress| {
        files::write_text(&page, &format!("{} scenarios", record.results.len()))
    };
    let record = study::run(&study, &scenarios, &dataset(), cpu().as_ref(), &folder, &mut Silent, &mut report)?;
    let found = record.results.into_iter().map(|result| {
        let model = checksum(&folder.join(&result.scenario.name).join("model.safetensors"))?;
        Ok((result.search.architecture.to_string(), result.accuracy, result.trained_as, model))
    });
    assert_eq!(files::read_text(&page)?, "2 scenarios");
    found.collect()
}

#[test]
fn a_study_goes_on_after_a_loss_of_power_at_any_moment() {
    let place = tempfile::tempdir().unwrap();
    let found = run(place.path()).unwrap();
    assert!(found[0].2.is_none() && found[1].2.is_some(), "{:?}", found[1].2);
    assert_goes_on(&repeat_after_crashes(&Tree::new(), run), 100);
}
