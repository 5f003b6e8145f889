/// Changes of the logarithm of the light that make an event at a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thresholds {
    pub on: f64,
    pub off: f64,
}

/// A pixel, which follows the logarithm of the light on it from one look to the next and makes events.
pub(super) struct Pixel {
    thresholds: Thresholds,
    refractory_us: f64,
    /// The last look.
    time_us: f64,
    level: f64,
    /// What the light is compared with.
    reference: f64,
    /// It sees nothing before.
    blind_until_us: f64,
}

impl Pixel {
    pub fn new(thresholds: Thresholds, refractory_us: f64, level: f64) -> Self {
        Self { thresholds, refractory_us, time_us: 0.0, level, reference: level, blind_until_us: 0.0 }
    }

    /// The light changes evenly to a level at a time, and `tell` gets the time of each event and whether it is ON.
    ///
    /// After an event the pixel sees nothing for the refractory time; then it compares with what light there is.
    pub fn see(&mut self, time_us: f64, level: f64, tell: &mut impl FnMut(f64, bool)) {
        loop {
            if self.blind_until_us > self.time_us {
                if self.blind_until_us > time_us {
                    break;
                }
                let sight_us = self.blind_until_us;
                self.reset(sight_us, self.level_at(sight_us, time_us, level));
            }
            let is_on = level > self.reference;
            let target = self.reference + if is_on { self.thresholds.on } else { -self.thresholds.off };
            let is_reached = if is_on { level >= target } else { level <= target };
            if !is_reached {
                break;
            }
            let part = (target - self.level) / (level - self.level);
            let crossing_us = (self.time_us + part * (time_us - self.time_us)).clamp(self.time_us, time_us);
            tell(crossing_us, is_on);
            self.reset(crossing_us, target);
            self.blind_until_us = crossing_us + self.refractory_us;
        }
        (self.time_us, self.level) = (time_us, level);
    }

    /// An event that no light made, at a time before the next look, where the light will have a level; `tell` gets it unless the pixel is
    /// blind.
    pub fn disturb(&mut self, at_us: f64, is_on: bool, look: (f64, f64), tell: &mut impl FnMut(f64, bool)) {
        let level = self.level_at(at_us, look.0, look.1);
        self.see(at_us, level, tell);
        if at_us >= self.blind_until_us {
            tell(at_us, is_on);
            self.reset(at_us, level);
            self.blind_until_us = at_us + self.refractory_us;
        }
    }

    /// The level at a time between the last look and another one.
    fn level_at(&self, at_us: f64, time_us: f64, level: f64) -> f64 {
        let span = time_us - self.time_us;
        if span > 0.0 { self.level + (at_us - self.time_us) / span * (level - self.level) } else { level }
    }

    fn reset(&mut self, time_us: f64, level: f64) {
        (self.time_us, self.level, self.reference) = (time_us, level, level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { on: 0.25, off: 0.5 };

    /// Events of a pixel that sees levels at times.
    fn events(refractory_us: f64, looks: &[(f64, f64)]) -> Vec<(f64, bool)> {
        let mut pixel = Pixel::new(THRESHOLDS, refractory_us, looks[0].1);
        let mut events = Vec::new();
        for &(time_us, level) in &looks[1..] {
            pixel.see(time_us, level, &mut |time, is_on| events.push((time, is_on)));
        }
        events
    }

    #[test]
    fn a_change_makes_an_event_for_each_threshold_when_the_light_passes_it() {
        let risen = events(0.0, &[(0.0, 0.0), (100.0, 1.0)]);
        assert_eq!(risen, [(25.0, true), (50.0, true), (75.0, true), (100.0, true)]);
        assert_eq!(events(0.0, &[(0.0, 0.0), (100.0, -1.2)]).len(), 2);
        let there_and_back = events(0.0, &[(0.0, 0.0), (10.0, 0.3), (20.0, -0.3)]);
        assert_eq!(there_and_back.iter().map(|event| event.1).collect::<Vec<_>>(), [true, false]);
        assert_eq!(events(0.0, &[(0.0, 0.0), (10.0, 0.2), (20.0, 0.0), (30.0, 0.24)]), []);
    }

    #[test]
    fn small_changes_add_up_over_looks() {
        let looks: Vec<(f64, f64)> = (0..=100).map(|step| (f64::from(step), f64::from(step) / 100.0)).collect();
        let times: Vec<f64> = events(0.0, &looks).into_iter().map(|event| event.0).collect();
        assert!(
            times.iter().zip([25.0, 50.0, 75.0]).all(|(time, expected)| (time - expected).abs() < 1e-9),
            "{times:?}"
        );
    }

    #[test]
    fn a_pixel_is_blind_for_its_refractory_time_and_then_begins_with_the_light_that_it_finds() {
        let times = |looks: &[(f64, f64)]| events(30.0, looks).into_iter().map(|event| event.0).collect::<Vec<_>>();
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(found.len() == expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        };
        // From 55 on it compares with 0.55.
        close(times(&[(0.0, 0.0), (100.0, 1.0)]), &[25.0, 80.0]);
        close(times(&[(0.0, 0.0), (50.0, 0.5), (55.0, 0.55), (100.0, 1.0)]), &[25.0, 80.0]);
        // What comes and goes meanwhile is not seen.
        close(times(&[(0.0, 0.0), (25.0, 0.25), (40.0, 2.0), (54.0, 0.25), (100.0, 0.25)]), &[25.0]);
    }

    #[test]
    fn a_disturbance_is_an_event_like_others() {
        let mut pixel = Pixel::new(THRESHOLDS, 10.0, 0.0);
        let mut events = Vec::new();
        let mut tell = |time, is_on| events.push((time, is_on));
        pixel.disturb(20.0, false, (100.0, 1.0), &mut tell);
        pixel.disturb(25.0, true, (100.0, 1.0), &mut tell);
        pixel.see(100.0, 1.0, &mut tell);
        // Blind until 30, where the light is at 0.3.
        let rounded: Vec<(f64, bool)> = events.into_iter().map(|(time, is_on)| (f64::round(time), is_on)).collect();
        assert_eq!(rounded, [(20.0, false), (55.0, true), (90.0, true)]);
    }
}
