use std::collections::HashSet;

use serde::Serialize;

use super::definition::Tabulation;
use crate::cost::{Ledger, ParameterCount};
use crate::graph::{Graph, Shape};
use crate::random::{generator, name_key};
use crate::space::{Architecture, SearchSpace};
use crate::{Error, Result};

/// Draws from a space after which it is taken to have no more architectures that fit.
const MOST_DRAWS: usize = 10_000;

/// An architecture of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drawn {
    /// The architecture.
    pub architecture: Architecture,
    /// The space that it comes from, counted from 0.
    pub space: usize,
    /// Its parameters.
    pub parameters: ParameterCount,
}

/// Draws different architectures that fit the budget, from the spaces in turn, by the seed of the training.
///
/// Each cell is drawn by itself, as SNASNet's random search draws one ([`SearchSpace::sample_cell`]). The first architectures of a
/// longer table are those of a shorter one. Errors: a space that has no more that fit.
pub fn draw(table: &Tabulation, input: Shape) -> Result<Vec<Drawn>> {
    let budget = table.budget.map_or(u64::MAX, |budget| budget.parameters(table.bits));
    let spaces = table.spaces.iter().map(|space| SearchSpace::new(space.clone(), table.network.cells));
    let spaces = spaces.collect::<Result<Vec<SearchSpace>>>()?;
    let generator_of = |index: usize| generator(&[table.train.seed, name_key("table"), index as u64]);
    let mut generators: Vec<_> = (0..spaces.len()).map(generator_of).collect();
    let (mut drawn, mut known) = (Vec::<Drawn>::new(), HashSet::new());
    while drawn.len() < table.architectures {
        let space = drawn.len() % spaces.len();
        let next = (0..MOST_DRAWS).find_map(|_| {
            let cells = (0..table.network.cells).map(|_| spaces[space].sample_cell(&mut generators[space]));
            let architecture = Architecture::new(cells.collect::<Option<Vec<_>>>()?).ok()?;
            let parameters = Ledger::new(&Graph::new(&architecture, &table.network, input).ok()?).count();
            let fits = parameters.in_scope(table.scope) <= budget;
            (fits && known.insert(architecture.clone())).then_some(Drawn { architecture, space, parameters })
        });
        drawn.push(next.ok_or_else(|| none_left(table, space, drawn.len()))?);
    }
    Ok(drawn)
}

fn none_left(table: &Tabulation, space: usize, found: usize) -> Error {
    let names: Vec<&str> = table.spaces[space].iter().map(|operation| operation.name()).collect();
    Error::invalid(format!(
        "architectures {}: of {} no more than {found} were found that fit the budget: ask for fewer, or raise the budget",
        table.architectures,
        names.join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Scope;
    use crate::space::Operation;
    use crate::train::TrainConfig;
    use crate::workflow::run::RunConfig;

    const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };

    fn table(architectures: usize, budget: &str) -> Tabulation {
        let RunConfig { version, data, network, .. } = RunConfig::of_sample();
        Tabulation {
            version,
            architectures,
            spaces: ["snasnet", "spikenas-2o"].map(|name| SearchSpace::named(name).unwrap()).to_vec(),
            budget: Some(budget.parse().unwrap()),
            scope: Scope::Backbone,
            bits: Default::default(),
            seeds: 1,
            data,
            network,
            train: TrainConfig::default(),
        }
    }

    #[test]
    fn architectures_are_different_fit_the_budget_and_come_from_each_space_in_turn() {
        let table = table(20, "30k");
        let drawn = draw(&table, IMAGE).unwrap();
        let different: HashSet<&Architecture> = drawn.iter().map(|d| &d.architecture).collect();
        assert_eq!((drawn.len(), different.len()), (20, 20));
        for (index, Drawn { architecture, space, parameters }) in drawn.iter().enumerate() {
            assert_eq!(*space, index % 2);
            assert!(parameters.in_scope(table.scope) <= 30_000 && architecture.cell_without_path().is_none());
            let mut operations = architecture.cells().iter().flat_map(|cell| cell.operations());
            assert!(operations.all(|o| table.spaces[*space].contains(&o) || o == Operation::Zeroize));
        }
    }

    #[test]
    fn a_longer_table_begins_as_a_shorter_one() {
        let [short, long] = [7, 12].map(|count| draw(&table(count, "40k"), IMAGE).unwrap());
        assert_eq!(short, long[..7]);
    }

    #[test]
    fn a_space_with_too_few_architectures_says_how_many_it_has() {
        // Two cells of skips alone: there is one architecture.
        let few = Tabulation { spaces: vec![vec![Operation::Skip]], ..table(3, "40k") };
        let error = draw(&few, IMAGE).unwrap_err().to_string();
        assert!(error.contains("architectures 3") && error.contains("no more than 1"), "{error}");
    }
}
