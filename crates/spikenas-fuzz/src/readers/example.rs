//! A small run, a search with a supernet, a run with two seeds, one with two budgets, a study and a correlation, whose records are what
//! readers accept.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use spikenas::cost::Scope;
use spikenas::data::DataConfig;
use spikenas::engine::Engine;
use spikenas::engine::cpu::Cpu;
use spikenas::graph::Shape;
use spikenas::record::{files, write_record};
use spikenas::score::ScoreKind;
use spikenas::search::{Front, Limit, Method, Objective, SupernetConfig};
use spikenas::train::Checkpoint;
use spikenas::weights::Weights;
use spikenas::workflow::correlate::{CorrelateConfig, Table, correlate, score_table};
use spikenas::workflow::run::{self, Engines, RunConfig, RunFolder};
use spikenas::workflow::study::{Kind, Scenario, Settings, Study};
use spikenas::workflow::{front, seeds};
use spikenas::{Dataset, Graph, NetworkConfig, Result, Silent, Source, workflow::study};
use tempfile::TempDir;

/// The folders of a run, of a search with a supernet, of a run with two seeds, of one with two budgets, a study and a correlation.
static FOLDERS: LazyLock<TempDir> = LazyLock::new(|| {
    let folders = TempDir::with_prefix("fuzz-example-").expect("a temporary folder");
    fill(folders.path()).expect("small searches and trainings");
    folders
});

/// The folder of the `run`, the search `lent` weights, the `seeds`, the `front`, the `study` or the `correlation`.
pub(super) fn folder(name: &str) -> PathBuf {
    FOLDERS.path().join(name)
}

/// A file of one of these folders.
pub(super) fn file(folder: &str, name: &str) -> Vec<u8> {
    std::fs::read(self::folder(folder).join(name)).expect("a record that was written")
}

/// Copies one of these folders.
pub(super) fn copy(name: &str, to: &Path) {
    copy_folder(&folder(name), to).expect("a copy of small files");
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// A network of some 700 parameters on images of 8x8.
pub(super) fn graph() -> Graph {
    let architecture = "0311 0011 0001 0000".parse().expect("an architecture");
    Graph::new(&architecture, &network(), Shape { channels: 3, height: 8, width: 8 }).expect("a small network")
}

/// A training of this network that has not begun.
pub(super) fn checkpoint() -> Checkpoint {
    let dataset = dataset().expect("the sample");
    Checkpoint::start(Weights::initialised(&graph(), 1, 0), &dataset)
}

fn network() -> NetworkConfig {
    let preset = NetworkConfig::preset("sample").expect("a preset");
    NetworkConfig { cells: 1, widths: [2, 4], hidden: 8, timesteps: 2, ..preset }
}

fn dataset() -> Result<Dataset> {
    let mut dataset = Dataset::open(&Source::Sample, "".as_ref())?;
    dataset.train = dataset.train.first(24);
    dataset.test = dataset.test.first(8);
    Ok(dataset)
}

fn fill(folders: &Path) -> Result<()> {
    let (dataset, cpu): (_, Arc<dyn Engine>) = (dataset()?, Arc::new(Cpu));
    let data = DataConfig::at(Source::Sample, "data".into());

    let mut config = RunConfig::for_images(data.clone(), 10)?;
    config.network = network();
    config.search.confirm = 1;
    config.search.operations.truncate(2);
    (config.score.batch, config.train.batch, config.train.epochs) = (8, 8, 2);
    let folder = RunFolder::open(&folders.join("run"), &config, &mut Silent)?;
    let found =
        run::search(&config, &dataset, Engines { cpu: &cpu, device: cpu.as_ref() }, Some(&folder), &mut Silent)?;
    run::train(&config, &found.architecture, &dataset, cpu.as_ref(), &folder, false, &mut Silent)?;
    run::test_folder(&folder, &config, &dataset, cpu.as_ref(), &mut Silent)?;

    let mut several = config.clone();
    several.train.epochs = 1;
    several.search.scope = Scope::Backbone;
    several.search.budget = Some("400".parse()?);
    let small = Limit { budget: Some("200".parse()?), ..Limit::default() };
    let objectives = vec![Objective::Score, Objective::Parameters];
    several.search.front = Some(Front { limits: vec![several.search.limit(), small], objectives });
    let (engines, place) = (Engines { cpu: &cpu, device: cpu.as_ref() }, folders.join("front"));
    let folder = RunFolder::open(&place, &several, &mut Silent)?;
    let answers = run::search(&several, &dataset, engines, Some(&folder), &mut Silent)?;
    front::run(&several, &answers, &dataset, engines, &folder, &mut Silent, &mut |_, _| Ok(()))?;

    let mut lent = config.clone();
    (lent.search.method, lent.search.iterations, lent.search.confirm) = (Method::Supernet, 3, 0);
    lent.search.supernet = Some(SupernetConfig { epochs: 1, images: 4, lambda: -0.1 });
    let folder = RunFolder::open(&folders.join("lent"), &lent, &mut Silent)?;
    run::search(&lent, &dataset, Engines { cpu: &cpu, device: cpu.as_ref() }, Some(&folder), &mut Silent)?;

    config.architecture = Some(found.architecture);
    config.train.epochs = 1;
    let (device, folder) = (cpu.as_ref(), folders.join("seeds"));
    seeds::run(&config, 2, &dataset, &cpu, device, &folder, &mut Silent, &mut |_, _| Ok(()))?;

    let mut settings = Settings::open("smoke")?;
    (settings.network.widths, settings.network.hidden, settings.network.timesteps) = ([2, 4], 8, 2);
    (settings.train.epochs, settings.train.batch, settings.score.batch) = (1, 8, 8);
    let study = Study { kind: Kind::Scenarios, scale: "smoke".into(), seed: 1, data, settings };
    let scenarios = Scenario::pick(Scenario::all(study.kind), &["1C2O".into()])?;
    study::run(&study, &scenarios, &dataset, cpu.as_ref(), &folders.join("study"), &mut Silent, &mut |_, _| Ok(()))?;

    let folder = folders.join("correlation");
    files::create_folder(&folder)?;
    let table = folder.join("table.csv");
    files::write_text(
        &table,
        "op01,op02,op12,op03,op13,op23,test_acc\n0,0,2,0,0,0,81\n2,0,2,0,0,2,90\n0,0,0,0,0,0,10\n",
    )?;
    let scores = vec![ScoreKind::Depth, ScoreKind::Parameters];
    let config = CorrelateConfig { scores, seeds: vec![1, 2], network: network(), batch: 8, repeats: 1 };
    let table = Table::read(&table, "test_acc")?;
    let scores = score_table(&table, &config, &dataset, &cpu, None, &mut Silent)?;
    write_record(&folder.join("correlate.json"), &correlate(&table, &config, &scores)?)
}
