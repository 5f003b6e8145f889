use crate::Result;
use crate::space::Architecture;

/// Candidates that are scored together.
pub(super) struct Pass {
    /// Its name; passes of one name that follow one another are counted as one.
    pub name: String,
    /// Passes to come that have about as many candidates.
    pub later: usize,
    /// The candidates; the first of equal scores is the better.
    pub candidates: Box<dyn Iterator<Item = Result<Architecture>>>,
}
