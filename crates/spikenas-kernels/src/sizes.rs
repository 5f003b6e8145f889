//! Sizes that callers give, multiplied without wrapping: a product that wraps would pass for the length of a short slice.

/// The product of some sizes.
///
/// Panics where the product of any of them would wrap, also where another one is zero: after one call, any of
/// these sizes may be multiplied.
#[track_caller]
#[inline]
pub(crate) fn product<const N: usize>(sizes: [usize; N]) -> usize {
    let of_others = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size.max(1)));
    let Some(product) = of_others else {
        panic!("sizes {sizes:?} are too large: their product is past {}", usize::MAX)
    };
    if sizes.contains(&0) { 0 } else { product }
}

/// Refuses sizes whose product, a bound of what is listed, does not fit the 32 bits of an offset.
#[track_caller]
pub(crate) fn assert_fit_offsets<const N: usize>(what: &str, sizes: [usize; N]) {
    let product = product(sizes);
    assert!(u32::try_from(product).is_ok(), "{what} {sizes:?} are too many: at most {} can be listed", u32::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_sizes() {
        assert_eq!(product([3, 4, 5]), 60);
        assert_eq!(product([3, 0, 5]), 0);
        assert_eq!(product([]), 1);
    }

    #[test]
    #[should_panic = "are too large"]
    fn a_product_that_wraps_is_refused() {
        product([1 << 33, 1 << 31]);
    }

    #[test]
    #[should_panic = "are too large"]
    fn a_part_of_a_product_that_wraps_is_refused_beside_a_zero() {
        product([0, 1 << 33, 1 << 31]);
    }

    #[test]
    fn offsets_fit_to_the_last() {
        assert_fit_offsets("neurons", [u32::MAX as usize, 1]);
    }

    #[test]
    #[should_panic = "neurons [65536, 65536] are too many"]
    fn offsets_past_the_last_are_refused() {
        assert_fit_offsets("neurons", [1 << 16, 1 << 16]);
    }
}
