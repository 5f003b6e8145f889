mod shards;

use std::cell::RefCell;

use super::*;
use crate::cost::{Budget, Scope};
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::progress::Silent;
use crate::record::FORMAT_VERSION;
use crate::score::{Listener, Score, ScoreConfig, Scorer};
use crate::space::{Architecture, Cell, Edge, Operation};
use crate::{Error, Result};

const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };

/// A scorer whose optimum is known, and which counts its calls and can be made to fail.
struct Toy<F: Fn(&Architecture) -> f64> {
    value: F,
    calls: RefCell<Vec<Architecture>>,
    fail_after: usize,
}

impl<F: Fn(&Architecture) -> f64> Toy<F> {
    fn new(value: F) -> Self {
        Self { value, calls: RefCell::default(), fail_after: usize::MAX }
    }
}

impl<F: Fn(&Architecture) -> f64> Scorer for Toy<F> {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        // Backwards: the order of the scorer is no concern of the search.
        for (index, graph) in graphs.iter().enumerate().rev() {
            if self.calls.borrow().len() == self.fail_after {
                return Err(Error::Interrupted("killed".into()));
            }
            self.calls.borrow_mut().push(graph.architecture.clone());
            listener.scored(
                index,
                Score { value: (self.value)(&graph.architecture), firing_rate: None, ..Score::default() },
            )?;
        }
        Ok(())
    }
}

fn config(operations: &str, method: Method, budget: Option<&str>) -> SearchConfig {
    SearchConfig {
        method,
        operations: crate::space::SearchSpace::parse_operations(operations).unwrap(),
        budget: budget.map(|b| b.parse::<Budget>().unwrap()),
        scope: Scope::Backbone,
        confirm: method.default_rounds(),
        supernet: method.default_supernet(),
        ..SearchConfig::default()
    }
}

fn network(cells: usize) -> NetworkConfig {
    NetworkConfig { cells, ..NetworkConfig::preset("cifar10").unwrap() }
}

fn run(config: &SearchConfig, cells: usize, scorer: &dyn Scorer) -> Result<(Best, Vec<PassRecord>)> {
    let problem = Problem::new(config, &network(cells), IMAGE)?;
    search(config, &mut Evaluator::new(problem, scorer, None)?, &mut Silent)
}

fn convolutions(cell: &Cell) -> f64 {
    cell.operations().iter().filter(|&&o| o == Operation::Conv3x3).count() as f64
}

/// Higher the closer each cell is to a target of its own; separable, so that Algorithm 1 must find the optimum.
fn distance_to(targets: Vec<Cell>) -> impl Fn(&Architecture) -> f64 {
    move |a| {
        let differ = |(cell, target): (&Cell, &Cell)| {
            Edge::ALL.iter().filter(|&&e| cell.operation(e) != target.operation(e)).count()
        };
        -(a.cells().iter().zip(&targets).map(differ).sum::<usize>() as f64)
    }
}

#[test]
fn algorithm_1_finds_the_known_optimum_when_the_first_cell_decides() {
    let skip = Cell::uniform(Operation::Skip);
    let first = skip.with(Edge::E01, Operation::Conv3x3).with(Edge::E23, Operation::AvgPool3x3);
    let (second, third) = (skip.with(Edge::E12, Operation::Conv3x3), Cell::uniform(Operation::AvgPool3x3));
    for targets in [vec![first], vec![first, second], vec![first, second, third]] {
        let optimum = Architecture::new(targets.clone()).unwrap();
        // The first cell weighs most, so that pass 1 settles it.
        let toy = Toy::new(|a: &Architecture| {
            let whole = distance_to(targets.clone())(a);
            whole + 10.0 * distance_to(vec![first])(a)
        });
        let (best, passes) = run(&config("spikenas-3o", Method::Spikenas, None), targets.len(), &toy).unwrap();
        assert_eq!(best.architecture, optimum);
        assert_eq!(passes.len(), targets.len());
        assert!(passes.iter().all(|p| p.candidates == 729 && p.scored == 729));
    }
}

#[test]
fn pass_two_starts_from_the_winner_of_pass_one_and_leaves_the_first_cell() {
    let toy = Toy::new(|a: &Architecture| convolutions(&a.cells()[0]) - 2.0 * convolutions(&a.cells()[1]));
    let (best, _) = run(&config("spikenas-2o", Method::Spikenas, None), 2, &toy).unwrap();
    // Pass 1 takes no convolution (each costs 2 and earns 1); pass 2 cannot add one to cell 1 any more.
    assert_eq!(best.architecture, Architecture::repeated(Cell::uniform(Operation::Skip), 2).unwrap());
    let calls = toy.calls.borrow();
    assert!(calls[64..].iter().all(|a| a.cells()[0] == Cell::uniform(Operation::Skip)));
}

