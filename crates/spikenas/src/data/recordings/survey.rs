use std::collections::HashMap;

use rayon::prelude::*;

use super::collection::{Collection, Sample};
use super::measure::Measured;
use super::pace::{AT_A_TIME, check_stop};
use crate::data::events::{Event, Recording, Sensor};
use crate::progress::Progress;
use crate::random::fingerprint;
use crate::{Error, Result};

/// What the recordings of a collection hold, all of them read.
pub(in crate::data) struct Survey {
    pub sensor: Sensor,
    /// Events of all samples.
    pub events: u64,
    /// Microseconds of the shortest and of the longest sample.
    pub durations_us: [u64; 2],
    /// The first training sample and the test sample of each pair with the same events.
    pub duplicates: Vec<[usize; 2]>,
}

/// What a sample holds.
struct Seen {
    events: u64,
    duration_us: u64,
    /// Stands for its events, times but for the first included.
    print: u64,
}

impl Collection {
    /// Reads all recordings.
    ///
    /// Errors: a recording that cannot be read, recordings of several sensors, a stop that was asked for.
    pub fn survey(&self, progress: &mut dyn Progress) -> Result<Survey> {
        let mut measured = Measured::default();
        let mut seen: [Vec<Seen>; 2] = Default::default();
        progress.begin("reading recordings", self.units.len());
        for (chunk, units) in self.units.chunks(AT_A_TIME).enumerate() {
            check_stop(progress)?;
            let read: Vec<Result<(Recording, Vec<Seen>)>> = units
                .par_iter()
                .map(|unit| {
                    let recording = unit.place.read()?;
                    let seen = unit.samples.iter().map(|sample| look(&recording, sample)).collect();
                    Ok((recording.corners(), seen))
                })
                .collect();
            for (index, (unit, read)) in units.iter().zip(read).enumerate() {
                let (recording, found) = read?;
                measured.add(self, chunk * AT_A_TIME + index, &recording)?;
                for (sample, found) in unit.samples.iter().zip(found) {
                    seen[usize::from(sample.is_test)].push(found);
                }
            }
            progress.advance(units.len(), "");
        }
        progress.end();
        let all = || seen.iter().flatten();
        let durations = || all().map(|seen| seen.duration_us);
        let sensor = self.sensor.or(measured.sensor());
        Ok(Survey {
            sensor: sensor.ok_or_else(|| Error::file(&self.folder, "holds no recordings"))?,
            events: all().map(|seen| seen.events).sum(),
            durations_us: [durations().min().unwrap_or(0), durations().max().unwrap_or(0)],
            duplicates: duplicates(&seen),
        })
    }
}

fn look(recording: &Recording, Sample { window, .. }: &Sample) -> Seen {
    let is_inside = |event: &&Event| window.as_ref().is_none_or(|window| window.contains(&event.time_us));
    let events = || recording.events.iter().filter(is_inside);
    let first = events().next().map_or(0, |event| event.time_us);
    let bytes = |event: &Event| {
        let Event { time_us, x, y, is_on } = *event;
        let place = u64::from(x) << 17 | u64::from(y) << 1 | u64::from(is_on);
        [time_us.wrapping_sub(first), place].map(u64::to_le_bytes).into_iter().flatten()
    };
    let times = || events().map(|event| event.time_us);
    Seen {
        events: events().count() as u64,
        duration_us: times().max().unwrap_or(0) - times().min().unwrap_or(0),
        print: fingerprint(events().flat_map(bytes)),
    }
}

fn duplicates([train, test]: &[Vec<Seen>; 2]) -> Vec<[usize; 2]> {
    let mut first: HashMap<(u64, u64), usize> = HashMap::new();
    for (index, seen) in train.iter().enumerate() {
        first.entry((seen.events, seen.print)).or_insert(index);
    }
    let pair = |(index, seen): (usize, &Seen)| first.get(&(seen.events, seen.print)).map(|&train| [train, index]);
    test.iter().enumerate().filter_map(pair).collect()
}
