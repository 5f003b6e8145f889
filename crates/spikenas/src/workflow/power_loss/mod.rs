//! A loss of power at any moment of a command: what it could leave on the disk leads to the same result, or is refused in one line.

mod correlate;
mod run;
mod study;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::data::{Dataset, Images, Normalisation};
use crate::engine::Engine;
use crate::engine::cpu::Cpu;
use crate::graph::Shape;
use crate::record::power::Repeated;
use crate::{Error, Result};

/// Noise of two shades in two classes.
fn images(count: usize, seed: usize) -> Images {
    let shape = Shape { channels: 3, height: 8, width: 8 };
    let noise = |i: usize| ((i + seed * 7919).wrapping_mul(2_654_435_761) >> 7) % 90;
    let pixel = |i: usize| (40 + 120 * (i / shape.len() % 2) + noise(i)) as u8;
    Images {
        shape,
        frames: 1,
        pixels: (0..count * shape.len()).map(pixel).collect(),
        labels: (0..count as u16).map(|i| i % 2).collect(),
    }
}

fn dataset() -> Dataset {
    let (train, test) = (images(8, 1), images(4, 2));
    let classes = vec!["dark".into(), "light".into()];
    let normalisation = Normalisation::of(&train);
    Dataset { name: "sample".into(), classes, normalisation, train, test, recorded: None, notes: Vec::new() }
}

/// What tells a model from another in a message.
fn checksum(model: &Path) -> Result<u32> {
    fs::read(model).map(|bytes| crc32fast::hash(&bytes)).map_err(Error::io(model))
}

fn cpu() -> Arc<dyn Engine> {
    Arc::new(Cpu)
}

/// That a command goes on nearly always, and refuses in one line where the disk kept a later line of a journal and lost an earlier one.
fn assert_goes_on(repeated: &Repeated, least_states: usize) {
    let Repeated { states, refused } = repeated;
    let is_known = |line: &String| line.contains(" is damaged (") && !line.contains('\n');
    assert!(refused.iter().all(is_known), "{refused:?}");
    assert!(*states >= least_states && refused.len() < states / 5, "{} of {states} refused", refused.len());
}