#[test]
fn the_first_of_equal_scores_wins_and_equal_architectures_are_scored_once() {
    let toy = Toy::new(|_: &Architecture| 0.0);
    let (best, passes) = run(&config("spikenas-2o", Method::Spikenas, None), 2, &toy).unwrap();
    assert_eq!(best.architecture, Architecture::repeated(Cell::uniform(Operation::Skip), 2).unwrap());
    assert_eq!((passes[1].scored, passes[1].computed), (64, 63));
    assert_eq!(toy.calls.borrow().len(), 64 + 63);
}

#[test]
fn minus_infinity_ranks_last() {
    let one = Toy::new(|a: &Architecture| if convolutions(&a.cells()[0]) == 6.0 { -1e6 } else { f64::NEG_INFINITY });
    let best = run(&config("spikenas-2o", Method::Spikenas, None), 1, &one).unwrap().0;
    assert_eq!(best.architecture.cells()[0], Cell::uniform(Operation::Conv3x3));
}

#[test]
fn the_papers_budgets_leave_the_counted_candidates() {
    let one_convolution = Toy::new(|a: &Architecture| if convolutions(&a.cells()[0]) == 1.0 { 1.0 } else { 0.0 });
    let (best, passes) = run(&config("spikenas-2o", Method::Spikenas, Some("1.2M")), 2, &one_convolution).unwrap();
    assert_eq!(
        passes.iter().map(|p| (p.candidates, p.feasible, p.scored)).collect::<Vec<_>>(),
        [(64, 7, 7), (64, 7, 7)]
    );
    assert!(best.parameters.backbone <= 1_200_000);

    let toy = Toy::new(|a: &Architecture| convolutions(&a.cells()[0]));
    let (_, passes) = run(&config("spikenas-3o", Method::Spikenas, Some("2M")), 2, &toy).unwrap();
    assert_eq!((passes[0].candidates, passes[0].feasible), (729, 496));
}

#[test]
fn infeasible_budget_names_the_smallest_candidate() {
    for method in Method::ALL {
        let toy = Toy::new(|_: &Architecture| 0.0);
        let error = run(&config("spikenas-2o", method, Some("200000")), 2, &toy).unwrap_err().to_string();
        assert!(
            error.contains("no architecture of 64 fits 200000 parameters (backbone); the smallest needs 299904"),
            "{error}"
        );
        assert!(toy.calls.borrow().is_empty());
    }
}

#[test]
fn exhaustive_search_finds_what_consecutive_passes_miss() {
    // Only one architecture, of different cells, scores above 0; pass 1 sees equal cells alone.
    let wanted: Architecture = "0111 0011 0001 0000/0333 0033 0003 0000".parse().unwrap();
    let toy = Toy::new(|a: &Architecture| f64::from(u8::from(*a == wanted)));
    let (best, passes) = run(&config("spikenas-2o", Method::Exhaustive, None), 2, &toy).unwrap();
    assert_eq!(best.architecture, wanted);
    assert_eq!(passes[0].candidates, 4096);
}

#[test]
fn exhaustive_search_refuses_what_it_could_not_finish() {
    let toy = Toy::new(|_: &Architecture| 0.0);
    let error = run(&config("snasnet", Method::Exhaustive, None), 2, &toy).unwrap_err().to_string();
    assert!(error.contains("15625^2"), "{error}");
}

#[test]
fn random_search_finds_the_best_of_its_draws_again_with_the_same_seed() {
    let few = SearchConfig { iterations: 200, ..config("snasnet", Method::Random, None) };
    let toy = Toy::new(|a: &Architecture| convolutions(&a.cells()[0]));
    let (best, passes) = run(&few, 2, &toy).unwrap();
    assert_eq!(passes[0].candidates, 200);
    let most = toy.calls.borrow().iter().map(|a| convolutions(&a.cells()[0])).fold(0.0, f64::max);
    assert_eq!(best.score.value, most);
    assert_eq!(run(&few, 2, &toy).unwrap().0, best);
}

