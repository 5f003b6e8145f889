use crate::graph::Shape;

/// Rows and columns are multiples of this, so that the poolings of a network fit them.
const MULTIPLE: usize = 4;

/// Zeros around frames: their sides up to the next multiple of 4, as many before as behind, and an odd one behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Padding {
    /// Of a frame without them.
    pub inner: Shape,
}

impl Padding {
    /// Of a frame with them.
    pub fn outer(self) -> Shape {
        let Shape { channels, height, width } = self.inner;
        Shape { channels, height: height.next_multiple_of(MULTIPLE), width: width.next_multiple_of(MULTIPLE) }
    }

    /// Frames with zeros around them, in bytes, and how many counts are more than a byte holds: they are 255.
    pub fn put(self, counts: &[u32]) -> (Vec<u8>, usize) {
        let (Shape { height, width, .. }, outer) = (self.inner, self.outer());
        let (above, left) = ((outer.height - height) / 2, (outer.width - width) / 2);
        let planes = counts.len() / (height * width).max(1);
        let mut pixels = vec![0; planes * outer.height * outer.width];
        let mut saturated = 0;
        for (plane, counts) in
            pixels.chunks_exact_mut(outer.height * outer.width).zip(counts.chunks_exact(height * width))
        {
            let rows = plane.chunks_exact_mut(outer.width).skip(above);
            for (row, counts) in rows.zip(counts.chunks_exact(width)) {
                for (pixel, &count) in row[left..].iter_mut().zip(counts) {
                    *pixel = u8::try_from(count).unwrap_or(u8::MAX);
                    saturated += usize::from(count > u32::from(u8::MAX));
                }
            }
        }
        (pixels, saturated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lie_in_the_middle_and_counts_end_at_255() {
        let padding = Padding { inner: Shape { channels: 2, height: 1, width: 6 } };
        assert_eq!(padding.outer(), Shape { channels: 2, height: 4, width: 8 });
        let (pixels, saturated) = padding.put(&[1, 2, 3, 4, 5, 255, 6, 7, 8, 9, 256, 70_000]);
        assert_eq!(pixels[..16], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 255, 0]);
        assert_eq!(pixels[32..48], [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 255, 255, 0]);
        assert!(pixels[16..32].iter().chain(&pixels[48..]).all(|&pixel| pixel == 0));
        assert_eq!((pixels.len(), saturated), (64, 2));
    }

    #[test]
    fn sides_that_fit_get_nothing() {
        let inner = Shape { channels: 1, height: 4, width: 4 };
        let (pixels, _) = Padding { inner }.put(&(0..16).collect::<Vec<u32>>());
        assert!(pixels.into_iter().eq(0..16));
    }
}
