use std::sync::OnceLock;

use super::feature::Feature;
use super::operation::Operation;
use super::vector::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86;

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
        use super::vector::Vector;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Vector;

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
