use super::saccades::Place;
use crate::data::luminance::luminance;
use crate::graph::Shape;

/// Light that reaches a pixel in the dark, as a part of white: a tenth, as where a screen is looked at in a room. It bounds the contrast of
/// black and white to `ln 11`.
const DARKNESS: f64 = 0.1;

/// A picture as a camera's pixels see it: at any place between its own pixels, and beyond its edges as at them.
pub(super) struct Lens {
    /// [rows, columns], 0 to 255.
    levels: Vec<u8>,
    height: isize,
    width: isize,
}

/// A move of the picture in whole pixels and the rest of it.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    whole: [isize; 2],
    rest: [f64; 2],
}

impl Shift {
    /// What of the picture lies at the corner of a sensor that is larger by a margin.
    pub fn of(place: &Place, margin: f64) -> Self {
        let corner = place.offset.map(|side| -margin - side);
        Self { whole: corner.map(|side| side.floor() as isize), rest: corner.map(|side| side - side.floor()) }
    }
}

impl Lens {
    /// `image`: [channels, rows, columns], of one channel, or of three that are red, green and blue.
    pub fn new(image: &[u8], shape: Shape) -> Self {
        let levels = if shape.channels == 3 { luminance(image) } else { image.to_vec() };
        Self { levels, height: shape.height as isize, width: shape.width as isize }
    }

    /// The light on a pixel of the sensor, as a part of white: the mean over its square, which is what interpolation between the four
    /// nearest pixels of the picture gives.
    pub fn light(&self, [row, column]: [usize; 2], shift: &Shift) -> f64 {
        let [left, top] = [column as isize + shift.whole[0], row as isize + shift.whole[1]];
        let level = |row: isize, column: isize| {
            let (row, column) = (row.clamp(0, self.height - 1), column.clamp(0, self.width - 1));
            f64::from(self.levels[(row * self.width + column) as usize])
        };
        let mix = |from: f64, to: f64, part: f64| from + part * (to - from);
        let [right, down] = shift.rest;
        let above = mix(level(top, left), level(top, left + 1), right);
        let below = mix(level(top + 1, left), level(top + 1, left + 1), right);
        mix(above, below, down) / 255.0
    }

    /// What a pixel makes of the light on it: its logarithm.
    pub fn logarithm(light: f64) -> f64 {
        (light + DARKNESS).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: [f64; 2]) -> Shift {
        Shift::of(&Place { time_us: 0.0, offset }, 1.0)
    }

    #[test]
    fn a_picture_lies_within_its_margin_moves_by_parts_of_pixels_and_goes_on_beyond_its_edges() {
        let lens = Lens::new(&[0, 255], Shape { channels: 1, height: 1, width: 2 });
        let row = |shift: Shift| (0..4).map(|column| lens.light([1, column], &shift)).collect::<Vec<f64>>();
        assert_eq!(row(at([0.0, 0.0])), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(row(at([0.25, 0.0])), [0.0, 0.0, 0.75, 1.0]);
        assert_eq!(row(at([-0.25, 0.9])), [0.0, 0.25, 1.0, 1.0]);
        assert_eq!(row(at([1.0, -1.0])), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn colours_are_seen_by_their_luminance() {
        let lens = Lens::new(&[255, 0, 0, 255, 0, 0], Shape { channels: 3, height: 1, width: 2 });
        let [red, green] = [1, 2].map(|column| lens.light([1, column], &at([0.0, 0.0])));
        assert!((red - 0.2126).abs() < 0.002 && (green - 0.7152).abs() < 0.002, "{red} {green}");
    }
}
