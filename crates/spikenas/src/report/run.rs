//! The report of one run.

use super::axis::Axis;
use super::cell;
use super::chart::{Bar, Bars, Dot, Line, Plot};
use super::command::command_line;
use super::document::{Report, Section};
use super::figure::{Figure, Table, Value};
use super::records::RunRecords;
use super::search;
use super::words::{count, duration, energy, grouped, layer, percent};
use crate::Result;
use crate::cost::{ADDITION_PJ, Ledger, MULTIPLICATION_PJ, Operations, Unreachable};
use crate::engine::Evaluation;
use crate::graph::Graph;
use crate::record::FORMAT_VERSION;
use crate::search::Method;
use crate::train::EpochRecord;
use crate::workflow::run::RunConfig;

/// The report of a run folder, as far as it has records.
pub(super) fn report(run: &RunRecords) -> Result<Report> {
    let mut sections = Vec::new();
    let planned = run.graph.as_ref().map(|graph| graph.architecture.clone());
    sections.extend(planned.or_else(|| run.architecture()).as_ref().map(cells));
    if !run.candidates.is_empty() {
        sections.push(search::section(run)?);
    }
    if let Some(graph) = &run.graph {
        sections.push(memory(graph)?);
    }
    if !run.epochs.is_empty() {
        sections.push(training(&run.epochs)?);
    }
    if let Some(evaluation) = &run.evaluation {
        sections.push(firing_rates(evaluation)?);
    }
    if let Some(operations) = run.operations() {
        sections.push(synaptic_operations(&operations)?);
    }
    sections.extend(run.config.as_ref().map(|config| again(config, run)));
    Ok(Report { title: run.name(), summary: summary(run), facts: facts(run), sections, faults: run.faults.clone() })
}

/// The question and the result.
fn summary(run: &RunRecords) -> String {
    let mut words = String::new();
    if let Some(config) = &run.config {
        let data = &config.data.source;
        let (cells, operations) = (config.network.cells, config.search.operations.len());
        let budget = config.search.budget_parameters();
        let under = budget
            .map_or(String::new(), |b| format!(" with at most {} parameters ({})", grouped(b), config.search.scope));
        let cells = if cells == 1 { "1 cell".into() } else { format!("{cells} cells") };
        words += &match &config.architecture {
            Some(_) => format!("Asked: train a given network of {cells} on {data}. "),
            None => format!("Asked: a network of {cells} for {data} from {operations} operations per edge{under}. "),
        };
    }
    if let Some(search) = &run.search {
        let how = match search.method {
            Method::Spikenas => "Algorithm 1",
            Method::Random => "a random search",
            Method::Exhaustive => "an exhaustive search",
        };
        words += &format!(
            "Found: of {} {} {} different ones fit and were scored by {how} in {}; the best has {} parameters in its backbone. ",
            grouped(search.candidates as u64),
            if search.method == Method::Random { "draws" } else { "candidates" },
            grouped(search.computed() as u64),
            duration(search.seconds),
            grouped(search.parameters.backbone),
        );
    }
    words += &match (&run.evaluation, run.epochs.last()) {
        (Some(test), _) => {
            format!(
                "Trained, it has a test accuracy of {} ({} images).",
                percent(test.accuracy),
                grouped(test.total as u64)
            )
        }
        (None, Some(last)) => format!(
            "After {} epochs of training it has a test accuracy of {}.",
            last.epoch,
            percent(last.test_accuracy)
        ),
        (None, None) => "It is not trained yet.".into(),
    };
    words
}

fn facts(run: &RunRecords) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_string(), value));
    if let Some(test) = &run.evaluation {
        fact("test accuracy", percent(test.accuracy));
    }
    if let Some(graph) = &run.graph {
        let parameters = Ledger::new(graph).count();
        fact("backbone", format!("{} parameters", grouped(parameters.backbone)));
        fact("classifier", format!("{} parameters", grouped(parameters.classifier)));
    }
    if let Some(search) = &run.search {
        fact("budget", search.budget.map_or("none".into(), |b| format!("{} ({})", grouped(b), search.scope)));
        fact("search", format!("{}, {} scored", duration(search.seconds), grouped(search.computed() as u64)));
        fact("score", format!("{:.4}", search.score.0));
    }
    if !run.epochs.is_empty() {
        let seconds = run.epochs.iter().map(|e| e.seconds).sum();
        fact("training", format!("{} epochs, {}", run.epochs.len(), duration(seconds)));
    }
    if let Some(test) = &run.evaluation {
        fact("firing rate", format!("{:.4}", test.firing_rate));
    }
    if let Some(operations) = run.operations() {
        fact("energy per inference", format!("{} (estimated)", energy(operations.energy_pj())));
    }
    facts
}

