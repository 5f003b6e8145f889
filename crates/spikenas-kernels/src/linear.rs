use rayon::prelude::*;

use crate::Spikes;
use crate::aligned::AlignedValues;
use crate::convolution::{AT_A_TIME, add_rows, write_offsets};
use crate::isa::{BlockOperation, Isa, Operation, Vector, in_blocks};
use crate::sizes::{assert_fit_offsets, product};

/// Outputs that are summed at a time.
const BLOCK: usize = 32;

/// Channels whose weights for this many outputs stay in the nearest cache: 24 KB.
const CHUNK: usize = 192;

/// Weights of each output that are packed at a time: 128 KB for a block, which stay in the second cache.
const TILE: usize = 1024;

/// Weights between the rows of a tile, so that those of one column do not compete for the same lines of the first cache.
const GAP: usize = 16;

/// Weights of a linear layer that reads averages of spikes, laid out `[blocks, averages, channels, block]`.
#[derive(Clone, Debug)]
pub struct PackedLinear {
    isa: Isa,
    outputs: usize,
    /// Averages of each channel.
    averages: usize,
    channels: usize,
    values: AlignedValues,
}

impl PackedLinear {
    /// Packs weights of PyTorch's shape `[outputs, channels * averages]`, the averages of a channel one behind the other.
    pub fn new(isa: Isa, outputs: usize, channels: usize, averages: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), product([outputs, channels, averages]), "weights do not have the shape given");
        let copy = |first: usize, part: &mut [f32]| part.copy_from_slice(&weights[first..][..part.len()]);
        Self::from_parts(isa, outputs, channels, averages, copy)
    }

    /// Packs weights that are nowhere as a whole: `write` fills a slice with those from an index on, in the order that
    /// [`PackedLinear::new`] reads. It is asked for each weight once, by any thread, and never across outputs.
    pub fn from_parts(
        isa: Isa,
        outputs: usize,
        channels: usize,
        averages: usize,
        write: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Self {
        let inputs = channels * averages;
        let at_a_time = (TILE / averages.max(1)).min(channels).max(1);
        let stride = at_a_time * averages + GAP;
        let mut values = AlignedValues::zeros(product([outputs.div_ceil(BLOCK), channels, averages, BLOCK]));
        values.par_chunks_mut((inputs * BLOCK).max(1)).enumerate().for_each_init(
            || vec![0.0; BLOCK * stride],
            |tile, (block, values)| {
                let outputs = block * BLOCK..outputs.min((block + 1) * BLOCK);
                for first in (0..channels).step_by(at_a_time) {
                    let width = at_a_time.min(channels - first) * averages;
                    for (output, row) in outputs.clone().zip(tile.chunks_exact_mut(stride)) {
                        write(output * inputs + first * averages, &mut row[..width]);
                    }
                    for column in 0..width {
                        let (channel, average) = (first + column / averages, column % averages);
                        let packed = &mut values[(average * channels + channel) * BLOCK..][..outputs.len()];
                        for (value, &weight) in packed.iter_mut().zip(tile[column..].iter().step_by(stride)) {
                            *value = weight;
                        }
                    }
                }
            },
        );
        Self { isa: isa.available(), outputs, averages, channels, values }
    }
}

/// A linear layer of the averages of spikes over squares of side `pool`: for each spike, a row of weights is added.
///
/// `spikes`: maps of `height` x `width`, of fewer than 2^32 neurons; rows and columns past the last whole square are left
/// out. Returns `[maps, outputs]`.
pub fn linear_of_averages(spikes: &Spikes, height: usize, width: usize, pool: usize, layer: &PackedLinear) -> Vec<f32> {
    assert_eq!(spikes.pixels(), product([height, width]), "spikes do not have the height and width given");
    assert_eq!(spikes.channels(), layer.channels, "spikes have other channels than the layer");
    assert!(pool > 0, "squares of side 0 have no average");
    assert_eq!((height / pool) * (width / pool), layer.averages, "the layer has another number of averages");
    assert_fit_offsets("neurons of a map", [spikes.pixels(), spikes.channels()]);
    let squares_of =
        |map| Squares { words: spikes.map(map), words_per_pixel: spikes.words_per_pixel(), height, width, pool };
    let events: Vec<Events> =
        (0..spikes.maps()).into_par_iter().map(|map| layer.isa.run(ListEvents { squares: squares_of(map) })).collect();
    let blocks: Vec<AlignedValues> = (0..layer.outputs.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| layer.isa.run(SumBlock { events: &events, layer, block, divisor: pool as f32 * pool as f32 }))
        .collect();
    let mut out = vec![0.0; product([spikes.maps(), layer.outputs])];
    for (map, out) in out.chunks_exact_mut(layer.outputs.max(1)).enumerate() {
        for (out, sums) in out.chunks_mut(BLOCK).zip(&blocks) {
            out.copy_from_slice(&sums[map * BLOCK..][..out.len()]);
        }
    }
    out
}

/// One map of spikes, by the squares that are averaged.
struct Squares<'a> {
    words: &'a [u64],
    words_per_pixel: usize,
    height: usize,
    width: usize,
    pool: usize,
}

