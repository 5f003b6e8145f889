use rand_distr::{Distribution, Exp, StandardNormal};

use super::lens::{Lens, Shift};
use super::pixel::{Pixel, Thresholds};
use super::saccades::{DURATION_US, path};
use super::settings::CameraSettings;
use crate::data::events::event::{Event, Recording, Sensor};
use crate::graph::Shape;
use crate::random::{Generator, RngExt, generator, name_key};
use crate::{Error, Result};

/// The most pixels of a sensor: as many as the largest cameras of events have.
const MOST_PIXELS: usize = 1 << 20;

/// A simulated camera for pictures of one shape.
pub struct Camera {
    settings: CameraSettings,
    shape: Shape,
    sensor: Sensor,
    /// [rows, columns].
    thresholds: Vec<Thresholds>,
    /// Where the picture is, and when.
    looks: Vec<(f64, Shift)>,
}

impl Camera {
    /// Errors: settings out of range; pictures of no pixels, of too many, or of other channels than one of grey or three of colours.
    pub fn new(settings: CameraSettings, shape: Shape) -> Result<Self> {
        settings.check()?;
        if ![1, 3].contains(&shape.channels) {
            let channels = shape.channels;
            return Err(Error::invalid(format!(
                "images of {channels} channels: a camera takes grey ones and coloured ones"
            )));
        }
        let sides = [shape.height, shape.width].map(|side| side.saturating_add(2 * usize::from(settings.margin)));
        let pixels = sides[0].saturating_mul(sides[1]);
        if shape.is_empty() || pixels > MOST_PIXELS {
            let size = format!("{} x {}", shape.width, shape.height);
            return Err(Error::invalid(format!(
                "images of {size} pixels and their margin: a camera has 1 to {MOST_PIXELS} pixels, scale the images"
            )));
        }
        let [height, width] = sides.map(|side| u16::try_from(side).unwrap_or(u16::MAX));
        let mut random = generator(&[settings.seed, name_key("mismatch of pixels")]);
        let mut threshold = || {
            let deviation: f64 = StandardNormal.sample(&mut random);
            (settings.contrast + settings.mismatch * deviation).max(CameraSettings::LEAST_CONTRAST)
        };
        let thresholds = (0..pixels).map(|_| Thresholds { on: threshold(), off: threshold() }).collect();
        let margin = f64::from(settings.margin);
        let looks = path(margin).iter().map(|place| (place.time_us, Shift::of(place, margin))).collect();
        Ok(Self { settings, shape, sensor: Sensor { width, height }, thresholds, looks })
    }

    /// Its pixels: those of a picture, and the margin on all sides.
    pub fn sensor(&self) -> Sensor {
        self.sensor
    }

    /// What it records of a picture: events in order of time, of one microsecond by row and column. None where the picture has no
    /// edges and there is no noise.
    ///
    /// `image`: [channels, rows, columns]. `key` tells the noise of one picture from that of another.
    ///
    /// # Panics
    /// If the picture has another shape than the camera is for.
    pub fn record(&self, image: &[u8], key: &[u64]) -> Recording {
        assert_eq!(image.len(), self.shape.len(), "a picture of another shape");
        let lens = Lens::new(image, self.shape);
        let key = [&[self.settings.seed, name_key("noise of pixels")], key].concat();
        let mut random = generator(&key);
        let mut events = Vec::new();
        for (y, row) in (0..self.sensor.height).zip(self.thresholds.chunks(self.sensor.width.into())) {
            for (x, thresholds) in (0..self.sensor.width).zip(row) {
                let noise = self.noise(&mut random);
                self.record_pixel(&lens, [y, x], *thresholds, &noise, |time_us, is_on| {
                    events.push(Event { time_us: time_us as u64, x, y, is_on });
                });
            }
        }
        // Those of one pixel keep their order.
        events.sort_by_key(|event| (event.time_us, event.y, event.x));
        Recording { sensor: Some(self.sensor), events }
    }

    /// The events of one pixel, in order of time.
    fn record_pixel(
        &self,
        lens: &Lens,
        place: [u16; 2],
        thresholds: Thresholds,
        noise: &[(f64, bool)],
        mut tell: impl FnMut(f64, bool),
    ) {
        let place = place.map(usize::from);
        let mut light = lens.light(place, &self.looks[0].1);
        let mut level = Lens::logarithm(light);
        let mut noise = noise.iter().peekable();
        let mut pixel = Pixel::new(thresholds, self.settings.refractory_us as f64, level);
        for &(time_us, shift) in &self.looks[1..] {
            // Most of the time nothing changes, and a logarithm takes longer than all the rest.
            let next = lens.light(place, &shift);
            if next != light {
                (light, level) = (next, Lens::logarithm(next));
            }
            while let Some(&(at_us, is_on)) = noise.next_if(|event| event.0 < time_us) {
                pixel.disturb(at_us, is_on, (time_us, level), &mut tell);
            }
            pixel.see(time_us, level, &mut tell);
        }
    }

