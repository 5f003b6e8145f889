//! The report of a study: its scenarios side by side, and the paper's figures beside ours.

use super::axis::Axis;
use super::chart::{Bar, Bars, Dot, Plot, Rule};
use super::document::{Report, Section};
use super::figure::{Figure, Table, Value};
use super::records::StudyRecords;
use super::words::{duration, grouped, percent};
use super::{compare, published};
use crate::Result;
use crate::workflow::study::{Kind, ScenarioResult, StudyRecord};

/// The report of a study's folder, as far as the study is finished.
pub(super) fn report(records: &StudyRecords) -> Result<Report> {
    let Some(study) = &records.study else {
        let title = "A study whose record cannot be read".to_string();
        let (summary, faults) = (String::new(), records.faults.clone());
        return Ok(Report { title, summary, facts: vec![], sections: vec![], concerns: vec![], faults });
    };
    let title = match study.study {
        Kind::Scenarios => format!("The scenarios of SpikeNAS on {}", study.data),
        Kind::Operations => format!("What each operation contributes on {}", study.data),
        Kind::Iterations => format!("What iterations of a random search contribute on {}", study.data),
    };
    let mut sections = Vec::new();
    if !study.results.is_empty() {
        sections.push(results(study));
        match study.study {
            Kind::Scenarios => {
                sections.push(accuracy_and_memory(study)?);
                sections.push(budgets(study)?);
                sections.push(search_times(study)?);
            }
            Kind::Operations | Kind::Iterations => sections.push(accuracies(study)?),
        }
        let is_trained = |name: &str| study.trained().any(|r| r.scenario.name == name);
        let trained: Vec<_> = records.runs.iter().filter(|r| compare::has_curve(r) && is_trained(&r.name())).collect();
        sections.extend(compare::learning_curves(&trained)?);
    }
    sections.push(settings(study));
    let (facts, concerns, faults) = (facts(study), compare::concerns(&records.runs), records.faults.clone());
    Ok(Report { title, summary: summary(study), facts, sections, concerns, faults })
}

fn summary(study: &StudyRecord) -> String {
    let StudyRecord { scale, train_images, test_images, .. } = study;
    let [narrow, wide] = study.settings.network.widths;
    let mut words = format!(
        "{} scenarios at scale {scale}: widths {narrow}/{wide}, {} epochs on {} training images, tested on {}, one seed. ",
        study.results.len(),
        study.settings.train.epochs,
        grouped(*train_images as u64),
        grouped(*test_images as u64)
    );
    words += match study.scale.as_str() {
        "paper" => "The settings are the paper's.",
        _ => {
            "Networks are narrower and trained for less long than the paper's, so that accuracies are far from its own; only their order and the times of searches can be compared."
        }
    };
    words
}

fn facts(study: &StudyRecord) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_string(), value));
    if let Some(best) = study.trained().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy)) {
        fact("best accuracy", format!("{} ({})", percent(best.accuracy), best.scenario.name));
    }
    let search: f64 = study.results.iter().map(|r| r.search.seconds).sum();
    let training: f64 = study.trained().map(|r| r.train_seconds).sum();
    fact("searches took", duration(search));
    fact("trainings took", duration(training));
    fact("threads", study.threads.to_string());
    facts
}

/// The seconds of a search, marked where they are extrapolated.
fn search_seconds(result: &ScenarioResult) -> Value {
    let seconds = result.search_seconds;
    let digits = if seconds < 1.0 { 2 } else { 1 };
    Value::number(seconds, format!("{}{seconds:.digits$}", result.mark()))
}

/// The speed-up of a search over the baseline's, marked where either time is extrapolated.
fn speed_up(study: &StudyRecord, result: &ScenarioResult) -> Value {
    let Some(baseline) = study.baseline() else { return Value::missing() };
    let times = baseline.search_seconds / result.search_seconds.max(1e-9);
    let mark = if baseline.mark().is_empty() { result.mark() } else { baseline.mark() };
    Value::number(times, format!("{mark}{times:.1}"))
}

