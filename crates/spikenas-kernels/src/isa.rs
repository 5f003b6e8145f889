//! Instruction sets, chosen once at run time, and the vectors that kernels are written in.

use std::sync::OnceLock;

/// Instruction set in which the kernels run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Rust alone; vectorised by the compiler for the target's baseline.
    Portable,
    /// x86-64 with AVX2, FMA, BMI1, BMI2, LZCNT and POPCNT.
    Avx2,
    /// The same with AVX-512 F, BW, DQ, VL and VPOPCNTDQ.
    Avx512,
}

/// Names the widest instruction set to use: `avx512`, `avx2` or `portable`.
const VARIABLE: &str = "SPIKENAS_ISA";

impl Isa {
    /// The widest instruction set of this machine, or the one that the environment variable `SPIKENAS_ISA` caps it to.
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let cap = match std::env::var(VARIABLE).as_deref() {
                Ok("portable") => Isa::Portable,
                Ok("avx2") => Isa::Avx2,
                _ => Isa::Avx512,
            };
            Isa::supported().into_iter().filter(|&isa| isa <= cap).max().unwrap_or(Isa::Portable)
        })
    }

    /// Every instruction set that this machine has.
    pub fn supported() -> Vec<Self> {
        [Isa::Portable, Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_supported()).collect()
    }

    fn is_supported(self) -> bool {
        self.is_supported_where(|feature| (feature.is_detected)())
    }

    /// Whether a machine that has some features supports this instruction set: it has all that its functions enable.
    fn is_supported_where(self, has: impl Fn(&Feature) -> bool) -> bool {
        self.features().is_some_and(|features| features.iter().all(has))
    }

    /// The features that functions of this instruction set enable; nothing where the target is another architecture.
    fn features(self) -> Option<&'static [Feature]> {
        match self {
            Isa::Portable => Some(&[]),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Some(x86::AVX2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Some(x86::AVX512),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => None,
        }
    }

    /// Lanes of f32 in a vector of this instruction set.
    #[cfg(test)]
    pub(crate) fn lanes(self) -> usize {
        match self {
            Isa::Portable => Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86::Avx512::LANES,
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => Portable::LANES,
        }
    }

    /// This instruction set, or the widest below it that the machine has.
    pub(crate) fn available(self) -> Self {
        self.min(Isa::best_possible())
    }

    /// Runs an operation compiled for this instruction set, or for the widest below it that the machine has.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.available() {
            // SAFETY: the machine has every feature that the function is compiled for: `available` has asked for those of
            // the list that the function is made from.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { x86::run_avx512(operation) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { x86::run_avx2(operation) },
            // SAFETY: the portable vector needs no feature.
            _ => unsafe { operation.run::<Portable>() },
        }
    }

    fn best_possible() -> Self {
        static POSSIBLE: OnceLock<Isa> = OnceLock::new();
        *POSSIBLE.get_or_init(|| Isa::supported().into_iter().max().unwrap_or(Isa::Portable))
    }
}

/// A feature of processors.
struct Feature {
    /// As Rust calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests tell features by it"))]
    name: &'static str,
    /// Asks this machine for it.
    is_detected: fn() -> bool,
}

/// A kernel's body: the struct holds its arguments, `run` is compiled once per instruction set.
pub(crate) trait Operation {
    /// What it returns.
    type Output;

    /// Does the work with vectors `V`. Implementations are `#[inline(always)]`, so that they are compiled with the
    /// features of the caller.
    ///
    /// # Safety
    /// The machine supports `V`.
    unsafe fn run<V: Vector>(self) -> Self::Output;
}

/// The body of a kernel that keeps a block of sums in `N` registers.
pub(crate) trait BlockOperation {
    /// What it returns.
    type Output;

    /// Does the work, as [`Operation::run`].
    ///
    /// # Safety
    /// The machine supports `V`, and a block is `N` vectors.
    unsafe fn run_blocks<V: Vector, const N: usize>(self) -> Self::Output;
}

/// Runs an operation on blocks of 16 or 32 values.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
pub(crate) unsafe fn in_blocks<V: Vector, O: BlockOperation>(block: usize, operation: O) -> O::Output {
    assert!(matches!(block, 16 | 32), "a block of {block} values");
    let is_wide = block == 32;
    // Conditions on constants, so that only what can be called is compiled.
    // SAFETY: the caller vouches for the instruction set; a block is as many vectors as each case says.
    unsafe {
        if V::HAS_16_LANES {
            if is_wide { operation.run_blocks::<V, 2>() } else { operation.run_blocks::<V, 1>() }
        } else if V::HAS_8_LANES {
            if is_wide { operation.run_blocks::<V, 4>() } else { operation.run_blocks::<V, 2>() }
        } else if is_wide {
            operation.run_blocks::<V, 8>()
        } else {
            operation.run_blocks::<V, 4>()
        }
    }
}

