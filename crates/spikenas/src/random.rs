//! Generators keyed by what they are for, so that a draw never depends on the order of other draws.

use rand::SeedableRng;

/// What draws from a generator.
pub use rand::{Rng, RngExt};
/// The project's generator: portable, the same sequence on every machine.
pub use rand_chacha::ChaCha8Rng as Generator;

/// The generator that belongs to a key, such as `[seed, purpose, epoch]`.
///
/// Keys that differ in any part or in length give unrelated sequences.
pub fn generator(key: &[u64]) -> Generator {
    let mut state = key.len() as u64;
    for &part in key {
        state = mix(state ^ mix(part.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    }
    Generator::seed_from_u64(state)
}

/// A key part from a name.
pub fn name_key(name: &str) -> u64 {
    fingerprint(name.bytes())
}

/// A 64-bit number that stands for a sequence of bytes (FNV-1a).
pub fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mix_in = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, mix_in)
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection whose output bits all depend on all input bits.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn generators_repeat_and_differ_by_key() {
        let first = |key: &[u64]| generator(key).next_u64();
        assert_eq!(first(&[1, 2]), first(&[1, 2]));
        let all = [first(&[1, 2]), first(&[2, 1]), first(&[1]), first(&[1, 2, 0]), first(&[0]), first(&[])];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b));
        }
    }
}