fn results(study: &StudyRecord) -> Section {
    let is_table_1 = study.study == Kind::Scenarios;
    let mut columns = vec!["scenario", "#accuracy, %", "#last epoch, %"];
    if is_table_1 {
        columns.push("#paper, %");
    }
    columns.extend(["#backbone", "#network", "#budget", "#search, s", "#candidates", "#scored"]);
    if is_table_1 {
        columns.extend(["#times faster", "#paper, times faster"]);
    }
    columns.push("architecture");
    let mut table = Table::new("Results", &columns);
    let whole = |n: u64| Value::number(n as f64, grouped(n));
    for r in &study.results {
        let name = &r.scenario.name;
        let two = |v: f64| format!("{v:.2}");
        let mut row =
            vec![Value::text(name), Value::number(r.accuracy, two(r.accuracy)), Value::maybe(r.final_accuracy, two)];
        if is_table_1 {
            row.push(Value::maybe(published::accuracy(name, &study.data), two));
        }
        row.extend([
            whole(r.search.parameters.backbone),
            whole(r.search.parameters.network),
            Value::maybe(r.search.budget.map(|b| b as f64), |b| grouped(b as u64)),
            search_seconds(r),
            whole(r.candidates as u64),
            whole(r.search.scored as u64),
        ]);
        if is_table_1 {
            row.push(speed_up(study, r));
            row.push(Value::maybe(published::speed_up(name, &study.data), |v| format!("{v:.1}")));
        }
        row.push(Value::text(r.search.architecture.to_string()));
        table.push(row);
    }
    let mut section = Section::titled("Results");
    for r in study.results.iter().filter(|r| r.extrapolated_from.is_some()) {
        table.notes.push(format!(
            "≈ {}: extrapolated from {} of {} draws; equal draws count once.",
            r.scenario.name,
            grouped(r.extrapolated_from.unwrap_or(0) as u64),
            grouped(r.candidates as u64)
        ));
    }
    for (name, about) in study.results.iter().filter_map(|r| Some((&r.scenario.name, r.scenario.about()?))) {
        table.notes.push(format!("{name}: {about}."));
    }
    for (name, same) in study.results.iter().filter_map(|r| Some((&r.scenario.name, r.trained_as.as_ref()?))) {
        table.notes.push(format!("{name} found the network of {same}; it was trained once."));
    }
    if is_table_1 {
        let data = if study.data == "cifar100" { "CIFAR-100" } else { "CIFAR-10" };
        table.notes.push(format!(
            "“paper”: as published for {data} (arXiv:2402.11322), 300 epochs at widths 128/256 on a GPU."
        ));
    }
    section.tables.push(table);
    section
}

/// Colour by the number of cells.
fn series_of(result: &ScenarioResult) -> usize {
    if !result.scenario.is_of_spikenas() { 3 } else { result.scenario.cells.clamp(1, 3) - 1 }
}

fn cell_names() -> Vec<String> {
    ["1 cell", "2 cells", "3 cells", "other methods"].map(String::from).to_vec()
}

