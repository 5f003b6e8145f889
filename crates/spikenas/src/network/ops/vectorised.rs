use pulp::{Arch, Simd, WithSimd};

/// Runs a loop compiled for the widest vectors of this machine. The closure, and all that it calls, must be
/// `#[inline(always)]`: a function that is called is compiled for every machine.
pub fn vectorised<R>(run: impl FnMut() -> R) -> R {
    Arch::new().dispatch(Loop(run))
}

struct Loop<F>(F);

// A closure can be dispatched as it is too, but as an `FnOnce`, whose call the compiler does not inline.
impl<R, F: FnMut() -> R> WithSimd for Loop<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