    /// Times of a pixel's events that no light makes, and whether they are ON: as many per second on average, independent of one another.
    fn noise(&self, random: &mut Generator) -> Vec<(f64, bool)> {
        let mut events = Vec::new();
        // At 0 Hz the first never comes.
        let Ok(gap) = Exp::new(self.settings.noise_hz / 1e6) else { return events };
        let mut time_us = gap.sample(random);
        while time_us < DURATION_US as f64 {
            events.push((time_us, random.random()));
            time_us += gap.sample(random);
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { channels: 1, height: 6, width: 8 };

    fn settings() -> CameraSettings {
        CameraSettings { mismatch: 0.0, refractory_us: 0, ..Default::default() }
    }

    fn record(settings: CameraSettings, image: &[u8]) -> Vec<Event> {
        Camera::new(settings, SHAPE).unwrap().record(image, &[0]).events
    }

    /// Dark on the left, bright on the right.
    fn step() -> Vec<u8> {
        (0..48).map(|place| if place % 8 < 4 { 0 } else { 255 }).collect()
    }

    #[test]
    fn a_picture_without_edges_makes_no_events_but_noise() {
        assert_eq!(record(settings(), &[77; 48]), []);
        let noise = record(CameraSettings { noise_hz: 50.0, ..settings() }, &[77; 48]);
        // 12 x 14 pixels for 0.3 s: 2,520 on average, with a deviation of 50.
        assert!((2_300..2_740).contains(&noise.len()), "{}", noise.len());
        let on = noise.iter().filter(|event| event.is_on).count();
        assert!((noise.len() / 2).abs_diff(on) < 130, "{on} of {}", noise.len());
    }

    #[test]
    fn what_gets_brighter_is_on_what_gets_darker_off_and_as_often_as_the_contrast_has_thresholds() {
        let events = record(settings(), &step());
        // The step moves to the right by 6 pixels in the first two saccades, and back in the third.
        let (there, back): (Vec<Event>, Vec<Event>) = events.iter().partition(|event| event.time_us < 200_000);
        assert!(there.iter().all(|event| !event.is_on) && back.iter().all(|event| event.is_on));
        let thresholds = (11_f64.ln() / settings().contrast).floor() as usize;
        for x in 5..9 {
            let of_pixel = |events: &[Event]| events.iter().filter(|event| (event.x, event.y) == (x, 4)).count();
            assert!(of_pixel(&there).abs_diff(thresholds) <= 1, "column {x}: {} of {thresholds}", of_pixel(&there));
            assert!(of_pixel(&back).abs_diff(thresholds) <= 1, "column {x}: {} of {thresholds}", of_pixel(&back));
        }
        assert!(events.is_sorted_by_key(|event| (event.time_us, event.y, event.x)));
        assert!(events.iter().all(|event| event.time_us <= DURATION_US));
    }

    #[test]
    fn the_refractory_time_bounds_the_rate_of_a_pixel() {
        let noisy = CameraSettings { refractory_us: 4_000, noise_hz: 200.0, ..settings() };
        let events = record(noisy.clone(), &step());
        assert!(events.len() > 1000);
        for place in [[3, 3], [6, 4], [8, 5]] {
            let times: Vec<u64> =
                events.iter().filter(|event| [event.x, event.y] == place).map(|event| event.time_us).collect();
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 4_000), "{place:?}: {times:?}");
        }
        assert!(record(CameraSettings { refractory_us: 0, ..noisy }, &step()).len() > events.len());
    }

    #[test]
    fn mismatch_and_noise_follow_the_seed_and_noise_the_picture() {
        let with = |mismatch, noise_hz, seed| CameraSettings { mismatch, noise_hz, seed, ..settings() };
        assert_eq!(record(with(0.03, 1.0, 1), &step()), record(with(0.03, 1.0, 1), &step()));
        assert_ne!(record(with(0.03, 0.0, 1), &step()), record(with(0.03, 0.0, 2), &step()));
        assert_ne!(record(with(0.0, 1.0, 1), &step()), record(with(0.0, 1.0, 2), &step()));
        assert_eq!(record(with(0.0, 0.0, 1), &step()), record(with(0.0, 0.0, 2), &step()));
        let camera = Camera::new(with(0.0, 5.0, 1), SHAPE).unwrap();
        assert_ne!(camera.record(&step(), &[0]), camera.record(&step(), &[1]));
    }

    #[test]
    fn the_sensor_is_larger_than_the_picture_by_the_margin() {
        let camera = Camera::new(settings(), Shape { channels: 3, height: 28, width: 28 }).unwrap();
        assert_eq!(camera.sensor(), Sensor { width: 34, height: 34 });
        let failure = |shape| Camera::new(settings(), shape).map(drop).unwrap_err().to_string();
        assert!(failure(Shape { channels: 2, ..SHAPE }).contains("images of 2 channels"));
        assert!(failure(Shape { height: 0, ..SHAPE }).contains("images of 8 x 0 pixels"));
        assert!(failure(Shape { channels: 1, height: 2000, width: 600 }).contains("images of 600 x 2000 pixels"));
    }
}
