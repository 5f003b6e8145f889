use super::evaluator::{Best, Evaluator};
use super::record::PassRecord;
use crate::Result;
use crate::progress::Progress;
use crate::space::Architecture;

/// Algorithm 1 of the paper: pass 1 gives all cells the same candidate; passes 2 to C vary cell i alone, starting from
/// the best so far. The first of equal scores wins.
pub(super) fn search(
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<Option<(Best, Vec<PassRecord>)>> {
    let space = evaluator.problem().space.clone();
    let cells = space.cells();
    let alike = space.iter_cells().map(|cell| Architecture::repeated(cell, cells));
    let mut passes = Vec::new();
    let mut best = None;
    passes.push(evaluator.run_pass((&pass_name(1, cells), cells - 1), alike, &mut best, progress)?);
    for index in 1..cells {
        let Some(start) = best.as_ref().map(|b: &Best| b.architecture.clone()) else { break };
        let candidates = space.iter_cells().map(|cell| Ok(start.with_cell(index, cell)));
        let name = pass_name(index + 1, cells);
        passes.push(evaluator.run_pass((&name, cells - index - 1), candidates, &mut best, progress)?);
    }
    Ok(best.map(|best| (best, passes)))
}

fn pass_name(pass: usize, cells: usize) -> String {
    format!("pass {pass} of {cells}")
}
