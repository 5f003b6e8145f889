use super::event::Recording;
use super::format::Format;
use crate::{Error, Result};

impl Recording {
    /// The file of a recording, which [`Recording::decode`] reads as the same events: N-MNIST's or NumPy's, see [`Format::for_sensor`].
    ///
    /// Errors: a format that is only read, a recording of no events, an event for which the format has no room.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>> {
        if self.events.is_empty() {
            return Err(Error::invalid("a recording of no events: no file holds it"));
        }
        match format.encode(&self.events) {
            None => Err(Error::invalid(format!("{format:?} is only read: write N-MNIST's format or NumPy's"))),
            Some(bytes) => bytes.map_err(|fault| Error::invalid(fault.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::events::{Event, Sensor};

    #[test]
    fn small_sensors_have_the_simplest_format_and_others_numpy_s() {
        let of = |width, height| Format::for_sensor(Sensor { width, height });
        assert_eq!([of(34, 34), of(256, 240), of(257, 1), of(1, 241)], {
            use Format::{Nmnist, Npz};
            [Nmnist, Nmnist, Npz, Npz]
        });
    }

    #[test]
    fn a_file_holds_events_of_a_format_that_is_written() {
        let event = Event { time_us: 5, x: 1, y: 2, is_on: true };
        let recording = Recording { sensor: None, events: vec![event] };
        for format in [Format::Nmnist, Format::Npz] {
            assert_eq!(Recording::decode(format, &recording.encode(format).unwrap()).unwrap(), recording);
        }
        let failure = |recording: &Recording, format| recording.encode(format).unwrap_err().to_string();
        assert!(failure(&recording, Format::Dat).starts_with("Dat is only read"));
        assert!(failure(&Recording { sensor: None, events: vec![] }, Format::Npz).contains("no events"));
    }
}
