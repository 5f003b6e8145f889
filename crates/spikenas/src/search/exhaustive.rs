use super::evaluator::{Best, Evaluator};
use super::record::PassRecord;
use crate::progress::Progress;
use crate::space::{Architecture, Cell};
use crate::{Error, Result};

/// More combinations than this are refused: they would not fit into memory.
const MOST_CANDIDATES: usize = 1_000_000;

/// Every combination of cells, the first cell outermost.
pub(super) fn search(
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<Option<(Best, Vec<PassRecord>)>> {
    let space = evaluator.problem().space.clone();
    let cells: Vec<Cell> = space.iter_cells().collect();
    let count = cells.len().checked_pow(space.cells() as u32).filter(|&n| n <= MOST_CANDIDATES).ok_or_else(|| {
        let (cell_count, cells) = (cells.len(), space.cells());
        Error::invalid(format!("{cell_count}^{cells} candidates are too many to try them all (at most {MOST_CANDIDATES}): allow fewer operations or cells"))
    })?;
    let candidate = |mut rank: usize| {
        let mut chosen = vec![cells[0]; space.cells()];
        for cell in chosen.iter_mut().rev() {
            *cell = cells[rank % cells.len()];
            rank /= cells.len();
        }
        Architecture::new(chosen)
    };
    let mut best = None;
    let pass = evaluator.run_pass(("exhaustive search", 0), (0..count).map(candidate), &mut best, progress)?;
    Ok(best.map(|best| (best, vec![pass])))
}