/// The cells as graphs.
fn cells(architecture: &crate::space::Architecture) -> Section {
    let mut section = Section::titled("Architecture");
    section.words.push(
        "Nodes hold sums of feature maps; node 0 is a cell's input, node 3 its output. Edges without a connection are not drawn."
            .into(),
    );
    section.code.push(architecture.to_string());
    let cells = architecture.cells();
    if cells.len() > 1 && cells.iter().all(|cell| cell == &cells[0]) {
        section.cells.push((format!("All {} cells: {}", cells.len(), cell::words(&cells[0])), cell::draw(&cells[0])));
        return section;
    }
    for (index, drawn) in cells.iter().enumerate() {
        section.cells.push((format!("Cell {}: {}", index + 1, cell::words(drawn)), cell::draw(drawn)));
    }
    section
}

fn memory(graph: &Graph) -> Result<Section> {
    let ledger = Ledger::new(graph);
    let mut table =
        Table::new("Parameters", &["layer", "#weights", "#batch norm", "#biases", "#total", "#KiB at 32 bits"]);
    let mut bars = Vec::new();
    let number = |n: u64| Value::number(n as f64, grouped(n));
    for entry in &ledger.layers {
        let name = layer(&entry.name);
        let kib = entry.total() as f64 * 4.0 / 1024.0;
        let parts = vec![(entry.weights as f64, 0), (entry.batch_norm as f64, 1), (entry.bias as f64, 2)];
        let words = format!("{name}: {} parameters", grouped(entry.total()));
        bars.push(Bar { name: name.clone(), parts: parts.into_iter().filter(|p| p.0 > 0.0).collect(), words });
        table.push(vec![
            Value::text(name),
            number(entry.weights),
            number(entry.batch_norm),
            number(entry.bias),
            number(entry.total()),
            Value::number(kib, format!("{kib:.1}")),
        ]);
    }
    let total = ledger.count();
    table.notes.push(format!(
        "Backbone {}, classifier {}, network {} parameters.",
        grouped(total.backbone),
        grouped(total.classifier),
        grouped(total.network)
    ));
    table.notes.extend(Unreachable::of(graph).map(|unreachable| unreachable.words()));
    let largest = ledger.layers.iter().max_by_key(|l| l.total());
    let alternative = format!(
        "Bars: parameters of each of {} layers. The largest is {}.",
        ledger.layers.len(),
        largest.map_or(String::new(), |l| format!("{} with {}", layer(&l.name), grouped(l.total())))
    );
    let x = Axis::from_zero("parameters", ledger.layers.iter().map(|l| l.total() as f64));
    let series = ["weights", "batch norm", "biases"].map(String::from).to_vec();
    let svg = Bars { x, bars, series, limit: None }.draw()?;
    let mut section = Section::titled("Memory");
    section.figures.push(Figure {
        name: "memory".into(),
        title: "Parameters by layer".into(),
        alternative,
        svg,
        table,
    });
    Ok(section)
}

fn training(epochs: &[EpochRecord]) -> Result<Section> {
    let mut section = Section::titled("Training");
    section.figures.push(learning_curve(epochs)?);
    if let Some(best) = epochs.iter().max_by(|a, b| a.test_accuracy.total_cmp(&b.test_accuracy)) {
        section.words.push(format!(
            "The model that is kept is that of epoch {}, the best on the test images, as is usual in this field; the last epoch \
             reached {}.",
            best.epoch,
            percent(epochs.last().map_or(0.0, |e| e.test_accuracy))
        ));
    }
    Ok(section)
}

fn learning_curve(epochs: &[EpochRecord]) -> Result<Figure> {
    let columns =
        ["#epoch", "#test %", "#training %", "#test loss", "#training loss", "#learning rate", "#images/s", "#s"];
    let mut table = Table::new("Epochs", &columns);
    let mut dots = Vec::new();
    for e in epochs {
        let at = e.epoch as f64;
        for (series, what, accuracy) in [(0, "test", e.test_accuracy), (1, "training", e.train_accuracy)] {
            let words = format!("epoch {}, {what}: {}", e.epoch, percent(accuracy));
            dots.push(Dot { x: at, y: accuracy, series, radius: 3.0, words });
        }
        let number = |value: f64, digits: usize| Value::number(value, format!("{value:.digits$}"));
        table.push(vec![
            number(at, 0),
            number(e.test_accuracy, 2),
            number(e.train_accuracy, 2),
            number(e.test_loss, 4),
            number(e.train_loss, 4),
            number(e.learning_rate, 4),
            number(e.images_per_second, 0),
            number(e.seconds, 1),
        ]);
    }
    let line = |series: usize| {
        let points = dots.iter().filter(|d| d.series == series).map(|d| (d.x, d.y)).collect();
        Line { points, series }
    };
    let best = epochs.iter().map(|e| e.test_accuracy).fold(0.0, f64::max);
    let (first, last) = (epochs[0].test_accuracy, epochs[epochs.len() - 1].test_accuracy);
    let alternative = format!(
        "Lines: accuracy on training and test images after each of {} epochs. The test accuracy goes from {} to {}; {} at best.",
        epochs.len(),
        percent(first),
        percent(last),
        percent(best)
    );
    let plot = Plot {
        x: Axis::over("epoch", epochs.iter().map(|e| e.epoch as f64)).whole(),
        y: Axis::over("accuracy, %", dots.iter().map(|d| d.y)),
        series: ["test", "training, as augmented"].map(String::from).to_vec(),
        lines: vec![line(1), line(0)],
        dots,
        limit: None,
    };
    let title = "Learning curve".into();
    Ok(Figure { name: "learning-curve".into(), title, alternative, svg: plot.draw()?, table })
}