/// Where the weights of a map's spikes are: for each average and chunk of channels the offset of every spike.
struct Events {
    offsets: Vec<u32>,
    /// `[averages * chunks + 1]`
    starts: Vec<u32>,
}

struct ListEvents<'a> {
    squares: Squares<'a>,
}

impl Operation for ListEvents<'_> {
    type Output = Events;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Events {
        let Squares { words, words_per_pixel, height, width, pool } = self.squares;
        let total: usize = words.iter().map(|w| w.count_ones() as usize).sum();
        let mut events = Events { offsets: vec![0; total + AT_A_TIME], starts: Vec::new() };
        let mut count = 0;
        for average in 0..(height / pool) * (width / pool) {
            let (row, column) = (average / (width / pool) * pool, average % (width / pool) * pool);
            for first in (0..words_per_pixel).step_by(CHUNK / 64) {
                events.starts.push(count as u32);
                for pixel in 0..pool * pool {
                    let pixel = (row + pixel / pool) * width + column + pixel % pool;
                    let of_pixel = &words[pixel * words_per_pixel..][..words_per_pixel];
                    let chunk = &of_pixel[first..(first + CHUNK / 64).min(words_per_pixel)];
                    for (index, &word) in chunk.iter().enumerate() {
                        // SAFETY: there is room for all spikes, each of which lies in one square at most, and as many more as
                        // one step writes.
                        unsafe {
                            write_offsets(word, index * 64 * BLOCK, BLOCK, events.offsets.as_mut_ptr().add(count))
                        };
                        count += word.count_ones() as usize;
                    }
                }
            }
        }
        events.starts.push(count as u32);
        events
    }
}

/// One block of outputs of all maps.
struct SumBlock<'a> {
    events: &'a [Events],
    layer: &'a PackedLinear,
    block: usize,
    divisor: f32,
}

impl Operation for SumBlock<'_> {
    type Output = AlignedValues;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> AlignedValues {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { in_blocks::<V, _>(BLOCK, self) }
    }
}

impl BlockOperation for SumBlock<'_> {
    type Output = AlignedValues;

    #[inline(always)]
    unsafe fn run_blocks<V: Vector, const N: usize>(self) -> AlignedValues {
        let Self { events, layer, block, divisor } = self;
        let mut sums = AlignedValues::zeros(product([events.len(), BLOCK]));
        let chunks = layer.channels.div_ceil(64).div_ceil(CHUNK / 64);
        for average in 0..layer.averages {
            for chunk in 0..chunks {
                let row = (block * layer.averages + average) * layer.channels + chunk * CHUNK;
                let weights = layer.values[row * BLOCK..].as_ptr();
                for (sums, events) in sums.chunks_exact_mut(BLOCK).zip(events) {
                    let first = average * chunks + chunk;
                    let (first, end) = (events.starts[first], events.starts[first + 1]);
                    // SAFETY: the caller's promise; the offsets were listed for the channels of this chunk, past the last of
                    // which no bit is set.
                    unsafe {
                        add_rows::<V, N>(sums, weights, events.offsets.as_ptr(), first as usize, end as usize);
                    }
                }
            }
        }
        sums.iter_mut().for_each(|sum| *sum /= divisor);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_equal_naive(
            rows in 1usize..3, columns in 1usize..3, pool in 1usize..3, channels in 1usize..300, outputs in 1usize..70, rate in 0usize..100, seed in 0usize..100,
        ) {
            let (height, width, averages) = (rows * pool, columns * pool, rows * columns);
            let active: Vec<bool> = (0..3 * height * width * channels).map(|i| (i * i * 7 + seed * i + 13 * i) % 101 < rate).collect();
            let spikes = Spikes::pack(3, height * width, channels, &active);
            let weights: Vec<f32> = (0..outputs * channels * averages).map(|i| (i as f32 * 1.9 + seed as f32).sin()).collect();
            let mut first: Option<Vec<f32>> = None;
            for isa in Isa::supported() {
                let out = linear_of_averages(&spikes, height, width, pool, &PackedLinear::new(isa, outputs, channels, averages, &weights));
                if let Some(first) = &first {
                    prop_assert_eq!(&out, first, "{:?} adds in another order", isa);
                    continue;
                }
                for (i, got) in out.iter().enumerate() {
                    let (map, output) = (i / outputs, i % outputs);
                    let mut expected = 0.0;
                    for (average, channel) in (0..averages).flat_map(|a| (0..channels).map(move |c| (a, c))) {
                        let (y, x) = (average / columns * pool, average % columns * pool);
                        let count = (0..pool * pool).filter(|k| spikes.get(map, (y + k / pool) * width + x + k % pool, channel)).count();
                        let weight = weights[(output * channels + channel) * averages + average];
                        expected += f64::from(weight) * count as f64 / (pool * pool) as f64;
                    }
                    // At most 1200 terms below 1.
                    prop_assert!((f64::from(*got) - expected).abs() < 1e-3);
                }
                first = Some(out);
            }
        }
    }
}
