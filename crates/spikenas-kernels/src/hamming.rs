use rayon::prelude::*;

use crate::Spikes;
use crate::isa::{Isa, Operation, Vector};
use crate::sizes::product;

/// Hamming distances between the codes of all pairs of samples at one timestep (H in the paper's Eq. 4).
///
/// Returns `[samples, samples]` counts of neurons that differ, symmetric, with a zero diagonal.
pub fn hamming_distances(isa: Isa, spikes: &Spikes, samples: usize, step: usize) -> Vec<u64> {
    if samples == 0 {
        return Vec::new();
    }
    assert!(step < spikes.maps() / samples, "spikes have no timestep {step} of {samples} samples");
    let rows: Vec<Vec<u64>> = (0..samples)
        .into_par_iter()
        .map(|i| {
            let code = spikes.map(step * samples + i);
            (0..i).map(|j| isa.run(Distance { a: code, b: spikes.map(step * samples + j) })).collect()
        })
        .collect();
    let mut distances = vec![0; product([samples, samples])];
    for (i, row) in rows.into_iter().enumerate() {
        for (j, distance) in row.into_iter().enumerate() {
            distances[i * samples + j] = distance;
            distances[j * samples + i] = distance;
        }
    }
    distances
}

/// Bits that differ between two codes.
struct Distance<'a> {
    a: &'a [u64],
    b: &'a [u64],
}

impl Operation for Distance<'_> {
    type Output = u64;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> u64 {
        self.a.iter().zip(self.b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_count_the_neurons_that_differ(samples in 1usize..6, pixels in 1usize..20, channels in 1usize..150, seed in 0usize..100) {
            let active: Vec<bool> = (0..2 * samples * pixels * channels).map(|i| (i * i + seed) % 7 < 2).collect();
            let spikes = Spikes::pack(2 * samples, pixels, channels, &active);
            for isa in Isa::supported() {
                let distances = hamming_distances(isa, &spikes, samples, 1);
                for (i, j) in (0..samples).flat_map(|i| (0..samples).map(move |j| (i, j))) {
                    let neurons = pixels * channels;
                    let code = |k: usize| &active[(samples + k) * neurons..][..neurons];
                    let expected = code(i).iter().zip(code(j)).filter(|(a, b)| a != b).count() as u64;
                    prop_assert_eq!(distances[i * samples + j], expected);
                }
            }
        }
    }
}
