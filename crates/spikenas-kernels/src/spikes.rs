use crate::sizes::product;

/// Binary feature maps, bit-packed: `[maps, pixels, words]`, 64 channels per word, channel 0 in the lowest bit.
///
/// A map is one sample at one timestep, timestep-major: map `t * samples + i`. Bits past the last channel are always
/// zero: kernels read weights by the bits that are set. Sizes whose product does not fit a `usize` are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spikes {
    maps: usize,
    pixels: usize,
    channels: usize,
    words: Vec<u64>,
}

impl Spikes {
    /// No spikes.
    pub fn zeros(maps: usize, pixels: usize, channels: usize) -> Self {
        Self { maps, pixels, channels, words: vec![0; words_of(maps, pixels, channels)] }
    }

    /// Spikes in memory that was used before: `words` are resized to what is needed and keep whatever they hold. Bits past the
    /// last channel are cleared.
    pub fn in_words(mut words: Vec<u64>, maps: usize, pixels: usize, channels: usize) -> Self {
        words.resize(words_of(maps, pixels, channels), 0);
        if !channels.is_multiple_of(64) {
            let used = (1 << (channels % 64)) - 1;
            words.iter_mut().skip(channels / 64).step_by(channels.div_ceil(64)).for_each(|word| *word &= used);
        }
        Self { maps, pixels, channels, words }
    }

    /// The maps of several, one after the other, in memory that was used before. All have the same pixels and channels.
    pub fn joined(mut words: Vec<u64>, parts: &[&Spikes]) -> Self {
        words.clear();
        parts.iter().for_each(|part| words.extend_from_slice(&part.words));
        let [pixels, channels] = parts.first().map_or([0; 2], |part| [part.pixels, part.channels]);
        assert!(
            parts.iter().all(|part| [part.pixels, part.channels] == [pixels, channels]),
            "spikes of different maps are no series"
        );
        Self { maps: parts.iter().map(|part| part.maps).sum(), pixels, channels, words }
    }

    /// The memory, to be used again.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Packs booleans of shape `[maps, pixels, channels]`.
    pub fn pack(maps: usize, pixels: usize, channels: usize, spikes: &[bool]) -> Self {
        assert_eq!(spikes.len(), product([maps, pixels, channels]), "spikes do not have the shape given");
        let mut packed = Self::zeros(maps, pixels, channels);
        let words = packed.words_per_pixel();
        for (index, _) in spikes.iter().enumerate().filter(|(_, spike)| **spike) {
            let (pixel, channel) = (index / channels, index % channels);
            packed.words[pixel * words + channel / 64] |= 1 << (channel % 64);
        }
        packed
    }

    /// Whether a neuron fired.
    pub fn get(&self, map: usize, pixel: usize, channel: usize) -> bool {
        assert!(
            pixel < self.pixels && channel < self.channels,
            "no neuron ({pixel}, {channel}) in maps of {} pixels and {} channels",
            self.pixels,
            self.channels
        );
        self.map(map)[pixel * self.words_per_pixel() + channel / 64] >> (channel % 64) & 1 == 1
    }

    /// Samples times timesteps.
    pub fn maps(&self) -> usize {
        self.maps
    }

    /// Pixels of a map.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Words that hold the channels of one pixel.
    pub fn words_per_pixel(&self) -> usize {
        self.channels.div_ceil(64)
    }

    /// The words of one map.
    pub fn map(&self, map: usize) -> &[u64] {
        assert!(map < self.maps, "no map {map} of {}", self.maps);
        let length = self.pixels * self.words_per_pixel();
        &self.words[map * length..][..length]
    }

    /// All words, `[maps, pixels, words]`.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// All words, to write: the writer leaves bits past the last channel zero.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Spikes in each map.
    pub fn counts(&self) -> Vec<u64> {
        (0..self.maps).map(|map| self.map(map).iter().map(|w| u64::from(w.count_ones())).sum()).collect()
    }
}

/// Words of this many maps. Refuses sizes whose product wraps, and neurons that cannot be counted.
fn words_of(maps: usize, pixels: usize, channels: usize) -> usize {
    product([maps, pixels, channels]);
    product([maps, pixels, channels.div_ceil(64)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_past_the_channels_are_cleared() {
        for channels in [1, 63, 64, 65, 128, 130] {
            let spikes = Spikes::in_words(vec![u64::MAX; 20], 2, 3, channels);
            assert_eq!(spikes.counts(), [3 * channels as u64; 2]);
            assert_eq!(spikes.words().len(), 6 * channels.div_ceil(64));
            if let Some(rest) = spikes.words().get(20..) {
                assert_eq!(rest, vec![0; rest.len()], "{channels} channels");
            }
        }
    }

    #[test]
    fn series_have_the_maps_of_their_parts() {
        let spikes = |seed: usize, maps: usize| {
            Spikes::pack(maps, 3, 70, &(0..maps * 3 * 70).map(|i| (i + seed).is_multiple_of(5)).collect::<Vec<_>>())
        };
        let (one, two) = (spikes(1, 2), spikes(2, 1));
        let joined = Spikes::joined(vec![u64::MAX; 3], &[&one, &two]);
        assert_eq!((joined.maps(), joined.map(0), joined.map(1)), (3, one.map(0), one.map(1)));
        assert_eq!((joined.map(2), joined.counts().len()), (two.map(0), 3));
    }

    #[test]
    #[should_panic = "no neuron (0, 70)"]
    fn a_channel_past_the_last_is_no_neuron() {
        Spikes::zeros(1, 2, 70).get(0, 0, 70);
    }

    #[test]
    fn packing_keeps_every_spike_in_its_place() {
        let (maps, pixels, channels) = (2, 3, 70);
        let spikes: Vec<bool> = (0..maps * pixels * channels).map(|i| i % 7 == 0).collect();
        let packed = Spikes::pack(maps, pixels, channels, &spikes);
        for (i, &spike) in spikes.iter().enumerate() {
            assert_eq!(packed.get(i / (pixels * channels), i / channels % pixels, i % channels), spike);
        }
        assert_eq!(packed.counts().iter().sum::<u64>(), spikes.iter().filter(|s| **s).count() as u64);
    }
}