#[test]
fn evolution_and_local_search_find_a_known_optimum_in_a_part_of_the_space() {
    let targets: Architecture = "0313 0014 0003 0000/0301 0043 0001 0000".parse().unwrap();
    let toy = |targets: &Architecture| Toy::new(distance_to(targets.cells().to_vec()));
    for method in [Method::Evolution, Method::Local] {
        let few = SearchConfig { iterations: 4000, ..config("snasnet", method, None) };
        let found = toy(&targets);
        let (best, passes) = run(&few, 2, &found).unwrap();
        assert_eq!(best.architecture, targets, "{method}");
        // Of 244,140,625; each is scored once, and the same seed asks for the same.
        assert!(passes.len() == 1 && passes[0].candidates <= 4000, "{method}: {passes:?}");
        assert_eq!(passes[0].computed, found.calls.borrow().len(), "{method}");
        let again = toy(&targets);
        run(&few, 2, &again).unwrap();
        assert_eq!(*again.calls.borrow(), *found.calls.borrow(), "{method}");
        let other = SearchConfig { seed: 2, ..few };
        let different = toy(&targets);
        run(&other, 2, &different).unwrap();
        assert_ne!(*different.calls.borrow(), *found.calls.borrow(), "{method}");
    }
}

#[test]
fn evolution_and_local_search_keep_to_the_budget_and_find_its_best() {
    // The budget has room for a convolution of the second cell, or for all six of the first.
    let toy = Toy::new(|a: &Architecture| a.cells().iter().map(convolutions).sum());
    for method in [Method::Evolution, Method::Local] {
        let (best, passes) = run(&config("spikenas-2o", method, Some("1.2M")), 2, &toy).unwrap();
        assert!(best.parameters.backbone <= 1_200_000 && best.score.value == 6.0, "{method}: {best:?}");
        assert!(passes[0].feasible < passes[0].candidates, "{method}");
        let none = SearchConfig { iterations: 1, ..config("snasnet", method, Some("310k")) };
        let error = run(&none, 2, &toy).map(|(best, _)| best.architecture);
        assert!(error.is_err_and(|e| e.to_string().contains("random candidates fits the budget")), "{method}");
    }
}

#[test]
fn random_search_ends_where_nothing_can_be_drawn() {
    let toy = Toy::new(|_: &Architecture| 0.0);
    assert!(run(&config("zeroize", Method::Random, None), 2, &toy).unwrap_err().to_string().contains("connects"));
}

#[test]
fn no_method_finds_a_network_without_a_path() {
    // One that scores highest of all, or is all that the budget leaves.
    let toy = Toy::new(|a: &Architecture| -convolutions(&a.cells()[0]));
    for method in Method::ALL {
        let found = run(&config("zeroize,conv3x3", method, None), 1, &toy).unwrap().0;
        assert_eq!(found.architecture.cell_without_path(), None, "{method}: {}", found.architecture);
        let error = run(&config("zeroize,conv3x3", method, Some("300k")), 1, &toy).unwrap_err().to_string();
        assert!(error.contains("the smallest needs"), "{method}: {error}");
        assert!(run(&config("zeroize", method, None), 1, &toy).unwrap_err().is_usage());
    }
}

#[test]
fn candidates_that_all_score_minus_infinity_are_refused() {
    let dead = Toy::new(|_: &Architecture| f64::NEG_INFINITY);
    for method in Method::ALL {
        let error = run(&config("spikenas-2o", method, None), 1, &dead).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("minus infinity"), "{error}");
    }
}

#[test]
fn draws_are_counted_apart_from_the_networks_that_are_scored() {
    let toy = Toy::new(|a: &Architecture| convolutions(&a.cells()[0]));
    let many = SearchConfig { iterations: 5000, ..config("spikenas-2o", Method::Random, None) };
    let (_, passes) = run(&many, 1, &toy).unwrap();
    let PassRecord { candidates, feasible, scored, different, computed } = passes[0];
    assert_eq!((candidates, feasible, scored, different, computed), (5000, 5000, 5000, 64, 64));
    assert_eq!(toy.calls.borrow().len(), 64);
}

#[test]
fn edges_on_no_path_are_left_out_where_the_score_ignores_them() {
    struct OnPaths;
    impl Scorer for OnPaths {
        fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
            graphs.iter().enumerate().try_for_each(|(index, graph)| {
                let value = convolutions(&graph.architecture.cells()[0].pruned());
                listener.scored(index, Score { value, firing_rate: None, ..Score::default() })
            })
        }

        fn ignores_dead_edges(&self) -> bool {
            true
        }
    }
    // Tried first: dead edges come before none.
    let few = config("conv3x3,zeroize", Method::Exhaustive, Some("760k"));
    let (best, passes) = run(&few, 1, &OnPaths).unwrap();
    assert_eq!(best.architecture, best.architecture.pruned());
    let pruned: std::collections::HashSet<_> =
        Problem::new(&few, &network(1), IMAGE).unwrap().space.iter_cells().map(Cell::pruned).collect();
    assert_eq!((passes[0].candidates, passes[0].different), (64, pruned.len()));
}

