use crate::cost::WeightBits;

/// Weights packed into whole bytes, the first in the lowest bits.
pub fn pack(weights: &[i8], bits: WeightBits) -> Vec<u8> {
    let width = bits.get() as usize;
    let mask = ((1_u16 << width) - 1) as u8;
    let byte = |weights: &[i8]| {
        let parts = weights.iter().enumerate().map(|(place, &weight)| (weight as u8 & mask) << (place * width));
        parts.fold(0, |byte, part| byte | part)
    };
    weights.chunks(8 / width).map(byte).collect()
}

/// So many weights of what [`pack`] gave.
pub(super) fn unpack(bytes: &[u8], count: usize, bits: WeightBits) -> Vec<i8> {
    let width = bits.get() as usize;
    let weight = |place: usize| {
        let at = place * width;
        // To the highest bits and back, with the sign.
        ((bytes[at / 8] >> (at % 8) << (8 - width)) as i8) >> (8 - width)
    };
    (0..count).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_packed_from_the_lowest_bits() {
        assert_eq!(pack(&[1, -1, 7], WeightBits::Four), [0xf1, 0x07]);
        assert_eq!(pack(&[1, -1, 0, 1, -1], WeightBits::Two), [0b01_00_11_01, 0b11]);
    }

    #[test]
    fn unpacked_weights_are_those_that_were_packed() {
        for bits in [WeightBits::Two, WeightBits::Four, WeightBits::Eight] {
            let weights: Vec<i8> = (-bits.most()..=bits.most()).map(|weight| weight as i8).collect();
            for count in 0..=weights.len() {
                assert_eq!(unpack(&pack(&weights[..count], bits), count, bits), weights[..count]);
            }
        }
    }
}
