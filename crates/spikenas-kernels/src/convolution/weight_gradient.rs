use rayon::prelude::*;

use crate::aligned::AlignedValues;
use crate::isa::{Isa, Operation, Vector};

/// Maps whose gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
const GROUP: usize = 16;

/// Values of a row are padded to whole vectors of every instruction set.
const ROW: usize = 16;

/// Sizes of a convolution of planes, `[maps, channels, height, width]`, stride 1, padded to keep the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Side of the kernel: 1 or 3.
    pub side: usize,
}

impl Planes {
    fn pixels(&self) -> usize {
        self.height * self.width
    }

    fn taps(&self) -> usize {
        self.side * self.side
    }

    /// Columns of a map with a border of `side / 2`.
    fn stride(&self) -> usize {
        self.width + self.side - 1
    }

    fn row(&self) -> usize {
        self.outputs.next_multiple_of(ROW)
    }
}

/// Gradient of a convolution's weights: for each spike, the gradients of the sums that it took part in are added.
///
/// `spikes`: `[maps, inputs, height, width]`, 0 or 1; `gradient`: of the sums, `[maps, outputs, height, width]`. Returns
/// `[outputs, inputs, side, side]`.
pub fn weight_gradient(isa: Isa, planes: Planes, spikes: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (of_input, of_output) = (planes.inputs * planes.pixels(), planes.outputs * planes.pixels());
    assert!(matches!(planes.side, 1 | 3), "kernels have side 1 or 3");
    assert!(
        of_input > 0 && of_output > 0 && spikes.len().is_multiple_of(of_input),
        "spikes do not have the shape given"
    );
    assert_eq!(spikes.len() / of_input * of_output, gradient.len(), "there are not as many gradients as spikes");
    let groups = spikes.par_chunks(GROUP * of_input).zip(gradient.par_chunks(GROUP * of_output));
    let partial: Vec<AlignedValues> =
        groups.map(|(spikes, gradient)| isa.run(SumGroup { planes, spikes, gradient })).collect();
    let mut sums = vec![0.0; planes.outputs * planes.inputs * planes.taps()];
    for (index, sum) in sums.iter_mut().enumerate() {
        let (output, place) = (index / (planes.inputs * planes.taps()), index % (planes.inputs * planes.taps()));
        *sum = partial.iter().map(|part| part[place * planes.row() + output]).sum();
    }
    sums
}

/// The gradient of some maps: `[inputs, taps, row of outputs]`.
struct SumGroup<'a> {
    planes: Planes,
    spikes: &'a [f32],
    gradient: &'a [f32],
}

impl Operation for SumGroup<'_> {
    type Output = AlignedValues;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> AlignedValues {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { if self.planes.side == 1 { self.sum::<V, 1>() } else { self.sum::<V, 3>() } }
    }
}

impl SumGroup<'_> {
    /// # Safety
    /// The machine supports `V`; the kernel's side is `SIDE`.
    #[inline(always)]
    unsafe fn sum<V: Vector, const SIDE: usize>(self) -> AlignedValues {
        let (planes, pixels, row) = (self.planes, self.planes.pixels(), self.planes.row());
        let (stride, pad) = (planes.stride(), SIDE / 2);
        let mut sums = AlignedValues::zeros(planes.inputs * planes.taps() * row);
        let mut bordered = AlignedValues::zeros((planes.height + SIDE - 1) * stride * row);
        let mut places = vec![0; pixels];
        let maps = self.spikes.chunks_exact(planes.inputs * pixels);
        for (spikes, gradient) in maps.zip(self.gradient.chunks_exact(planes.outputs * pixels)) {
            for (output, plane) in gradient.chunks_exact(pixels).enumerate() {
                for (y, line) in plane.chunks_exact(planes.width).enumerate() {
                    let to = &mut bordered[((y + pad) * stride + pad) * row..][..planes.width * row];
                    to.chunks_exact_mut(row).zip(line).for_each(|(to, &value)| to[output] = value);
                }
            }
            for (plane, sums) in spikes.chunks_exact(pixels).zip(sums.chunks_exact_mut(SIDE * SIDE * row)) {
                let count = list_places(plane, planes.width, stride, row, &mut places);
                for first in (0..row).step_by(V::LANES) {
                    // SAFETY: the caller vouches for the instruction set. A spike at (y, x) took part, by the weight
                    // (ky, kx), in the sum at (y + pad - ky, x + pad - kx), which lies at (y + 2 pad - ky, x + 2 pad -
                    // kx) of the bordered map: within it, since ky and kx are at most 2 pad.
                    unsafe {
                        let mut found = [[V::splat(0.0); SIDE]; SIDE];
                        for &place in &places[..count] {
                            let from = bordered.as_ptr().add(place + first);
                            for (ky, found) in found.iter_mut().enumerate() {
                                for (kx, found) in found.iter_mut().enumerate() {
                                    let offset = ((2 * pad - ky) * stride + 2 * pad - kx) * row;
                                    *found = found.add(V::load(from.add(offset)));
                                }
                            }
                        }
                        for (tap, found) in found.as_flattened().iter().enumerate() {
                            let to = sums.as_mut_ptr().add(tap * row + first);
                            V::load(to).add(*found).store(to);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// Lists where a bordered map holds the pixels that fired; returns how many there are.
#[inline(always)]
fn list_places(plane: &[f32], width: usize, stride: usize, row: usize, places: &mut [usize]) -> usize {
    let mut count = 0;
    for (y, line) in plane.chunks_exact(width).enumerate() {
        for (x, &spike) in line.iter().enumerate() {
            places[count] = (y * stride + x) * row;
            count += usize::from(spike != 0.0);
            if count == places.len() {
                return count;
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradient_equals_naive_on_every_instruction_set(
            maps in 1usize..40, inputs in 1usize..5, outputs in 1usize..40, height in 1usize..6, width in 1usize..6, three: bool, rate in 0usize..101,
        ) {
            let planes = Planes { inputs, outputs, height, width, side: if three { 3 } else { 1 } };
            let (pixels, pad) = (height * width, planes.side / 2);
            let spikes: Vec<f32> = (0..maps * inputs * pixels).map(|i| f32::from(u8::from(i * i * 31 % 100 < rate))).collect();
            // Small whole numbers, so that sums are exact in any order.
            let gradient: Vec<f32> = (0..maps * outputs * pixels).map(|i| (i * 7919 % 13) as f32 - 6.0).collect();
            let mut expected = vec![0.0; outputs * inputs * planes.taps()];
            for (index, sum) in expected.iter_mut().enumerate() {
                let (o, i) = (index / (inputs * planes.taps()), index / planes.taps() % inputs);
                let (ky, kx) = (index / planes.side % planes.side, index % planes.side);
                for (map, p) in (0..maps).flat_map(|map| (0..pixels).map(move |p| (map, p))) {
                    let (y, x) = ((p / width + ky).wrapping_sub(pad), (p % width + kx).wrapping_sub(pad));
                    if y < height && x < width {
                        *sum += gradient[(map * outputs + o) * pixels + p] * spikes[(map * inputs + i) * pixels + y * width + x];
                    }
                }
            }
            for isa in Isa::supported() {
                prop_assert_eq!(&weight_gradient(isa, planes, &spikes, &gradient), &expected, "{:?}", isa);
            }
        }
    }
}
