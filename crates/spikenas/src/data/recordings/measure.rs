use rayon::prelude::*;

use super::collection::Collection;
use super::pace::{AT_A_TIME, check_stop};
use crate::data::events::{Event, Recording, Sensor};
use crate::progress::Progress;
use crate::{Error, Result};

/// What is known of the sensor of several recordings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    /// What a file says, and which does so first.
    said: Option<(Sensor, usize)>,
    /// The smallest that has all events.
    extent: Option<Sensor>,
}

/// The sensor of all recordings: what the name of the dataset tells, or the files; where none does, the smallest that has all events, for
/// which all are read.
///
/// Errors: files that tell different ones, a recording that cannot be read, a stop that was asked for.
pub(super) fn sensor(collection: &Collection, progress: &mut dyn Progress) -> Result<Sensor> {
    if let Some(sensor) = collection.sensor {
        return Ok(sensor);
    }
    let Some(first) = collection.units.first() else {
        return Err(Error::file(&collection.folder, "holds no recordings"));
    };
    if let Some(sensor) = first.place.read()?.sensor {
        // The others are compared with it as they are counted.
        return Ok(sensor);
    }
    progress.begin("measuring recordings", collection.units.len());
    let mut all = Measured::default();
    for (chunk, units) in collection.units.chunks(AT_A_TIME).enumerate() {
        check_stop(progress)?;
        let read: Vec<Result<Recording>> =
            units.par_iter().map(|unit| unit.place.read().map(|read| read.corners())).collect();
        for (index, recording) in read.into_iter().enumerate() {
            all.add(collection, chunk * AT_A_TIME + index, &recording?)?;
        }
        progress.advance(units.len(), "");
    }
    progress.end();
    all.sensor().ok_or_else(|| Error::file(&collection.folder, "holds no events"))
}

impl Recording {
    /// As much of it as tells its sensor and how far its events reach.
    pub(super) fn corners(&self) -> Self {
        let furthest = |side: fn(&Event) -> u16| self.events.iter().max_by_key(|event| side(event));
        let events = [furthest(|event| event.x), furthest(|event| event.y)].into_iter().flatten().copied().collect();
        Self { events, ..*self }
    }
}

impl Measured {
    /// What the files say; where none does, the smallest that has all events.
    pub fn sensor(&self) -> Option<Sensor> {
        self.said.map(|(sensor, _)| sensor).or(self.extent)
    }

    /// Errors: a recording is of another sensor than one before it.
    pub fn add(&mut self, collection: &Collection, unit: usize, recording: &Recording) -> Result<()> {
        if let Some(sensor) = recording.sensor {
            let (said, by) = *self.said.get_or_insert((sensor, unit));
            check_same(collection, [by, unit], [said, sensor])?;
        }
        let Sensor { width, height } = recording.extent();
        let extent = self.extent.get_or_insert(Sensor { width, height });
        *extent = Sensor { width: extent.width.max(width), height: extent.height.max(height) };
        Ok(())
    }
}

/// Errors: a recording is of another sensor than one before it.
pub(super) fn check_same(collection: &Collection, units: [usize; 2], sensors: [Sensor; 2]) -> Result<()> {
    if sensors[0] == sensors[1] {
        return Ok(());
    }
    let [first, this] = sensors.map(|Sensor { width, height }| format!("{width}x{height}"));
    let [_, path] = units.map(|unit| collection.units[unit].place.path());
    Err(Error::file(
        path,
        format!("a sensor of {this} pixels, but the first recording is of {first}: keep those of one camera"),
    ))
}
