//! Networks that differ in one edge.

use crate::random::{Generator, RngExt};
use crate::space::{Architecture, SearchSpace};

/// Every network of a space that differs from another in one edge and has a path through each cell.
pub(super) fn neighbours(architecture: &Architecture, space: &SearchSpace) -> Vec<Architecture> {
    let mut all = Vec::new();
    for (index, &cell) in architecture.cells().iter().enumerate() {
        for edge in space.edges() {
            let others = space.choices(edge).into_iter().filter(|&operation| operation != cell.operation(edge));
            let changed = others.map(|operation| cell.with(edge, operation)).filter(|cell| cell.is_connected());
            all.extend(changed.map(|cell| architecture.with_cell(index, cell)));
        }
    }
    all
}

/// One of them at random; nothing where there is none.
pub(super) fn mutated(
    architecture: &Architecture,
    space: &SearchSpace,
    random: &mut Generator,
) -> Option<Architecture> {
    let all = neighbours(architecture, space);
    (!all.is_empty()).then(|| all[random.random_range(0..all.len())].clone())
}

/// A network whose cells are all the same random one; nothing where zeroize is the only operation.
pub(super) fn drawn(space: &SearchSpace, random: &mut Generator) -> Option<Architecture> {
    let cell = space.sample_cell(random)?;
    Architecture::repeated(cell, space.cells()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use crate::space::{Edge, Operation};

    #[test]
    fn neighbours_differ_in_one_edge_and_have_a_path() {
        let space = SearchSpace::new(SearchSpace::named("snasnet").unwrap(), 2).unwrap();
        let one: Architecture = "0301 0000 0000 0000/0313 0031 0003 0000".parse().unwrap();
        let all = neighbours(&one, &space);
        // Four other operations on each of twelve edges; without 0->3, the first cell has no path.
        assert_eq!(all.len(), 4 * 12 - 1);
        for other in &all {
            let pairs = one.cells().iter().zip(other.cells());
            let differ = pairs.flat_map(|(a, b)| Edge::ALL.map(|edge| a.operation(edge) != b.operation(edge)));
            assert_eq!(differ.filter(|&differs| differs).count(), 1);
            assert_eq!(other.cell_without_path(), None);
        }
        assert!(all.contains(&mutated(&one, &space, &mut generator(&[1])).unwrap()));
        let alone = SearchSpace::new(vec![Operation::Skip], 1).unwrap();
        assert_eq!(mutated(&"0111 0011 0001 0000".parse().unwrap(), &alone, &mut generator(&[1])), None);
    }
}
