use std::path::Path;

use super::{assert_goes_on, checksum, cpu, dataset};
use crate::Result;
use crate::graph::NetworkConfig;
use crate::progress::Silent;
use crate::record::power::{Tree, repeat_after_crashes, tree_of};
use crate::search::Method;
use crate::space::Architecture;
use crate::workflow::run::{RunConfig, RunFolder, find, reschedule, test_folder, train};

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
    let winner = find(config, &dataset, &cpu, Some(&folder), &mut Silent)?;
    folder.keep_search(&winner)?;
    train(config, &winner.architecture, &dataset, cpu.as_ref(), &folder, true, &mut Silent)?;
    test_folder(&folder, config, &dataset, cpu.as_ref(), &mut Silent)?;
    Ok((winner.architecture, winner.score.0, checksum(&folder.model_path())?))
}

#[test]
fn a_run_goes_on_after_a_loss_of_power_at_any_moment() {
    let config = config();
    assert_goes_on(&repeat_after_crashes(&Tree::new(), |root| run(&config, root)), 50);
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