#[test]
fn counts_out_of_range_are_refused_with_the_range() {
    let limits = config("spikenas-2o", Method::Random, None);
    for (wrong, words) in [
        (SearchConfig { iterations: 0, ..limits.clone() }, "iterations 0 is out of range: give 1 to 10000000"),
        (SearchConfig { iterations: usize::MAX, ..limits.clone() }, "give 1 to 10000000"),
        (SearchConfig { confirm: usize::MAX, ..limits.clone() }, "give 0 to 1000"),
    ] {
        let error = run(&wrong, 1, &Toy::new(|_: &Architecture| 0.0)).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(words), "{error}");
    }
}

fn header(config: &SearchConfig) -> JournalHeader {
    JournalHeader {
        version: FORMAT_VERSION,
        data: "sample".into(),
        images: "0".into(),
        input: IMAGE,
        network: network(2),
        score: ScoreConfig::default(),
        search: config.clone(),
        supernet: None,
    }
}

#[test]
fn whatever_the_method_a_killed_search_goes_on_to_the_same_result() {
    let value = |a: &Architecture| (convolutions(&a.cells()[0]) * 1.7 + convolutions(&a.cells()[1])).sin();
    for method in Method::ALL {
        let config = SearchConfig { iterations: 150, ..config("spikenas-2o", method, None) };
        let whole = Toy::new(value);
        let (best, passes) = run(&config, 2, &whole).unwrap();
        let calls = whole.calls.borrow().len();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut scored = 0;
        for killed_after in [3, 17, calls / 2, usize::MAX] {
            let toy = Toy { fail_after: killed_after, ..Toy::new(value) };
            let problem = Problem::new(&config, &network(2), IMAGE).unwrap();
            let journal = Journal::open(&path, &header(&config)).unwrap();
            let end = search(&config, &mut Evaluator::new(problem, &toy, Some(journal)).unwrap(), &mut Silent);
            scored += toy.calls.borrow().len();
            assert!(killed_after == usize::MAX || end.is_err(), "{method}");
            if let Ok((resumed, counts)) = end {
                assert_eq!((&resumed, &counts), (&best, &passes), "{method}");
            }
        }
        assert_eq!(scored, calls, "{method}");
    }
}

#[test]
fn a_killed_search_goes_on_from_its_journal_to_the_same_result() {
    let config = config("spikenas-2o", Method::Spikenas, None);
    let value = |a: &Architecture| (convolutions(&a.cells()[0]) * 1.7 + convolutions(&a.cells()[1])).sin();
    let (whole, _) = run(&config, 2, &Toy::new(value)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    for killed_after in [0, 1, 30, 40] {
        let toy = Toy { fail_after: killed_after, ..Toy::new(value) };
        let problem = Problem::new(&config, &network(2), IMAGE).unwrap();
        let journal = Journal::open(&path, &header(&config)).unwrap();
        let stopped = search(&config, &mut Evaluator::new(problem, &toy, Some(journal)).unwrap(), &mut Silent);
        assert!(stopped.is_err());
        // A kill in the middle of a line.
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"architecture\":\"0111 00");
        std::fs::write(&path, text).unwrap();
    }
    let toy = Toy::new(value);
    let problem = Problem::new(&config, &network(2), IMAGE).unwrap();
    let journal = Journal::open(&path, &header(&config)).unwrap();
    let (resumed, passes) =
        search(&config, &mut Evaluator::new(problem, &toy, Some(journal)).unwrap(), &mut Silent).unwrap();
    assert_eq!(resumed, whole);
    assert_eq!(toy.calls.borrow().len(), 127 - 71);
    assert_eq!(passes.iter().map(|p| p.scored).sum::<usize>(), 128);
}

#[test]
fn a_journal_of_another_configuration_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let config = config("spikenas-2o", Method::Spikenas, None);
    drop(Journal::open(&path, &header(&config)).unwrap());
    let mut other = header(&config);
    other.score.seed = 9;
    other.network.widths = [8, 16];
    let error = Journal::open(&path, &other).err().unwrap().to_string();
    assert!(error.contains("score.seed 1 -> 9") && error.contains("network.widths [128,256] -> [8,16]"), "{error}");
    std::fs::write(&path, "not json\n").unwrap();
    assert!(Journal::open(&path, &header(&config)).err().unwrap().to_string().contains("line 1"));
}
