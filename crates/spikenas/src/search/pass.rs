use crate::Result;
use crate::space::Architecture;

/// More candidates of a pass than this are refused where all are to be tried: they would not fit into memory.
pub(super) const MOST_CANDIDATES: usize = 1_000_000;

/// Candidates that are scored together.
pub(super) struct Pass {
    /// Its name; passes of one name that follow one another are counted as one.
    pub name: String,
    /// Passes to come that have about as many candidates.
    pub later: usize,
    /// Whether none comes after it, whatever becomes of its candidates.
    pub is_last: bool,
    /// The candidates; the first of equal scores is the better.
    pub candidates: Box<dyn Iterator<Item = Result<Architecture>>>,
}