/// Fig. 8.
fn accuracy_and_memory(study: &StudyRecord) -> Result<Section> {
    let mut table = Table::new("Accuracy and memory", &["scenario", "#cells", "#backbone", "#accuracy, %"]);
    let mut dots = Vec::new();
    for r in &study.results {
        let (x, y) = (r.search.parameters.backbone as f64, r.accuracy);
        let words = format!("{}: {} parameters, {}", r.scenario.name, grouped(x as u64), percent(y));
        let label = r.scenario.name.replace("SpikeNAS_", "");
        dots.push(Dot { x, y, series: series_of(r), radius: 5.0, words, label });
        table.push(vec![
            Value::text(&r.scenario.name),
            Value::number(r.scenario.cells as f64, r.scenario.cells.to_string()),
            Value::number(x, grouped(x as u64)),
            Value::number(y, format!("{y:.2}")),
        ]);
    }
    let mean = |cells: usize| {
        let of: Vec<f64> = study
            .results
            .iter()
            .filter(|r| r.scenario.cells == cells && r.scenario.is_of_spikenas())
            .map(|r| r.accuracy)
            .collect();
        (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64)
    };
    let means: Vec<String> = (1..=3)
        .filter_map(|c| Some(format!("{c} cell{}: {}", if c == 1 { "" } else { "s" }, percent(mean(c)?))))
        .collect();
    let plot = Plot {
        x: Axis::over("parameters (backbone)", dots.iter().map(|d| d.x)),
        y: Axis::over("test accuracy, %", dots.iter().map(|d| d.y)),
        series: cell_names(),
        lines: vec![],
        dots,
        limit: None,
    };
    let mut section = Section::titled("Accuracy against memory");
    section.words.push(format!(
        "The paper's Fig. 8: more cells, more memory, more accuracy. Here, means of the scenarios: {}.",
        means.join(", ")
    ));
    section.figures.push(Figure {
        name: "accuracy-memory".into(),
        title: "Accuracy against memory by number of cells".into(),
        alternative: format!(
            "Points: backbone parameters against test accuracy of each scenario. Means: {}.",
            means.join(", ")
        ),
        svg: plot.draw()?,
        table,
    });
    Ok(section)
}

/// Fig. 11 (c).
fn budgets(study: &StudyRecord) -> Result<Section> {
    let budget = study.results.iter().find_map(|r| r.search.budget);
    let mut table = Table::new("Memory and budget", &["scenario", "#backbone", "#of the budget, %", "#paper, %"]);
    let mut bars = Vec::new();
    for r in &study.results {
        let parameters = r.search.parameters.backbone;
        let part = budget.map(|b| 100.0 * parameters as f64 / b as f64);
        let words = format!(
            "{}: {} parameters{}",
            r.scenario.name,
            grouped(parameters),
            part.map_or(String::new(), |p| format!(", {p:.0} % of the budget"))
        );
        bars.push(Bar { name: r.scenario.name.clone(), parts: vec![(parameters as f64, series_of(r))], words });
        table.push(vec![
            Value::text(&r.scenario.name),
            Value::number(parameters as f64, grouped(parameters)),
            Value::maybe(part, |p| format!("{p:.0}")),
            Value::maybe(published::part_of_budget(&r.scenario.name, &study.data), |p| format!("{p:.0}")),
        ]);
    }
    let with_budget: Vec<_> = study.results.iter().filter(|r| r.search.budget.is_some()).collect();
    let met = with_budget
        .iter()
        .filter(|r| r.search.budget.is_some_and(|b| r.search.parameters.in_scope(r.search.scope) <= b))
        .count();
    let words = format!("{met} of {} searches with a budget met it.", with_budget.len());
    let x = Axis::from_zero(
        "parameters (backbone)",
        study.results.iter().map(|r| r.search.parameters.backbone as f64).chain(budget.map(|b| b as f64)),
    );
    let limit = budget.map(|b| Rule { at: b as f64, name: format!("budget {}", grouped(b)) });
    let mut section = Section::titled("Memory against the budget");
    section.words.push(format!("The paper's Fig. 11 (c): every scenario with a budget (_M) meets it. Here, {words}"));
    section.figures.push(Figure {
        name: "memory-budget".into(),
        title: "Memory of every scenario".into(),
        alternative: format!("Bars: backbone parameters of each scenario, with a line at the budget. {words}"),
        svg: Bars { x, bars, series: cell_names(), limit }.draw()?,
        table,
    });
    Ok(section)
}

