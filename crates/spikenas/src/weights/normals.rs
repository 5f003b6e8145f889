use std::f32::consts::FRAC_PI_4;

use rand::RngExt;

use crate::random::Generator;

/// Numbers of one block of the generator (ChaCha's, of 16 words), of which as many normals are made.
const BLOCK: usize = 16;

/// Pairs of normals of a block.
const PAIRS: usize = BLOCK / 2;

/// Normal numbers each of which depends on its place alone, so that any part of them can be drawn by any thread.
///
/// A block of the generator's words gives a block of numbers by the transform of Box and Muller (Annals of Mathematical
/// Statistics 29, 1958): `sqrt(-2 ln u) (cos a, sin a)`, with `u` uniform between 0 and 1 from one word and `a` uniform
/// on the circle from another; the largest is 6.7 deviations. Logarithm, cosine and sine are the polynomials of Cephes
/// (Moshier, `logf.c` and `sinf.c`), right to 1e-7: products and sums without branches, which the compiler turns into
/// vectors, and the same bits on every machine.
pub(crate) struct LongNormals {
    generator: Generator,
    deviation: f32,
}

impl LongNormals {
    /// Numbers of this standard deviation, from the generator's beginning.
    pub(super) fn new(generator: Generator, deviation: f32) -> Self {
        Self { generator, deviation }
    }

    /// Writes the numbers from one on.
    pub(crate) fn write(&self, first: usize, out: &mut [f32]) {
        let mut generator = self.generator.clone();
        generator.set_word_pos((first / BLOCK * BLOCK) as u128);
        let (head, rest) = out.split_at_mut(((BLOCK - first % BLOCK) % BLOCK).min(out.len()));
        let heads = (!head.is_empty()).then_some((first % BLOCK, head));
        for (skipped, out) in heads.into_iter().chain(rest.chunks_mut(BLOCK).map(|out| (0, out))) {
            let mut words = [0; BLOCK];
            generator.fill(&mut words);
            let numbers = normals(&words).map(|number| self.deviation * number);
            out.copy_from_slice(&numbers[skipped..][..out.len()]);
        }
    }
}

/// Standard normals from as many words: the cosines of all pairs, then their sines.
#[inline]
fn normals(words: &[u32; BLOCK]) -> [f32; BLOCK] {
    let mut numbers = [0.0; BLOCK];
    let (cosines, sines) = numbers.split_at_mut(PAIRS);
    for pair in 0..PAIRS {
        // 31 bits: vectors convert signed numbers only.
        let uniform = ((words[pair] >> 1) as i32 as f32 + 0.5) * 2f32.powi(-31);
        let radius = (-2.0 * logarithm(uniform)).sqrt();
        let (cosine, sine) = direction(words[PAIRS + pair]);
        cosines[pair] = radius * cosine;
        sines[pair] = radius * sine;
    }
    numbers
}

/// Natural logarithm of a positive number: of `2^e (1 + x)` with `1 + x` within a factor `sqrt(2)` of 1.
#[inline]
fn logarithm(number: f32) -> f32 {
    /// Bits of `sqrt(1/2)`.
    const LEAST: u32 = 0x3f35_04f3;
    const TAIL: [f32; 9] = [
        7.037_683_6e-2,
        -0.115_146_1,
        0.116_769_99,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_58,
        0.200_007_14,
        -0.249_999_94,
        0.333_333_3,
    ];
    let bits = number.to_bits();
    let exponent = bits.wrapping_sub(LEAST) as i32 >> 23;
    let x = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    let (square, exponent) = (x * x, exponent as f32);
    // ln(2) in two parts, of which the larger has few digits.
    x + (polynomial(TAIL, x) * x * square - 2.121_944_4e-4 * exponent - 0.5 * square) + 355.0 / 512.0 * exponent
}

/// Cosine and sine of a uniform angle: 30 bits give one within an eighth of the circle of 0, which one bit mirrors at
/// the vertical axis and another at the diagonal.
#[inline]
fn direction(word: u32) -> (f32, f32) {
    let angle = (word as i32 >> 2) as f32 * (FRAC_PI_4 * 2f32.powi(-29));
    let square = angle * angle;
    let sine = angle + angle * square * polynomial([-1.951_529_6e-4, 8.332_161e-3, -0.166_666_55], square);
    let tail = polynomial([2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2], square);
    let cosine = 1.0 - 0.5 * square + square * square * tail;
    let cosine = f32::from_bits(cosine.to_bits() | (word & 1) << 31);
    if word & 2 == 0 { (cosine, sine) } else { (sine, cosine) }
}

/// A polynomial from its coefficients, that of the highest power first.
#[inline]
fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
    coefficients[1..].iter().fold(coefficients[0], |sum, coefficient| sum * x + coefficient)
}
