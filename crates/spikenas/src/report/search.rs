//! The candidates of a search: each as a point of parameters against score, and the confidence in the winner.

use super::axis::Axis;
use super::chart::{Dot, Line, Plot, Rule};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::front::pareto_front;
use super::records::RunRecords;
use super::supernet;
use super::words::grouped;
use crate::Result;
use crate::cost::Scope;
use crate::score::ScoreConfig;
use crate::search::{Confirmation, Finalist, JournalEntry};
use crate::space::Architecture;

/// More candidates than these are neither drawn nor listed: a page must stay small.
const MOST: usize = 2000;

/// The section of a run's search.
pub(super) fn section(run: &RunRecords) -> Result<Section> {
    let mut section = Section::titled("Search");
    let config = run.config.as_ref();
    let scope = config.map_or(Scope::default(), |c| c.search.scope);
    let budget = config.and_then(|c| c.search.budget_parameters());
    let winner = run.search.as_ref().map(|s| &s.architecture);
    section.figures.push(figure(&run.candidates, scope, budget, winner)?);
    section.words.extend(config.filter(|c| !c.search.method.trains()).map(|c| about_score(&c.score)));
    supernet::add(&mut section, run)?;
    if let Some(finalists) = run.search.as_ref().map(|search| &search.finalists).filter(|all| !all.is_empty()) {
        section.words.push(
            "The sizes of the network were chosen, too: each choice below has the best cells that fit, and those that were trained \
             for short, from the start, were compared on training images that were held out; the better half of each round went on. \
             Short trainings favour what learns fast."
                .into(),
        );
        section.tables.push(finalists_table(finalists, scope));
    }
    if let Some(confirmation) = run.search.as_ref().and_then(|s| s.confirmation.as_ref()) {
        section.words.push(confidence(confirmation));
        section.tables.push(leaders(confirmation, scope));
        section.tables.extend((!confirmation.degenerate.is_empty()).then(|| degenerate(confirmation)));
    }
    Ok(section)
}

fn about_score(score: &ScoreConfig) -> String {
    if let Some(name) = &score.own {
        return format!("The score, {name}, is not one of the program's: whoever ran the search computed it.");
    }
    let kind = score.kind;
    let worth = match kind {
        kind if kind.is_of_the_paper() => {
            "On SpikeNAS-Bench it ranks trained cells no better than their number of parameters does"
        }
        _ => "docs/scores.md says how well it ranks trained cells",
    };
    format!("The score, {kind}, looks at an untrained network. {worth}; it is a guide, not a forecast of accuracy.")
}

fn confidence(confirmation: &Confirmation) -> String {
    let tied = confirmation.leaders.iter().filter(|l| l.is_tied).count();
    let rounds = confirmation.rounds();
    match (tied, rounds) {
        (1, 0) => return "No other candidate has as high a score.".into(),
        (_, 0) => return format!("The smallest of {tied} leading candidates with equal scores won."),
        _ => {}
    }
    let margin = confirmation.margin.map_or("no other leader is significantly worse".into(), |m| {
        format!("the next that is significantly worse is {m:.4} below")
    });
    format!(
        "The leading candidates were scored {rounds} times more, each time with other weights and images, and are judged by these \
         scores alone. {tied} of {} are tied with the best mean (not significantly different: paired differences, Student's t at \
         5 %); the smallest of them won, and {margin}.",
        confirmation.leaders.len()
    )
}

fn finalists_table(finalists: &[Finalist], scope: Scope) -> Table {
    let rounds = finalists.iter().map(|finalist| finalist.trainings.len()).max().unwrap_or(0);
    let names: Vec<String> = (1..=rounds).map(|round| format!("#round {round}, %")).collect();
    let has_dynamics = finalists.iter().any(|finalist| finalist.sizes.dynamics.is_some());
    let mut heads = vec!["#cells", "widths", "#last pooling", "#hidden layer", "architecture", "#parameters"];
    if has_dynamics {
        heads.splice(4..4, ["#timesteps", "#tau", "#threshold"]);
    }
    heads.extend(names.iter().map(String::as_str));
    let mut table = Table::new("Choices of sizes", &heads);
    for Finalist { sizes, architecture, parameters, trainings, .. } in finalists {
        let whole = |size: usize| Value::number(size as f64, size.to_string());
        let parameters = parameters.in_scope(scope);
        let mut row = vec![
            whole(sizes.cells),
            Value::text(format!("{}, {}", sizes.widths[0], sizes.widths[1])),
            whole(sizes.last_pool),
            whole(sizes.hidden),
            Value::text(architecture.to_string()),
            Value::number(parameters as f64, grouped(parameters)),
        ];
        if has_dynamics {
            let dynamics = sizes.dynamics;
            let of_time = [
                Value::maybe(dynamics.map(|d| d.timesteps as f64), |timesteps| timesteps.to_string()),
                Value::maybe(dynamics.map(|d| f64::from(d.tau)), |tau| format!("{tau:.3}")),
                Value::maybe(dynamics.map(|d| f64::from(d.threshold)), |threshold| format!("{threshold:.3}")),
            ];
            row.splice(4..4, of_time);
        }
        row.extend((0..rounds).map(|round| {
            Value::maybe(trainings.get(round).map(|training| training.accuracy), |accuracy| format!("{accuracy:.2}"))
        }));
        table.push(row);
    }
    table.notes.push("Accuracy on the training images that were held out, after each round's training.".into());
    table
}

