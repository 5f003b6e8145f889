use super::pass::{MOST_CANDIDATES, Pass};
use super::strategy::Strategy;
use super::told::Told;
use crate::space::{Architecture, Cell, SearchSpace};
use crate::{Error, Result};

/// Every combination of cells, the first cell outermost.
pub(super) struct Exhaustive {
    /// The cells, until they were asked for.
    cells: Option<Vec<Cell>>,
    /// Cells of a candidate.
    each: usize,
    count: usize,
}

impl Exhaustive {
    pub fn new(space: &SearchSpace) -> Result<Self> {
        let (cells, each) = (space.cell_count(), space.cells());
        let count = cells.checked_pow(each as u32).filter(|&n| n <= MOST_CANDIDATES).ok_or_else(|| {
            Error::invalid(format!(
                "{cells}^{each} candidates are too many to try them all (at most {MOST_CANDIDATES}): allow fewer operations or cells"
            ))
        })?;
        Ok(Self { cells: Some(space.iter_cells().collect()), each, count })
    }
}

impl Strategy for Exhaustive {
    fn ask(&mut self, _: &Told<'_>) -> Result<Option<Pass>> {
        let Some(cells) = self.cells.take() else { return Ok(None) };
        let each = self.each;
        let candidate = move |mut rank: usize| {
            let mut chosen = vec![cells[0]; each];
            for cell in chosen.iter_mut().rev() {
                *cell = cells[rank % cells.len()];
                rank /= cells.len();
            }
            Architecture::new(chosen)
        };
        let candidates = Box::new((0..self.count).map(candidate));
        Ok(Some(Pass { name: "exhaustive search".into(), later: 0, is_last: true, candidates }))
    }
}
