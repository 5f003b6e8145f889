//! A loss of power at any moment of a run: what it could leave on the disk leads to the same result, or is refused in one line.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{RunConfig, RunFolder, find, test_folder, train};
use crate::Result;
use crate::data::{Dataset, Images, Normalisation};
use crate::engine::Engine;
use crate::engine::cpu::Cpu;
use crate::graph::{NetworkConfig, Shape};
use crate::progress::Silent;
use crate::record::power::{crashes, restore};
use crate::record::trace::changes_of;
use crate::search::Method;
use crate::space::Architecture;

/// Noise of two shades in two classes.
fn images(count: usize, seed: usize) -> Images {
    let shape = Shape { channels: 3, height: 8, width: 8 };
    let noise = |i: usize| ((i + seed * 7919).wrapping_mul(2_654_435_761) >> 7) % 90;
    let pixel = |i: usize| (40 + 120 * (i / shape.len() % 2) + noise(i)) as u8;
    Images {
        shape,
        pixels: (0..count * shape.len()).map(pixel).collect(),
        labels: (0..count as u16).map(|i| i % 2).collect(),
    }
}

fn dataset() -> Dataset {
    let (train, test) = (images(8, 1), images(4, 2));
    let classes = vec!["dark".into(), "light".into()];
    let normalisation = Normalisation::of(&train);
    Dataset { name: "sample".into(), classes, normalisation, train, test, notes: Vec::new() }
}

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

/// What a run finds: its winner, its score, the bytes of its model.
type Found = (Architecture, f64, Vec<u8>);

/// Runs, or goes on with a run, in a folder below a root.
fn run(config: &RunConfig, dataset: &Dataset, root: &Path) -> Result<Found> {
    let cpu: Arc<dyn Engine> = Arc::new(Cpu);
    let folder = RunFolder::open(&root.join("run"), config, &mut Silent)?;
    let winner = find(config, dataset, &cpu, Some(&folder), &mut Silent)?;
    folder.keep_search(&winner)?;
    train(config, &winner.architecture, dataset, cpu.as_ref(), &folder, true, &mut Silent)?;
    test_folder(&folder, config, dataset, cpu.as_ref(), &mut Silent)?;
    Ok((winner.architecture, winner.score.0, fs::read(folder.model_path()).unwrap()))
}

#[test]
fn a_run_goes_on_after_a_loss_of_power_at_any_moment() {
    let (config, dataset, place) = (config(), dataset(), tempfile::tempdir().unwrap());
    let (changes, whole) = changes_of(|| run(&config, &dataset, place.path()));
    let whole = whole.unwrap();
    let trees = crashes(place.path(), &changes);
    let mut refused = Vec::new();
    for tree in &trees {
        let place = tempfile::tempdir().unwrap();
        restore(tree, place.path());
        match run(&config, &dataset, place.path()) {
            Ok(found) => assert!(found == whole, "another result than {:?} from {tree:?}", whole.0),
            Err(error) => refused.push(error.to_string()),
        }
    }
    // Only where the disk kept a later line of a journal and lost an earlier one.
    assert!(refused.iter().all(|line| line.contains(" is damaged (") && !line.contains('\n')), "{refused:?}");
    assert!(trees.len() > 50 && refused.len() < trees.len() / 10, "{} of {} refused", refused.len(), trees.len());
}
