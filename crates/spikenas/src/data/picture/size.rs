/// The most pixels that an image may have: a small file may claim to be huge.
pub(super) const MOST_PIXELS: usize = 1 << 24;

/// What is said of a larger one.
pub(super) fn too_many_pixels(width: usize, height: usize) -> String {
    format!("{width}x{height} pixels, and {MOST_PIXELS} are the most: scale it down")
}
