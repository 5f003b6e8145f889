use rayon::prelude::*;

use super::collection::{Collection, Sample, Unit};
use super::measure::{check_same, sensor};
use super::pace::{AT_A_TIME, check_stop};
use super::padding::Padding;
use crate::data::events::{Event, FrameRule, Recording, Sensor};
use crate::graph::Shape;
use crate::progress::Progress;
use crate::room::check_memory;
use crate::weights::Framing;
use crate::{Error, Result};

/// The frames of all samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frames {
    /// The sensor of the recordings.
    pub sensor: Sensor,
    /// Channels, rows and columns of a frame.
    pub shape: Shape,
    /// Of the training samples, [samples, frames, channels, height, width].
    pub train: Vec<u8>,
    /// Of the test samples.
    pub test: Vec<u8>,
    /// Counts that are more than a byte holds: they are 255.
    pub saturated: usize,
}

/// Errors: frames that certainly do not fit the memory.
pub(super) fn check_room(bytes: usize, what: &str) -> Result<()> {
    check_memory(bytes as f64, what, "raise the scale, or ask for fewer frames")
}

/// How recordings of a sensor become frames, and what is put around them.
pub(super) fn layout(framing: Framing, sensor: Sensor) -> (FrameRule, Padding) {
    let Framing { frames, split, scale, merges_polarities } = framing;
    let rule = FrameRule { frames, split, sensor, scale, merges_polarities };
    let [channels, height, width] = rule.shape();
    (rule, Padding { inner: Shape { channels, height, width } })
}

/// Channels, rows and columns of the frames of a sensor's recordings.
pub(in crate::data) fn shape_of_frames(framing: Framing, sensor: Sensor) -> Shape {
    layout(framing, sensor).1.outer()
}

/// Counts all recordings into frames.
///
/// Errors: a recording that cannot be read, or of another sensor; frames that do not fit the memory; a stop that was asked for.
pub(super) fn count(collection: &Collection, framing: Framing, progress: &mut dyn Progress) -> Result<Frames> {
    let sensor = sensor(collection, progress)?;
    let (rule, padding) = layout(framing, sensor);
    let shape = padding.outer();
    let mut pixels = reserved(collection, framing.frames.saturating_mul(shape.len()))?;
    let mut saturated = 0;
    progress.begin("counting recordings into frames", collection.units.len());
    for (chunk, units) in collection.units.chunks(AT_A_TIME).enumerate() {
        check_stop(progress)?;
        let counted: Vec<Result<(Option<Sensor>, Vec<(Vec<u8>, usize)>)>> =
            units.par_iter().map(|unit| frames_of(unit, &rule, padding)).collect();
        for (index, (unit, counted)) in units.iter().zip(counted).enumerate() {
            let (said, frames) = counted?;
            let unit_index = chunk * AT_A_TIME + index;
            said.map_or(Ok(()), |said| check_same(collection, [0, unit_index], [sensor, said]))?;
            for (sample, (bytes, more)) in unit.samples.iter().zip(frames) {
                pixels[usize::from(sample.is_test)].extend(bytes);
                saturated += more;
            }
        }
        progress.advance(units.len(), "");
    }
    progress.end();
    let [train, test] = pixels;
    Ok(Frames { sensor, shape, train, test, saturated })
}

/// Room for the frames of both splits.
fn reserved(collection: &Collection, sample: usize) -> Result<[Vec<u8>; 2]> {
    let counts = collection.counts();
    let what = format!("{} recordings as frames", counts.iter().sum::<usize>());
    check_room(counts.iter().sum::<usize>().saturating_mul(sample), &what)?;
    let mut pixels = [Vec::new(), Vec::new()];
    for (pixels, count) in pixels.iter_mut().zip(counts) {
        let size = count.checked_mul(sample).filter(|&size| pixels.try_reserve_exact(size).is_ok());
        size.ok_or_else(|| {
            Error::Memory(format!("{what} do not fit the memory: raise the scale, or ask for fewer frames"))
        })?;
    }
    Ok(pixels)
}

/// What a recording says of its sensor, and the frames of its samples with their saturated counts.
fn frames_of(unit: &Unit, rule: &FrameRule, padding: Padding) -> Result<(Option<Sensor>, Vec<(Vec<u8>, usize)>)> {
    let path = || unit.place.path();
    let recording = unit.place.read()?;
    let said = recording.sensor;
    if said.is_some_and(|said| said != rule.sensor) {
        return Ok((said, Vec::new()));
    }
    let count = |recording: &Recording| {
        let counts = rule.count(recording).map_err(|e| Error::file(path(), e.to_string()))?;
        Ok(padding.put(&counts))
    };
    let mut frames = Vec::with_capacity(unit.samples.len());
    for Sample { window, .. } in &unit.samples {
        frames.push(match window {
            None => count(&recording)?,
            Some(window) => {
                let inside = |event: &&Event| window.contains(&event.time_us);
                let events: Vec<Event> = recording.events.iter().filter(inside).copied().collect();
                if events.is_empty() {
                    let (start, end) = (window.start, window.end);
                    return Err(Error::file(path(), format!("no events from {start} to {end} us, which have a label")));
                }
                count(&Recording { events, ..recording })?
            }
        });
    }
    Ok((said, frames))
}
