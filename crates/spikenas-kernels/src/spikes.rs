/// Binary feature maps, bit-packed: `[maps, pixels, words]`, 64 channels a word, channel 0 in the lowest bit.
///
/// A map is one sample at one timestep, timestep-major: map `t * samples + i`. Bits past the last channel are zero.
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
        Self { maps, pixels, channels, words: vec![0; maps * pixels * channels.div_ceil(64)] }
    }

    /// Whatever `words` hold, which are made as many as are needed: a place for spikes in memory that was used before.
    pub fn in_words(mut words: Vec<u64>, maps: usize, pixels: usize, channels: usize) -> Self {
        words.resize(maps * pixels * channels.div_ceil(64), 0);
        Self { maps, pixels, channels, words }
    }

    /// The memory, to be used again.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Packs booleans of shape `[maps, pixels, channels]`.
    pub fn pack(maps: usize, pixels: usize, channels: usize, spikes: &[bool]) -> Self {
        assert_eq!(spikes.len(), maps * pixels * channels, "spikes do not have the shape given");
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
        let length = self.pixels * self.words_per_pixel();
        &self.words[map * length..][..length]
    }

    /// All words, `[maps, pixels, words]`.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// All words, to write.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Spikes in each map.
    pub fn counts(&self) -> Vec<u64> {
        (0..self.maps).map(|map| self.map(map).iter().map(|w| u64::from(w.count_ones())).sum()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