/// A vector of f32.
///
/// # Safety
/// Every function may only be called on a machine that supports the instruction set; `load` and `store` need a pointer
/// valid for [`Vector::LANES`] elements, of any alignment.
pub(crate) trait Vector: Copy {
    /// Elements.
    const LANES: usize;
    /// Whether these are 16.
    const HAS_16_LANES: bool = Self::LANES == 16;
    /// Whether these are 8.
    const HAS_8_LANES: bool = Self::LANES == 8;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Stores past the caches, where the instruction set can; `to` is aligned to the vector.
    unsafe fn stream(self, to: *mut f32);
    unsafe fn splat(value: f32) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self * factor + term`, rounded once where the instruction set has it.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// Bit `i` is set where `self[i] >= other[i]`.
    unsafe fn at_least(self, other: Self) -> u64;
    /// Zero in the lanes whose bit is set, the rest kept.
    unsafe fn zero_where(self, mask: u64) -> Self;
}

/// Copies values that are not to be read soon: past the caches, which need not fetch what is overwritten.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
pub(crate) unsafe fn stream<V: Vector>(from: &[f32], to: &mut [f32]) {
    let is_aligned = (to.as_ptr() as usize).is_multiple_of(V::LANES * size_of::<f32>());
    if !is_aligned || !to.len().is_multiple_of(V::LANES) {
        return to.copy_from_slice(from);
    }
    assert_eq!(from.len(), to.len());
    for at in (0..to.len()).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within both, and `to` is aligned.
        unsafe { V::load(from.as_ptr().add(at)).stream(to.as_mut_ptr().add(at)) };
    }
}

/// Four lanes of plain Rust, which every compiler target turns into its baseline vectors.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Vector for Portable {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller gives a pointer valid for 4 elements.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller gives a pointer valid for 4 elements.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller gives a pointer valid for 4 elements.
        unsafe { self.store(to) };
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * factor.0[i] + term.0[i]))
    }

    #[inline(always)]
    unsafe fn at_least(self, other: Self) -> u64 {
        (0..4).map(|i| u64::from(self.0[i] >= other.0[i]) << i).sum()
    }

    #[inline(always)]
    unsafe fn zero_where(self, mask: u64) -> Self {
        Self(std::array::from_fn(|i| if mask >> i & 1 == 1 { 0.0 } else { self.0[i] }))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Feature, Operation, Vector};

    /// From one list, the features that a function enables and those that are asked for before it is called.
    macro_rules! instruction_set {
        ($features:ident, $run:ident, $vector:ident: $($feature:tt),+) => {
            /// The features that the function enables.
            pub(super) const $features: &[Feature] =
                &[$(Feature { name: $feature, is_detected: || is_x86_feature_detected!($feature) }),+];

            /// # Safety
            /// The machine has the features of the list.
            #[target_feature($(enable = $feature),+)]
            pub(super) unsafe fn $run<O: Operation>(operation: O) -> O::Output {
                let _fence = Fence;
                // SAFETY: the caller vouches for the features that the vector needs.
                unsafe { operation.run::<$vector>() }
            }
        };
    }

    instruction_set!(AVX2, run_avx2, Avx2: "avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt");
    instruction_set!(
        AVX512, run_avx512, Avx512:
        "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vpopcntdq", "avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt"
    );

    /// Lets whoever goes on from its end, by a panic too, see what was streamed.
    struct Fence;

    impl Drop for Fence {
        #[inline(always)]
        fn drop(&mut self) {
            // SAFETY: the instruction is of SSE, which every x86-64 machine has.
            unsafe { _mm_sfence() };
        }
    }

    /// Implements [`Vector`] by one intrinsic per function.
    macro_rules! vector {
        ($name:ident, $register:ty, $lanes:literal, $load:ident, $store:ident, $stream:ident, $splat:ident, $add:ident, $sub:ident,
         $mul:ident, $div:ident, $mul_add:ident, |$a:ident, $b:ident| $at_least:expr, |$v:ident, $mask:ident| $zero_where:expr) => {
            /// A register of f32.
            #[derive(Clone, Copy)]
            pub(crate) struct $name($register);

            impl Vector for $name {
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller vouches for the instruction set and the pointer.
                    Self(unsafe { $load(from) })
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller vouches for the instruction set and the pointer.
                    unsafe { $store(to, self.0) }
                }

                #[inline(always)]
                unsafe fn stream(self, to: *mut f32) {
                    // SAFETY: the caller vouches for the instruction set and the pointer.
                    unsafe { $stream(to, self.0) }
                }

                #[inline(always)]
                unsafe fn splat(value: f32) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $splat(value) })
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $add(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn sub(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $sub(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn mul(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $mul(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn div(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $div(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $mul_add(self.0, factor.0, term.0) })
                }

                #[inline(always)]
                unsafe fn at_least(self, other: Self) -> u64 {
                    let ($a, $b) = (self.0, other.0);
                    // SAFETY: the caller vouches for the instruction set.
                    unsafe { $at_least }
                }

                #[inline(always)]
                unsafe fn zero_where(self, mask: u64) -> Self {
                    let ($v, $mask) = (self.0, mask);
                    // SAFETY: the caller vouches for the instruction set.
                    Self(unsafe { $zero_where })
                }
            }
        };
    }

    vector!(
        Avx512,
        __m512,
        16,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_stream_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_div_ps,
        _mm512_fmadd_ps,
        |a, b| u64::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b)),
        |v, mask| _mm512_maskz_mov_ps(!(mask as u16), v)
    );

    vector!(
        Avx2,
        __m256,
        8,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_stream_ps,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_div_ps,
        _mm256_fmadd_ps,
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a, b)) as u64,
        |v, mask| {
            let bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set = _mm256_and_si256(_mm256_set1_epi32(mask as i32), bit);
            let keep = _mm256_cmpeq_epi32(set, _mm256_setzero_si256());
            _mm256_and_ps(v, _mm256_castsi256_ps(keep))
        }
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies every function of a vector to ramps and returns the results.
    struct Probe;

    impl Operation for Probe {
        type Output = Vec<(usize, Vec<f32>, u64)>;

        #[inline(always)]
        unsafe fn run<V: Vector>(self) -> Self::Output {
            let a: Vec<f32> = (0..V::LANES).map(|i| i as f32 - 2.5).collect();
            let b: Vec<f32> = (0..V::LANES).map(|i| 1.5 - 0.25 * i as f32).collect();
            // SAFETY: `Isa::run` proves the instruction set; the vectors hold LANES elements.
            unsafe {
                let (x, y) = (V::load(a.as_ptr()), V::load(b.as_ptr()));
                let mask = x.at_least(y);
                [x.add(y), x.sub(y), x.mul(y), x.div(y), x.mul_add(y, y), x.zero_where(mask), V::splat(0.5)]
                    .into_iter()
                    .map(|v| {
                        let mut out = vec![0.0; V::LANES];
                        v.store(out.as_mut_ptr());
                        (V::LANES, out, mask)
                    })
                    .collect()
            }
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_machine_that_lacks_a_feature_does_not_support_what_enables_it() {
        let of_avx2 = ["avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt"];
        let of_avx512 = ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vpopcntdq"];
        for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
            assert!(isa.is_supported_where(|_| true));
            for lacking in of_avx2 {
                assert_eq!(isa.is_supported_where(|f| f.name != lacking), isa == Isa::Portable, "{isa:?} {lacking}");
            }
            for lacking in of_avx512 {
                assert_eq!(isa.is_supported_where(|f| f.name != lacking), isa < Isa::Avx512, "{isa:?} {lacking}");
            }
        }
    }

    #[test]
    fn an_instruction_set_has_the_features_of_those_below_it() {
        let [_, avx2, avx512] = [Isa::Portable, Isa::Avx2, Isa::Avx512].map(|isa| isa.features().unwrap_or_default());
        assert!(avx2.iter().all(|feature| avx512.iter().any(|other| other.name == feature.name)));
    }

    #[test]
    fn every_instruction_set_computes_the_same() {
        for isa in Isa::supported() {
            for (function, (lanes, out, mask)) in isa.run(Probe).into_iter().enumerate() {
                assert_eq!(lanes, isa.lanes());
                for (i, value) in out.into_iter().enumerate() {
                    let (a, b) = (i as f32 - 2.5, 1.5 - 0.25 * i as f32);
                    assert_eq!(mask >> i & 1 == 1, a >= b);
                    let expected = [a + b, a - b, a * b, a / b, a * b + b, if a >= b { 0.0 } else { a }, 0.5][function];
                    assert_eq!(value, expected, "{isa:?} function {function} lane {i}");
                }
            }
        }
    }
}
