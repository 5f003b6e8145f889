/// Microseconds of a saccade; Orchard et al. (2015) moved their camera by three of 100 ms.
const SACCADE_US: u64 = 100_000;
/// Microseconds of a recording.
pub const DURATION_US: u64 = 3 * SACCADE_US;
/// The corners between which the picture moves, in margins from the middle of the sensor to the right and downwards: the triangle that
/// N-MNIST's camera went along, (-0.5, 0.5), (0, -0.5), (0.5, 0.5) and back, in degrees of pan and tilt.
const CORNERS: [[f64; 2]; 4] = [[-1.0, -1.0], [0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]];
/// The most that the picture moves between two looks, in pixels.
const STEP: f64 = 0.125;
/// The highest speed of a saccade, as a multiple of its mean.
const PEAK: f64 = 1.875;

/// Where the picture is at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub time_us: f64,
    /// Pixels to the right and downwards, from the middle of the sensor.
    pub offset: [f64; 2],
}

/// Where the picture is from the beginning to the end of a recording, at times so close together that it never moves by more than an
/// eighth of a pixel from one to the next.
///
/// A saccade goes from rest to rest with the least jerk (Flash and Hogan, J. Neuroscience 5, 1985): `10 s^3 - 15 s^4 + 6 s^5` of its way
/// are behind it after a part `s` of its time.
pub(super) fn path(margin: f64) -> Vec<Place> {
    let begin = Place { time_us: 0.0, offset: CORNERS[0].map(|side| side * margin) };
    let saccades = CORNERS.windows(2).zip(0_u64..).flat_map(|(ends, number)| {
        let [from, to] = [ends[0], ends[1]].map(|corner| corner.map(|side| side * margin));
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let steps = (PEAK * length / STEP).ceil().max(1.0);
        (1..=steps as u64).map(move |step| {
            let part = step as f64 / steps;
            let behind = part.powi(3) * (10.0 - 15.0 * part + 6.0 * part * part);
            Place {
                time_us: (number * SACCADE_US) as f64 + part * SACCADE_US as f64,
                offset: std::array::from_fn(|axis| from[axis] + behind * (to[axis] - from[axis])),
            }
        })
    });
    std::iter::once(begin).chain(saccades).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_moves_in_small_steps_along_a_triangle_and_comes_back() {
        let path = path(3.0);
        let (first, last) = (path[0], path[path.len() - 1]);
        assert_eq!((first.time_us, last.time_us), (0.0, 300_000.0));
        assert_eq!((first.offset, last.offset), ([-3.0, -3.0], [-3.0, -3.0]));
        for corner in [[0.0, 3.0], [3.0, -3.0]] {
            assert!(path.iter().any(|place| place.offset == corner), "{corner:?}");
        }
        let moved = |pair: &[Place]| {
            let [x, y] = [0, 1].map(|axis| pair[1].offset[axis] - pair[0].offset[axis]);
            x.hypot(y)
        };
        assert!(path.windows(2).all(|pair| pair[0].time_us < pair[1].time_us && moved(pair) <= STEP));
        let furthest = path.iter().flat_map(|place| place.offset).fold(0.0, |most, side| f64::max(most, side.abs()));
        assert!(furthest <= 3.0);
    }
}
