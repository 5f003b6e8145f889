use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One change of brightness at one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Time in microseconds, by the clock of the recording.
    pub time_us: u64,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Whether the pixel became brighter.
    pub is_on: bool,
}

/// The pixels of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sensor {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The events of one file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The pixels of the camera, where the file says.
    pub sensor: Option<Sensor>,
    /// At least one; all of them on the sensor, where it is known.
    pub events: Vec<Event>,
}

impl Recording {
    /// The smallest sensor that has all events.
    pub fn extent(&self) -> Sensor {
        let most =
            |side: fn(&Event) -> u16| self.events.iter().map(side).max().map_or(0, |most| most.saturating_add(1));
        Sensor { width: most(|event| event.x), height: most(|event| event.y) }
    }
}

impl Sensor {
    /// Errors: an event at no pixel of the sensor; it is named.
    pub(super) fn check(self, events: &[Event]) -> Result<()> {
        let Self { width, height } = self;
        match events.iter().position(|event| event.x >= width || event.y >= height) {
            None => Ok(()),
            Some(index) => {
                let Event { x, y, .. } = events[index];
                Err(Error::invalid(format!(
                    "event {} lies at column {x}, row {y}, and the sensor has {width} x {height} pixels",
                    index + 1
                )))
            }
        }
    }
}
