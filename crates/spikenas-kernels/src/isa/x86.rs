use std::arch::x86_64::*;

use super::feature::Feature;
use super::operation::Operation;
use super::vector::Vector;

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
