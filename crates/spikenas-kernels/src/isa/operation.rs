use super::vector::Vector;

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
