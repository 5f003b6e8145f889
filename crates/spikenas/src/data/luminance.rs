/// Weights of red, green and blue in ten-thousandths (ITU-R BT.709).
const WEIGHTS: [u32; 3] = [2126, 7152, 722];

/// The luminance of each pixel of an image in colours, which is the level of a grey one.
///
/// `pixels`: [3, pixels]. Returns [pixels].
pub(super) fn luminance(pixels: &[u8]) -> Vec<u8> {
    let plane = pixels.len() / WEIGHTS.len();
    let level = |at: usize| {
        let weigh = |(channel, weight): (usize, u32)| weight * u32::from(pixels[channel * plane + at]);
        ((WEIGHTS.into_iter().enumerate().map(weigh).sum::<u32>() + 5_000) / 10_000) as u8
    };
    (0..plane).map(level).collect()
}