fn leaders(confirmation: &Confirmation, scope: Scope) -> Table {
    let mut table =
        Table::new("Leading candidates", &["architecture", "#parameters", "#score", "#mean", "#deviation", "tied"]);
    for leader in &confirmation.leaders {
        let parameters = leader.parameters.in_scope(scope);
        table.push(vec![
            Value::text(leader.architecture.to_string()),
            Value::number(parameters as f64, grouped(parameters)),
            Value::maybe(leader.scores.first().map(|score| score.0), |score| format!("{score:.4}")),
            Value::number(leader.mean.0, format!("{:.4}", leader.mean.0)),
            Value::number(leader.deviation.0, format!("{:.4}", leader.deviation.0)),
            Value::text(if leader.is_tied { "yes" } else { "" }),
        ]);
    }
    table
        .notes
        .push("Score: that of the search. Mean and deviation: over the rounds. Tied: with the best mean.".into());
    table
}

fn degenerate(confirmation: &Confirmation) -> Table {
    let mut table = Table::new("Candidates with a score of minus infinity", &["architecture", "why"]);
    for one in &confirmation.degenerate {
        table.push(vec![Value::text(one.architecture.to_string()), Value::text(&one.reason)]);
    }
    let left = confirmation.degenerate_count - confirmation.degenerate.len().min(confirmation.degenerate_count);
    if left > 0 {
        table.notes.push(format!("and {} more.", grouped(left as u64)));
    }
    table
}

/// The figure of a search's candidates.
fn figure(
    candidates: &[JournalEntry],
    scope: Scope,
    budget: Option<u64>,
    winner: Option<&Architecture>,
) -> Result<Figure> {
    let parameters = |entry: &JournalEntry| entry.parameters.in_scope(scope) as f64;
    let front = pareto_front(candidates.iter().map(|e| (parameters(e), e.score.0)));
    let is_on_front = |index: usize| front.contains(&index);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| {
        let (first, second) = (candidates[a].score.0, candidates[b].score.0);
        is_on_front(b).cmp(&is_on_front(a)).then(second.total_cmp(&first))
    });
    order.truncate(MOST);

    let mut dots = Vec::new();
    let mut table = Table::new("Candidates", &["architecture", "#parameters", "#score", "Pareto front"]);
    for &index in &order {
        let entry = &candidates[index];
        let is_winner = winner.is_some_and(|w| is_same(w, &entry.architecture));
        let series = if is_winner {
            1
        } else if is_on_front(index) {
            2
        } else {
            0
        };
        let words = format!(
            "{}: {} parameters, score {:.4}",
            entry.architecture,
            grouped(parameters(entry) as u64),
            entry.score.0
        );
        let radius = if series == 0 { 2.5 } else { 4.5 };
        dots.push(Dot { x: parameters(entry), y: entry.score.0, series, radius, words, label: String::new() });
        table.push(vec![
            Value::text(entry.architecture.to_string()),
            Value::number(parameters(entry), grouped(parameters(entry) as u64)),
            Value::number(entry.score.0, format!("{:.4}", entry.score.0)),
            Value::text(match series {
                1 => "winner",
                2 => "yes",
                _ => "",
            }),
        ]);
    }
    if order.len() < candidates.len() {
        let left = grouped((candidates.len() - order.len()) as u64);
        table.notes.push(format!("{left} candidates with lower scores are left out here; journal.jsonl has them all."));
    }
    let infinite = candidates.iter().filter(|e| !e.score.0.is_finite()).count();
    if infinite > 0 {
        let score = "a score of minus infinity (a singular kernel matrix)";
        table.notes.push(format!("{} candidates have {score}: listed, not drawn.", grouped(infinite as u64)));
    }
    // The winner last, so that it lies on top.
    dots.sort_by_key(|dot| [0, 2, 1][dot.series]);
    let steps = front.iter().map(|&i| (parameters(&candidates[i]), candidates[i].score.0)).collect();
    let x = Axis::over(&format!("parameters ({scope})"), dots.iter().map(|d| d.x).chain(budget.map(|b| b as f64)));
    let y = Axis::over("score", dots.iter().map(|d| d.y));
    let limit = budget.map(|b| Rule { at: b as f64, name: format!("budget {}", grouped(b)) });
    let alternative = format!(
        "Points: {} scored candidates, parameters of the {scope} against score. {} of them are on the Pareto front: none has \
         fewer parameters and a score as high.{}",
        grouped(candidates.len() as u64),
        front.len(),
        budget.map_or(String::new(), |b| format!(" A line marks the budget of {} parameters.", grouped(b)))
    );
    let plot = Plot {
        x,
        y,
        series: ["candidate", "winner", "Pareto front"].map(String::from).to_vec(),
        lines: vec![Line { points: steps, series: 2 }],
        dots,
        limit,
    };
    Ok(Figure {
        name: "candidates".into(),
        title: "Parameters and score of every candidate".into(),
        alternative,
        svg: plot.draw()?,
        table,
    })
}

/// Whether two texts mean the same architecture: a single matrix stands for all cells.
fn is_same(one: &Architecture, other: &Architecture) -> bool {
    one.to_string() == other.to_string()
}
