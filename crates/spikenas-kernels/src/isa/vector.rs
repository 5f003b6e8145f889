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
    if !to.len().is_multiple_of(V::LANES) {
        return to.copy_from_slice(from);
    }
    assert_eq!(from.len(), to.len());
    let is_aligned = (to.as_ptr() as usize).is_multiple_of(V::LANES * size_of::<f32>());
    for at in (0..to.len()).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within both, and `to` is aligned where that is asked for.
        unsafe {
            let (values, to) = (V::load(from.as_ptr().add(at)), to.as_mut_ptr().add(at));
            if is_aligned { values.stream(to) } else { values.store(to) }
        }
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