fn firing_rates(evaluation: &Evaluation) -> Result<Section> {
    let mut table = Table::new("LIF layers", &["layer", "#neurons", "#firing rate"]);
    let mut bars = Vec::new();
    for l in &evaluation.layers {
        let name = layer(&l.name);
        let words = format!("{name}: {:.4} spikes per neuron and timestep", l.firing_rate);
        bars.push(Bar { name: name.clone(), parts: vec![(l.firing_rate, 0)], words });
        let neurons = Value::number(l.neurons as f64, grouped(l.neurons as u64));
        table.push(vec![Value::text(name), neurons, Value::number(l.firing_rate, format!("{:.4}", l.firing_rate))]);
    }
    let rates = || evaluation.layers.iter().map(|l| l.firing_rate);
    let alternative = format!(
        "Bars: spikes per neuron and timestep of each of {} LIF layers, from {:.4} to {:.4}; {:.4} over all neurons.",
        evaluation.layers.len(),
        rates().fold(f64::INFINITY, f64::min),
        rates().fold(0.0, f64::max),
        evaluation.firing_rate
    );
    let x = Axis::from_zero("spikes per neuron and timestep", rates());
    let svg = Bars { x, bars, series: vec![], limit: None }.draw()?;
    let mut section = Section::titled("Firing rates");
    let title = "Firing rate by layer, trained".into();
    section.figures.push(Figure { name: "firing-rates".into(), title, alternative, svg, table });
    Ok(section)
}

fn synaptic_operations(operations: &Operations) -> Result<Section> {
    let columns = ["layer", "#additions", "#multiplications", "#dense multiplications", "#energy, nJ"];
    let mut table = Table::new("Operations of an inference", &columns);
    let mut bars = Vec::new();
    let number = |n: f64| Value::number(n, grouped(n.round() as u64));
    for l in &operations.layers {
        let name = layer(&l.name);
        let words = format!("{name}: {}", energy(l.energy_pj()));
        let parts = [(l.additions * ADDITION_PJ / 1e3, 0), (l.multiplications * MULTIPLICATION_PJ / 1e3, 1)];
        bars.push(Bar { name: name.clone(), parts: parts.into_iter().filter(|p| p.0 > 0.0).collect(), words });
        let nanojoules = l.energy_pj() / 1e3;
        table.push(vec![
            Value::text(name),
            number(l.additions),
            number(l.multiplications),
            number(l.dense),
            Value::number(nanojoules, format!("{nanojoules:.2}")),
        ]);
    }
    let times = |dense: f64| dense * MULTIPLICATION_PJ / operations.energy_pj();
    let (steps, dense, once) = (operations.timesteps, operations.dense(), operations.dense_once());
    let mut section = Section::titled("Operations and energy");
    section.words.push(format!(
        "One image takes {} additions and {} multiplications, estimated at {}: {ADDITION_PJ} pJ an addition and \
         {MULTIPLICATION_PJ} pJ a multiplication with its addition, 32 bits at 45 nm (Horowitz, ISSCC 2014). The same layers \
         without spikes would multiply {} times where they run once, {:.1} times the energy, and {} times at all T = {steps} timesteps, \
         {:.1} times the energy. Memory accesses, LIF updates and poolings are not counted.",
        count(operations.additions()),
        count(operations.multiplications()),
        energy(operations.energy_pj()),
        count(once),
        times(once),
        count(dense),
        times(dense)
    ));
    let alternative = format!("Bars: energy of the synaptic operations of each of {} layers.", operations.layers.len());
    let x = Axis::from_zero("energy per inference, nJ", operations.layers.iter().map(|l| l.energy_pj() / 1e3));
    let series = ["additions", "multiplications"].map(String::from).to_vec();
    let svg = Bars { x, bars, series, limit: None }.draw()?;
    section.figures.push(Figure { name: "energy".into(), title: "Energy by layer".into(), alternative, svg, table });
    Ok(section)
}

/// The command and settings that repeat the run.
fn again(config: &RunConfig, run: &RunRecords) -> Section {
    let mut section = Section::titled("Run it again");
    let program = run.search.as_ref().and_then(|s| s.program.clone());
    let searched = program.map_or(String::new(), |p| format!(" The search was made by version {p}."));
    section.words.push(format!(
        "Seed {}. Records of format version {FORMAT_VERSION}, report by spikenas {}.{searched} With the same seed, the search \
         gives the same result for any number of threads.",
        config.search.seed,
        env!("CARGO_PKG_VERSION")
    ));
    section.code.push(command_line(config));
    section.code.extend(toml::to_string_pretty(config).ok());
    section
}
