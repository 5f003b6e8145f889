use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{SeedResult, SeedsRecord};
use crate::cost::Ledger;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::record::{
    FORMAT_VERSION, check_definition, files, lock_folder, read_record_if_there, write_record, write_toml,
};
use crate::search::SearchRecord;
use crate::workflow::run::{self, Engines, Finished, RunConfig, RunFolder, best_epoch};
use crate::{Error, Result};

/// The file of a folder that says which run it repeats.
const DEFINITION: &str = "seeds.toml";
/// The most seeds; more would be an accident.
const MOST: usize = 1000;

/// The first of `path`, `path-2`, … that does not exist or holds this run with several seeds.
///
/// Errors: those of [`RunFolder::free_or_same`].
pub fn free_or_same(path: &Path, config: &RunConfig) -> Result<PathBuf> {
    RunFolder::free_or_holding(path, DEFINITION, config)
}

/// Whether a run can begin or continue with several seeds in a folder, before anything is written.
///
/// Errors: no seeds or too many; those of [`run::check_search`] and [`run::check_training`]; a folder that holds something else.
pub fn check(
    config: &RunConfig,
    seeds: usize,
    dataset: &Dataset,
    cpu: &Arc<dyn Engine>,
    device: &dyn Engine,
    folder: &Path,
) -> Result<()> {
    if !(1..=MOST).contains(&seeds) {
        return Err(Error::invalid(format!("seeds {seeds}: give 1 to {MOST}")));
    }
    run::check_epochs_given(&config.train)?;
    if let Some(limits) = config.search.front.as_ref().map(|front| front.limits.len()).filter(|&limits| limits > 0) {
        return Err(Error::invalid(format!("seeds {seeds}: they are for one limit, not for {limits}")));
    }
    let first = config.train.seed;
    if i64::try_from(first).ok().and_then(|first| first.checked_add(seeds as i64)).is_none() {
        return Err(Error::invalid(format!(
            "seeds {seeds}: so many do not follow the seed {first}, choose a smaller seed"
        )));
    }
    run::check_training(config, dataset, device)?;
    if config.architecture.is_none() {
        run::check_search(config, dataset, cpu)?;
    }
    check_definition(folder, ("run of several seeds", DEFINITION), config, |old: &mut RunConfig| {
        if old.data.fingerprint == config.data.fingerprint {
            // Where the images lie does not matter.
            old.data.clone_from(&config.data);
        }
    })
}

/// Runs with one seed after the other, from that of the configuration on, each in a folder of its own; searches and tests on the CPU,
/// trains on a device, and reports the record as it grows, and at least once. What was done before, by this process or an
/// earlier one, is not done again.
///
/// Errors: those of [`check`], [`run::search`], [`run::train`] and [`run::test_folder`]; another process that writes into the folder.
#[allow(clippy::too_many_arguments, reason = "a run, its images, its engines, its place")]
pub fn run(
    config: &RunConfig,
    seeds: usize,
    dataset: &Dataset,
    cpu: &Arc<dyn Engine>,
    device: &dyn Engine,
    folder: &Path,
    progress: &mut dyn Progress,
    report: &mut dyn FnMut(&SeedsRecord, &mut dyn Progress) -> Result<()>,
) -> Result<SeedsRecord> {
    check(config, seeds, dataset, cpu, device, folder)?;
    files::create_folder(folder)?;
    let (_lock, warning) = lock_folder(folder)?;
    warning.iter().for_each(|warning| progress.note(warning));
    let mut record = open(config, seeds, folder)?;
    let first = config.train.seed;
    for (number, seed) in (first..first + seeds as u64).enumerate() {
        if record.results.iter().any(|result| result.seed == seed) {
            continue;
        }
        progress.note(&format!("seed {seed} ({} of {seeds})", number + 1));
        record.add(run_seed(&with_seed(config, seed), dataset, cpu, device, folder, progress)?);
        write_record(&record_path(folder), &record)?;
        report(&record, progress)?;
    }
    // The process that ended the last seed may have been killed before its report.
    report(&record, progress)?;
    Ok(record)
}

fn record_path(folder: &Path) -> PathBuf {
    folder.join("seeds.json")
}

/// The configuration with another seed of everything that is drawn.
fn with_seed(config: &RunConfig, seed: u64) -> RunConfig {
    let mut config = config.clone();
    (config.score.seed, config.search.seed, config.train.seed) = (seed, seed, seed);
    config
}

/// The record of a folder, begun where there is none.
fn open(config: &RunConfig, seeds: usize, folder: &Path) -> Result<SeedsRecord> {
    write_toml(&folder.join(DEFINITION), config)?;
    let begun = SeedsRecord {
        version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        data: config.data.source.label(),
        seeds,
        accuracy: None,
        validation_accuracy: None,
        integer_accuracy: None,
        backbone: None,
        network: None,
        results: Vec::new(),
    };
    let old: Option<SeedsRecord> = read_record_if_there(&record_path(folder))?;
    let record = old.map_or(begun, |old| SeedsRecord { seeds: seeds.max(old.results.len()), ..old });
    write_record(&record_path(folder), &record)?;
    Ok(record)
}

/// Search, training and tests of one seed.
fn run_seed(
    config: &RunConfig,
    dataset: &Dataset,
    cpu: &Arc<dyn Engine>,
    device: &dyn Engine,
    parent: &Path,
    progress: &mut dyn Progress,
) -> Result<SeedResult> {
    let folder = RunFolder::open(&parent.join(format!("seed-{}", config.train.seed)), config, progress)?;
    let search: Option<SearchRecord> = match config.architecture {
        Some(_) => None,
        None => Some(run::search(config, dataset, Engines { cpu, device }, Some(&folder), progress)?),
    };
    let config = &search.as_ref().map_or_else(|| config.clone(), |search| config.settled(search));
    let found = search.as_ref().map(|search| search.architecture.clone()).or_else(|| config.architecture.clone());
    let architecture = found.ok_or_else(|| Error::invalid("there is no architecture to train"))?;
    let Finished { epochs, test, integer } =
        run::finish(config, &architecture, dataset, Engines { cpu, device }, &folder, progress)?;
    let kept = best_epoch(&epochs);
    Ok(SeedResult {
        seed: config.train.seed,
        parameters: Ledger::new(&Graph::new(&architecture, &config.network, dataset.train.shape)?).count(),
        architecture,
        accuracy: test.result.accuracy,
        validation_accuracy: kept.and_then(|epoch| epoch.validation_accuracy),
        integer_accuracy: integer.map(|test| test.result.accuracy),
        epoch: kept.map_or(0, |epoch| epoch.epoch),
        selection: test.selection,
        search_seconds: search.map(|search| search.seconds),
        train_seconds: epochs.iter().map(|epoch| epoch.seconds).sum(),
    })
}