/// Fig. 11 (d).
fn search_times(study: &StudyRecord) -> Result<Section> {
    let columns = ["scenario", "#search, s", "#candidates", "#scored", "#times faster", "#fewer candidates, times"];
    let mut table = Table::new("Search time", &columns);
    let mut bars = Vec::new();
    let baseline = study.baseline();
    for r in &study.results {
        let faster = speed_up(study, r);
        let fewer = baseline.map(|b| b.candidates as f64 / r.search.scored.max(1) as f64);
        let words = format!(
            "{}: {}{}{}",
            r.scenario.name,
            r.mark(),
            duration(r.search_seconds),
            baseline.map_or(String::new(), |_| format!(", {} times as fast as SNASNet's", faster.text))
        );
        bars.push(Bar { name: r.scenario.name.clone(), parts: vec![(r.search_seconds, series_of(r))], words });
        table.push(vec![
            Value::text(&r.scenario.name),
            search_seconds(r),
            Value::number(r.candidates as f64, grouped(r.candidates as u64)),
            Value::number(r.search.scored as f64, grouped(r.search.scored as u64)),
            faster,
            Value::maybe(fewer, |v| format!("{v:.1}")),
        ]);
    }
    let mut section = Section::titled("Search time");
    section.words.push(
        "The paper's Fig. 11 (d): searches with few operations and a budget take a fraction of SNASNet's 5,000 evaluations (347.7 \
         times faster for 2C2O_M on CIFAR-10, 4.4 times for 2C3O_M on CIFAR-100). Here, scores share what candidates have in \
         common and equal candidates are scored once, in all searches."
            .into(),
    );
    if let Some(from) = baseline.and_then(|b| b.extrapolated_from) {
        let (from, of) = (grouped(from as u64), grouped(baseline.map_or(0, |b| b.candidates) as u64));
        section.words.push(format!("SNASNet's time is extrapolated from {from} of {of} draws."));
    }
    let x = Axis::logarithmic("seconds (powers of ten)", study.results.iter().map(|r| r.search_seconds));
    section.figures.push(Figure {
        name: "search-time".into(),
        title: "Search time of every scenario".into(),
        alternative: "Bars: seconds of each scenario's search on an axis of powers of ten.".into(),
        svg: Bars { x, bars, series: cell_names(), limit: None }.draw()?,
        table,
    });
    Ok(section)
}

/// Fig. 6 and Fig. 2b: accuracy of each variant, against the first.
fn accuracies(study: &StudyRecord) -> Result<Section> {
    let reference = study.results.first();
    let mut table = Table::new("Accuracies", &["variant", "#accuracy, %", "#points against the first", "#search, s"]);
    let mut bars = Vec::new();
    for r in &study.results {
        let apart = reference.map(|first| r.accuracy - first.accuracy);
        let name = r.scenario.name.replace('_', " ");
        let words = format!("{name}: {}", percent(r.accuracy));
        bars.push(Bar { name: name.clone(), parts: vec![(r.accuracy, 0)], words });
        table.push(vec![
            Value::text(name),
            Value::number(r.accuracy, format!("{:.2}", r.accuracy)),
            Value::maybe(apart, |a| format!("{a:+.2}")),
            search_seconds(r),
        ]);
    }
    let mut section = Section::titled("Accuracy of every variant");
    section.words.push(match study.study {
        Kind::Operations => "The paper's Fig. 6: removing conv3x3 costs most, then skip; zeroize, conv1x1 and avgpool3x3 hardly matter. \
                             One seed cannot tell differences of a point or two."
            .into(),
        _ => "The paper's Fig. 2b: fewer iterations and fewer operations reach about the same accuracy.".into(),
    });
    let x = Axis::from_zero("test accuracy, %", study.results.iter().map(|r| r.accuracy));
    section.figures.push(Figure {
        name: "accuracies".into(),
        title: "Test accuracy of every variant".into(),
        alternative: "Bars: test accuracy of each variant.".into(),
        svg: Bars { x, bars, series: vec![], limit: None }.draw()?,
        table,
    });
    Ok(section)
}

fn settings(study: &StudyRecord) -> Section {
    let mut section = Section::titled("Run it again");
    section.words.push(format!(
        "Seed {}, {} threads, spikenas {}. The settings may be saved as a file, changed, and given to --scale.",
        study.seed, study.threads, study.program
    ));
    let command = match study.study {
        Kind::Scenarios => "reproduce".into(),
        Kind::Operations | Kind::Iterations => format!("ablate --study {}", study.study),
    };
    section
        .code
        .push(format!("spikenas {command} --data {} --scale {} --seed {}", study.data, study.scale, study.seed));
    section.code.push(study.settings.to_string());
    section
}
