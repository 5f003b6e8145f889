//! The report of how well scores rank a table of trained architectures.

use super::axis::Axis;
use super::chart::{Bar, Bars};
use super::document::{Report, Section};
use super::figure::{Figure, Table, Value};
use super::words::grouped;
use crate::Result;
use crate::workflow::correlate::{Correlation, ScoreCorrelation};

/// The report of a correlation.
pub(super) fn report(correlation: &Correlation, faults: &[String]) -> Result<Report> {
    let [narrow, wide] = correlation.config.network.widths;
    let best = correlation.scores.iter().max_by(|a, b| a.tau_random_ties.living.total_cmp(&b.tau_random_ties.living));
    let summary = format!(
        "{} architectures ({} with a path from input to output), untrained networks of widths {narrow}/{wide} with {} images, {} seeds. {}",
        grouped(correlation.cells as u64),
        grouped(correlation.living as u64),
        correlation.config.batch,
        correlation.seeds,
        best.map_or(String::new(), |b| format!(
            "{} ranks those with a path best: tau {:.3}, {:.3} within equal depth.",
            b.score, b.tau_random_ties.living, b.tau_within_depth
        ))
    );
    let mut section = Section::titled("Figures");
    section.words.push(
        "Ties of a score are broken at random; intervals are 95 % of resamples of the table, seeds included. A rank needs no network."
            .into(),
    );
    section.figures.push(bars(
        "tau",
        "Kendall's tau with the truth, architectures with a path",
        correlation,
        |s| s.tau_random_ties.living,
        |s| s.intervals.tau_random_ties,
    )?);
    section.figures.push(bars(
        "tau-within-depth",
        "Kendall's tau within equal depth",
        correlation,
        |s| s.tau_within_depth,
        |s| s.intervals.tau_within_depth,
    )?);
    let mut ranks = Section::titled("Scores");
    ranks.tables.push(table(correlation));
    let title = "How well scores rank trained architectures".into();
    Ok(Report {
        title,
        summary,
        facts: vec![],
        sections: vec![ranks, section],
        concerns: vec![],
        faults: faults.to_vec(),
    })
}

fn bars(
    name: &str,
    title: &str,
    correlation: &Correlation,
    of: fn(&ScoreCorrelation) -> f64,
    interval: fn(&ScoreCorrelation) -> [f64; 2],
) -> Result<Figure> {
    let mut table = Table::new(title, &["score", "#tau", "#from", "#to"]);
    let mut bars = Vec::new();
    for s in &correlation.scores {
        let (value, [from, to]) = (of(s), interval(s));
        let words = format!("{}: {value:.3} (95 %: {from:.3} to {to:.3})", s.score);
        bars.push(Bar { name: s.score.clone(), parts: vec![(value, usize::from(s.trivial))], words });
        let number = |v: f64| Value::number(v, format!("{v:.3}"));
        table.push(vec![Value::text(&s.score), number(value), number(from), number(to)]);
    }
    let x = Axis::over("tau", correlation.scores.iter().map(of).chain([0.0]));
    let series = ["score", "rank without a network"].map(String::from).to_vec();
    let alternative = format!("Bars: {title}, for {} scores and ranks.", correlation.scores.len());
    let svg = Bars { x, bars, series, limit: None }.draw()?;
    Ok(Figure { name: name.into(), title: title.into(), alternative, svg, table })
}

/// All figures of all scores.
pub fn table(correlation: &Correlation) -> Table {
    let mut columns: Vec<String> = [
        "score",
        "#tau, all",
        "#with a path",
        "#within depth",
        "#top 10, %",
        "#nDCG",
        "#regret, points",
        "#tau-b, all",
        "#tau-b, path",
        "#Spearman, all",
        "#Spearman, path",
        "#ms per candidate",
        "#spread over seeds",
    ]
    .map(String::from)
    .to_vec();
    let budgets: Vec<usize> =
        correlation.scores.first().map_or(Vec::new(), |s| s.best_by_budget.keys().copied().collect());
    columns.extend(budgets.iter().map(|n| format!("#best, n ≤ {n}")));
    let mut table = Table::new("Scores", &columns.iter().map(String::as_str).collect::<Vec<_>>());
    let three = |v: f64| Value::number(v, format!("{v:.3}"));
    let two = |v: f64| Value::number(v, format!("{v:.2}"));
    for s in &correlation.scores {
        let name = if s.default { format!("{} (default)", s.score) } else { s.score.clone() };
        let mut row = vec![
            Value::text(name),
            three(s.tau_random_ties.all),
            three(s.tau_random_ties.living),
            three(s.tau_within_depth),
            two(s.top10_mean),
            Value::maybe(s.choice.map(|c| c.ndcg), |v| format!("{v:.3}")),
            Value::maybe(s.choice.map(|c| c.regret), |v| format!("{v:.2}")),
            three(s.tau_b.all),
            three(s.tau_b.living),
            three(s.spearman.all),
            three(s.spearman.living),
            Value::maybe(s.seconds_per_candidate, |v| format!("{:.2}", v * 1e3)),
            three(s.spread.tau_random_ties),
        ];
        row.extend(budgets.iter().map(|n| Value::maybe(s.best_by_budget.get(n).copied(), |v| format!("{v:.2}"))));
        table.push(row);
    }
    table
}
