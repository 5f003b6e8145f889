use std::path::Path;

use serde_json::Value;

use super::{assert_goes_on, checksum, cpu, dataset};
use crate::Result;
use crate::graph::NetworkConfig;
use crate::progress::Silent;
use crate::record::comparable;
use crate::record::power::{Tree, repeat_after_crashes, tree_of};
use crate::search::{Finalist, Layout, Method, SearchRecord, ShortTraining, SupernetConfig};
use crate::space::Architecture;
use crate::workflow::run::{Engines, RunConfig, RunFolder, find, reschedule, test_folder, train};

fn config() -> RunConfig {
    let mut config = RunConfig::of_sample();
    let preset = config.network;
    config.network = NetworkConfig { widths: [4, 8], hidden: 16, classes: 2, cells: 1, timesteps: 2, ..preset };
    config.score.batch = 4;
    config.search.method = Method::Random;
    config.search.iterations = 4;
    config.search.confirm = 0;
    config.train.epochs = 2;
    config.train.batch = 4;
    config.train.checkpoint_minutes = 0.0;
    config
}

/// What a run finds: its winner, its score, its model.
type Found = (Architecture, f64, u32);

/// Runs, or goes on with a run, in a folder below a root.
fn run(config: &RunConfig, root: &Path) -> Result<Found> {
    let (cpu, dataset) = (cpu(), dataset());
    let folder = RunFolder::open(&root.join("run"), config, &mut Silent)?;
    let engines = Engines { cpu: &cpu, device: cpu.as_ref() };
    let winner = find(config, &dataset, engines, Some(&folder), &mut Silent)?;
    folder.keep_search(&winner, config)?;
    let config = &config.settled(&winner);
    train(config, &winner.architecture, &dataset, cpu.as_ref(), &folder, true, &mut Silent)?;
    test_folder(&folder, config, &dataset, cpu.as_ref(), &mut Silent)?;
    Ok((winner.architecture, winner.score.0, checksum(&folder.model_path())?))
}

#[test]
fn a_run_goes_on_after_a_loss_of_power_at_any_moment() {
    let config = config();
    assert_goes_on(&repeat_after_crashes(&Tree::new(), |root| run(&config, root)), 50);
}

#[test]
fn a_run_that_chooses_the_sizes_goes_on_after_a_loss_of_power_at_any_moment() {
    let mut config = config();
    config.search.budget = Some("6k".parse().unwrap());
    config.search.layout = Some(Layout::of(2));
    // So long that its short trainings have enough steps.
    (config.train.epochs, config.train.batch) = (200, 1);
    let choose = |root: &Path| -> Result<Value> {
        let (cpu, dataset) = (cpu(), dataset());
        let folder = RunFolder::open(&root.join("run"), &config, &mut Silent)?;
        let found = find(&config, &dataset, Engines { cpu: &cpu, device: cpu.as_ref() }, Some(&folder), &mut Silent)?;
        folder.keep_search(&found, &config)?;
        assert!(found.finalists.len() == 2 && found.finalists.iter().all(|finalist| finalist.trainings.len() == 1));
        let timeless = |finalist: Finalist| {
            let trainings = finalist.trainings.into_iter().map(|training| ShortTraining { seconds: 0.0, ..training });
            Finalist { trainings: trainings.collect(), ..finalist }
        };
        let finalists = found.finalists.into_iter().map(timeless).collect();
        comparable(&SearchRecord { seconds: 0.0, finalists, ..found })
    };
    assert_goes_on(&repeat_after_crashes(&Tree::new(), choose), 20);
}

#[test]
fn a_search_with_a_supernet_goes_on_after_a_loss_of_power_at_any_moment() {
    let mut config = config();
    config.search.method = Method::Supernet;
    config.search.supernet = Some(SupernetConfig { epochs: 2, images: 2, lambda: -0.5 });
    config.train.hold_out(0.25);
    let lent = |root: &Path| -> Result<(Value, String)> {
        let (cpu, dataset) = (cpu(), dataset());
        let folder = RunFolder::open(&root.join("run"), &config, &mut Silent)?;
        let found = find(&config, &dataset, Engines { cpu: &cpu, device: cpu.as_ref() }, Some(&folder), &mut Silent)?;
        folder.keep_search(&found, &config)?;
        assert!(!folder.supernet_weights_path().exists());
        let record = folder.supernet_record()?.unwrap();
        Ok((comparable(&SearchRecord { seconds: 0.0, ..found })?, record.weights))
    };
    assert_goes_on(&repeat_after_crashes(&Tree::new(), lent), 30);
}

/// Goes on with a run, in a folder below a root, for so many epochs in all. Returns their losses and the model.
fn lengthen(epochs: usize, root: &Path) -> Result<(Vec<f64>, u32)> {
    let (cpu, dataset, path) = (cpu(), dataset(), root.join("run"));
    let (_, old) = RunFolder::existing(&path)?;
    let mut new = old.clone();
    new.train.epochs = epochs;
    let folder = RunFolder::open(&path, &old, &mut Silent)?;
    reschedule(&folder, &old, &new, &mut Silent)?;
    let winner = folder.winner(&new, dataset.train.shape)?.unwrap();
    let records = train(&new, &winner.architecture, &dataset, cpu.as_ref(), &folder, true, &mut Silent)?;
    Ok((records.iter().map(|record| record.train_loss).collect(), checksum(&folder.model_path())?))
}

#[test]
fn a_longer_schedule_goes_on_after_a_loss_of_power_at_any_moment() {
    for keeps_checkpoint in [false, true] {
        let mut config = config();
        config.train.epochs = 1;
        config.train.keep_checkpoint = keeps_checkpoint;
        let place = tempfile::tempdir().unwrap();
        run(&config, place.path()).unwrap();
        assert_goes_on(&repeat_after_crashes(&tree_of(place.path()), |root| lengthen(3, root)), 30);
    }
}
