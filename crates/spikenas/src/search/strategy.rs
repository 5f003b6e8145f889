use super::pass::Pass;
use super::told::Told;
use crate::Result;

/// Chooses candidates. Budget, scores and journal are the evaluation's; equal answers lead to equal questions.
pub(super) trait Strategy {
    /// The next candidates, where all before are scored; nothing where the search is over.
    fn ask(&mut self, told: &Told<'_>) -> Result<Option<Pass>>;
}
