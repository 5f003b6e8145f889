use std::ops::Range;

use super::event::{Event, Recording, Sensor};
use crate::weights::Split;
use crate::{Error, Result};

/// The most pixels of a frame, and counts of all frames of a recording.
const MOST_PIXELS: usize = 1 << 22;
const MOST_COUNTS: usize = 1 << 28;

/// How events become frames: counts of events by polarity and pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameRule {
    /// Frames of a recording.
    pub frames: usize,
    /// What each of them has.
    pub split: Split,
    /// The pixels of the camera.
    pub sensor: Sensor,
    /// Pixels of a side that are added up to one; what is left over at the right and at the bottom makes one of fewer.
    pub scale: u16,
    /// Whether both polarities are counted together.
    pub merges_polarities: bool,
}

impl FrameRule {
    /// Channels, rows and columns of a frame.
    pub fn shape(&self) -> [usize; 3] {
        let side = |pixels: u16| usize::from(pixels.div_ceil(self.scale.max(1)));
        [if self.merges_polarities { 1 } else { 2 }, side(self.sensor.height), side(self.sensor.width)]
    }

    /// Counts of a recording, `[frames, channels, rows, columns]`: channel 0 has what became darker, channel 1 what became brighter.
    ///
    /// These are SpikingJelly's integers (`integrate_events_by_fixed_frames_number`), where it gives any: a part of no events, of which
    /// it makes an error, is a frame of zeros.
    ///
    /// Errors: no frames, or too many; an event at no pixel of the sensor.
    pub fn count(&self, recording: &Recording) -> Result<Vec<u32>> {
        if self.frames == 0 || self.scale == 0 {
            return Err(Error::invalid("0 frames, or frames of pixels of no size: at least 1"));
        }
        self.sensor.check(&recording.events)?;
        let [channels, height, width] = self.shape();
        if height * width > MOST_PIXELS {
            return Err(Error::invalid(format!(
                "frames of {width} x {height} pixels: at most {MOST_PIXELS}, raise the scale"
            )));
        }
        let plane = height * width;
        if self.frames > MOST_COUNTS / (channels * plane).max(1) {
            return Err(Error::invalid(format!(
                "{} frames of {channels} x {height} x {width}: at most {MOST_COUNTS} counts, take fewer frames",
                self.frames
            )));
        }
        let mut counts = vec![0_u32; self.frames * channels * plane];
        for (frame, part) in counts.chunks_mut((channels * plane).max(1)).zip(self.parts(&recording.events)) {
            for event in &recording.events[part] {
                let channel = usize::from(event.is_on && !self.merges_polarities);
                let [row, column] = [event.y, event.x].map(|place| usize::from(place / self.scale));
                frame[channel * plane + row * width + column] += 1;
            }
        }
        Ok(counts)
    }

    /// The events of each frame.
    fn parts(&self, events: &[Event]) -> Vec<Range<usize>> {
        let (count, last) = (events.len(), self.frames - 1);
        let mut parts: Vec<Range<usize>> = match self.split {
            Split::Number => (0..self.frames)
                .map(|frame| frame * (count / self.frames)..(frame + 1) * (count / self.frames))
                .collect(),
            Split::Time => {
                let [first, end] = [events.first(), events.last()].map(|event| event.map_or(0, |event| event.time_us));
                let step = end.saturating_sub(first) / self.frames as u64;
                let inside = |frame: usize| {
                    let from = first + frame as u64 * step;
                    let is_inside = |event: &Event| (from..from + step).contains(&event.time_us);
                    let start = events.iter().position(is_inside).unwrap_or(count);
                    start..events.iter().rposition(is_inside).map_or(start, |last| last + 1)
                };
                (0..self.frames).map(inside).collect()
            }
        };
        parts[last].end = count;
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSOR: Sensor = Sensor { width: 3, height: 2 };

    fn recording(events: &[(u64, u16, u16, bool)]) -> Recording {
        let events = events.iter().map(|&(time_us, x, y, is_on)| Event { time_us, x, y, is_on }).collect();
        Recording { sensor: None, events }
    }

    fn rule(frames: usize, split: Split) -> FrameRule {
        FrameRule { frames, split, sensor: SENSOR, scale: 1, merges_polarities: false }
    }

    /// Events of each frame.
    fn sums(rule: FrameRule, recording: &Recording) -> Vec<u32> {
        let [channels, height, width] = rule.shape();
        rule.count(recording).unwrap().chunks(channels * height * width).map(|frame| frame.iter().sum()).collect()
    }

    #[test]
    fn counts_lie_by_polarity_row_and_column() {
        let recording = recording(&[(0, 2, 1, true), (1, 0, 0, false), (2, 2, 1, true)]);
        let counts = rule(1, Split::Number).count(&recording).unwrap();
        assert_eq!(counts, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        let merged = FrameRule { merges_polarities: true, scale: 2, ..rule(1, Split::Number) };
        assert_eq!((merged.shape(), merged.count(&recording).unwrap()), ([1, 1, 2], vec![1, 2]));
    }

    #[test]
    fn frames_have_as_many_events_and_the_last_the_rest() {
        let seven: Vec<_> = (0..7).map(|time| (time, 0, 0, true)).collect();
        assert_eq!(sums(rule(3, Split::Number), &recording(&seven)), [2, 2, 3]);
        assert_eq!(sums(rule(9, Split::Number), &recording(&seven)), [0, 0, 0, 0, 0, 0, 0, 0, 7]);
    }

    #[test]
    fn frames_have_as_much_time_and_the_last_the_rest() {
        let times: Vec<_> = [10, 11, 12, 25, 39, 40].map(|time| (time, 1, 1, false)).to_vec();
        assert_eq!(sums(rule(3, Split::Time), &recording(&times)), [3, 1, 2]);
        assert_eq!(sums(rule(2, Split::Time), &recording(&times[..3])), [1, 2]);
        let gap: Vec<_> = [0, 90].map(|time| (time, 0, 0, true)).to_vec();
        assert_eq!(sums(rule(3, Split::Time), &recording(&gap)), [1, 0, 0], "an empty part is a frame of zeros");
    }

    #[test]
    fn frames_without_bounds_are_refused_before_they_take_memory() {
        let error = rule(usize::MAX, Split::Time).count(&recording(&[(0, 0, 0, true)])).unwrap_err().to_string();
        assert!(error.ends_with("frames of 2 x 2 x 3: at most 268435456 counts, take fewer frames"), "{error}");
    }

    #[test]
    fn an_event_beside_the_sensor_is_named() {
        let error = rule(1, Split::Number).count(&recording(&[(0, 3, 1, true)])).unwrap_err().to_string();
        assert_eq!(error, "event 1 lies at column 3, row 1, and the sensor has 3 x 2 pixels");
    }
}
