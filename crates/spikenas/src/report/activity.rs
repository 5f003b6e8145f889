//! What a tested network fires, and what that costs.

use super::axis::Axis;
use super::chart::{Bar, Bars};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::heat_map::{HeatMap, Square};
use super::words::{count, energy, grouped, layer, percent};
use crate::Result;
use crate::cost::{ADDITION_PJ, MULTIPLICATION_PJ, Operations};
use crate::engine::{Evaluation, LayerRate, OverTime};

/// The section of the firing rates.
pub(super) fn firing_rates(evaluation: &Evaluation) -> Result<Section> {
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

/// The most timesteps that are drawn.
const TIMESTEPS: usize = 64;

/// The section of what the layers fire while one sample is shown, where the test tells it.
pub(super) fn over_time(evaluation: &Evaluation) -> Option<Section> {
    let OverTime { index, spikes } = evaluation.over_time.as_ref()?;
    let timesteps = spikes.iter().map(Vec::len).max()?.min(TIMESTEPS);
    let layers: Vec<(&LayerRate, &Vec<u64>)> = evaluation.layers.iter().zip(spikes).collect();
    let names: Vec<String> = layers.iter().map(|(l, _)| layer(&l.name)).collect();
    let count = |row: usize, step: usize| layers[row].1.get(step).copied().unwrap_or(0);
    let rate = |row: usize, step: usize| count(row, step) as f64 / layers[row].0.neurons.max(1) as f64;
    let all = (0..layers.len()).flat_map(|row| (0..timesteps).map(move |step| rate(row, step)));
    let most = all.fold(0.0, f64::max);
    let square = |row: usize, step: usize| Square {
        part: if most > 0.0 { rate(row, step) / most } else { 0.0 },
        words: format!(
            "{}, timestep {}: {} of {} neurons fire ({})",
            names[row],
            step + 1,
            grouped(count(row, step)),
            grouped(layers[row].0.neurons as u64),
            percent(100.0 * rate(row, step))
        ),
        label: None,
    };
    let columns = (1..=timesteps).map(|step| step.to_string()).collect();
    let svg = HeatMap { rows: names.clone(), columns, titles: ["LIF layer", "timestep"] }.draw(square);
    let heads: Vec<String> = (1..=timesteps).map(|step| format!("#{step}")).collect();
    let heads: Vec<&str> = ["layer", "#neurons"].into_iter().chain(heads.iter().map(String::as_str)).collect();
    let mut table = Table::new("Spikes at each timestep", &heads);
    for (row, (l, _)) in layers.iter().enumerate() {
        let whole = |count: u64| Value::number(count as f64, grouped(count));
        let counts = (0..timesteps).map(|step| whole(count(row, step)));
        let head = [Value::text(names[row].clone()), whole(l.neurons as u64)];
        table.push(head.into_iter().chain(counts).collect());
    }
    let mut section = Section::titled("Spikes over time");
    section.words.push(format!(
        "What each LIF layer fires at each timestep while test image {index}, the first of the samples, is shown: the darker, the \
         larger the part of its neurons; the darkest is {}.",
        percent(100.0 * most)
    ));
    let alternative = format!(
        "A square for each of {} LIF layers and {timesteps} timesteps, the darker the more of its neurons fire.",
        layers.len()
    );
    let title = "Spikes of one sample".into();
    section.figures.push(Figure { name: "spikes-over-time".into(), title, alternative, svg, table });
    Some(section)
}

/// The section of the operations of an inference.
pub(super) fn operations(operations: &Operations) -> Result<Section> {
    let columns = ["layer", "#additions", "#multiplications", "#dense", "#energy, nJ"];
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
    let steps = operations.timesteps;
    table.notes.push(format!("Dense: multiplications of the same layer without spikes at all T = {steps} timesteps."));
    let mut section = Section::titled("Operations and energy");
    section.words.extend(words(operations));
    let alternative = format!("Bars: energy of the synaptic operations of each of {} layers.", operations.layers.len());
    let x = Axis::from_zero("energy per inference, nJ", operations.layers.iter().map(|l| l.energy_pj() / 1e3));
    let series = ["additions", "multiplications"].map(String::from).to_vec();
    let svg = Bars { x, bars, series, limit: None }.draw()?;
    section.figures.push(Figure { name: "energy".into(), title: "Energy by layer".into(), alternative, svg, table });
    Ok(section)
}

fn words(operations: &Operations) -> [String; 2] {
    let (timesteps, once) = (operations.timesteps, operations.dense_once());
    let times = |dense: f64| format!("{:.1} times the energy", dense * MULTIPLICATION_PJ / operations.energy_pj());
    [
        format!(
            "One image takes {} additions and {} multiplications, estimated at {}: {ADDITION_PJ} pJ an addition and \
             {MULTIPLICATION_PJ} pJ a multiplication with its addition, 32 bits at 45 nm (Horowitz, ISSCC 2014). Memory accesses, \
             LIF updates and poolings are not counted.",
            count(operations.additions()),
            count(operations.multiplications()),
            energy(operations.energy_pj())
        ),
        format!(
            "A network of the same layers without spikes runs once: it would multiply {} times, {}. At each of T = {timesteps} \
             timesteps it would multiply {} times, {}.",
            count(once),
            times(once),
            count(operations.dense()),
            times(operations.dense())
        ),
    ]
}
