//! A recording of events: every format that there is, by the extension that a file would have.

use std::path::Path;

use spikenas::data::events::{Format, FrameRule, Recording, Split};

use super::event_files;
use crate::checksums;
use crate::promises::{accepted, check_message};

/// The longest side of a sensor whose events are counted into frames here.
const SIDE: u16 = 256;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let words = |header: &str, words: &[u8]| [header.as_bytes(), words].concat();
    let bin = [3, 4, 0x80, 0, 9, 0, 240, 0, 0, 10, 5, 6, 1, 2, 3];
    let dat = [12, 8, 77, 0, 0, 0, 100, 0x40, 4, 0x10];
    let evt2 = [0x10, 0, 0, 0x80, 0xdf, 0x41, 1, 0x10];
    let evt3 = [1, 0x80, 2, 0x60, 7, 0, 5, 0x28, 16, 0x38, 1, 0x48, 3, 0x50];
    let aedat3 = {
        let head = [8_u32, 4, 0, 1, 1, 1].map(u32::to_le_bytes).concat();
        let event = [(100_u32 << 17 | 7 << 2 | 3).to_le_bytes(), 50_u32.to_le_bytes()].concat();
        [vec![1, 0, 1, 0], head, event].concat()
    };
    let plain = vec![
        bin.to_vec(),
        words("% Data file\n% Version 2\n% Height 720\n% Width 1280\n", &dat),
        words("% evt 2.0\n% geometry 640x480\n% end\n", &evt2),
        words("% format EVT3;height=720;width=1280\n", &evt3),
        words("#!AER-DAT2.0\r\n", &[0, 0, 5, 18, 0, 1, 17, 112]),
        words("#!AER-DAT3.1\r\n#!END-HEADER\r\n", &aedat3),
    ];
    let written = [Format::Nmnist, Format::Npz].map(|format| {
        let recording = Recording::decode(Format::Nmnist, &bin).expect("two events");
        recording.encode(format).expect("room for two small events")
    });
    [plain, event_files::npz(), event_files::aedat4(), written.into()].concat()
}

pub(crate) fn read(input: &[u8]) -> bool {
    // Each, so that one accepting does not keep the others from the input.
    let accepted = Format::EXTENSIONS.map(|extension| match extension {
        "npz" => checksums::both(input, checksums::of_zip, |input| read_as(extension, input)),
        _ => read_as(extension, input),
    });
    accepted.contains(&true)
}

fn read_as(extension: &str, input: &[u8]) -> bool {
    let format = Format::of(Path::new(&format!("recording.{extension}")), input);
    let Some(format) = accepted(format) else { return false };
    let Some(recording) = accepted(Recording::decode(format, input)) else { return false };
    let sensor = recording.sensor.unwrap_or(recording.extent());
    for format in [Format::Nmnist, Format::Npz] {
        // Not every format has room for every event.
        if let Some(written) = accepted(recording.encode(format)) {
            let again = accepted(Recording::decode(format, &written)).expect("what was written is read");
            assert!(again.events == recording.events, "{format:?} holds other events");
        }
    }
    assert!(recording.events.iter().all(|event| event.x < sensor.width && event.y < sensor.height));
    if sensor.width.max(sensor.height) > SIDE {
        return true;
    }
    for split in [Split::Number, Split::Time] {
        let rule = FrameRule { frames: 3, split, sensor, scale: 4, merges_polarities: false };
        match rule.count(&recording) {
            Ok(counts) => assert_eq!(counts.len(), 3 * rule.shape().iter().product::<usize>()),
            Err(error) => check_message(&error.to_string()),
        }
    }
    true
}
