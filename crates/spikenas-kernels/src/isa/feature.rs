/// A feature of processors.
pub(super) struct Feature {
    /// As Rust calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests tell features by it"))]
    pub(super) name: &'static str,
    /// Asks this machine for it.
    pub(super) is_detected: fn() -> bool,
}
