use super::pass::{MOST_CANDIDATES, Pass};
use super::strategy::Strategy;
use super::told::Told;
use crate::space::{Architecture, Cell, SearchSpace};
use crate::{Error, Result};

/// Algorithm 1 of the paper: pass 1 gives all cells the same candidate; passes 2 to C vary cell i alone, starting from
/// the best so far. The first of equal scores wins.
pub(super) struct Consecutive {
    cells: Vec<Cell>,
    count: usize,
    /// Passes that were asked for.
    passes: usize,
}

impl Consecutive {
    pub fn new(space: &SearchSpace) -> Result<Self> {
        let count = space.cell_count();
        if count > MOST_CANDIDATES {
            return Err(Error::invalid(format!(
                "{count} candidates of a pass are too many to try them all (at most {MOST_CANDIDATES}): choose the method evolution, local or \
                 random, or allow fewer operations"
            )));
        }
        Ok(Self { cells: space.iter_cells().collect(), count: space.cells(), passes: 0 })
    }
}

impl Strategy for Consecutive {
    fn ask(&mut self, told: &Told<'_>) -> Result<Option<Pass>> {
        let (cells, count, index) = (self.cells.clone().into_iter(), self.count, self.passes);
        let candidates: Box<dyn Iterator<Item = Result<Architecture>>> = match (index, told.best()) {
            (0, _) => Box::new(cells.map(move |cell| Architecture::repeated(cell, count))),
            (_, Some(start)) if index < count => {
                let start = start.clone();
                Box::new(cells.map(move |cell| Ok(start.with_cell(index, cell))))
            }
            _ => return Ok(None),
        };
        self.passes += 1;
        let later = count - index - 1;
        Ok(Some(Pass { name: format!("pass {} of {count}", index + 1), later, is_last: later == 0, candidates }))
    }
}
