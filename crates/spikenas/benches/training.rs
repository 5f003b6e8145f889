//! Images a second of training steps on the CPU:
//! `cargo bench -p spikenas --bench training [-- [--widths 16,32] [--steps N] [ARCHITECTURE...]]`.
//!
//! A line of JSON an architecture, of steps of 64 images after the first, which takes memory from the system: medians.

use std::time::Instant;

use serde_json::json;
use spikenas::network::{Mode, Network, Optimiser, device, loss};
use spikenas::plan::{NetworkConfig, Plan, Shape};
use spikenas::random::generator;
use spikenas::weights::Weights;

const BATCH: usize = 64;

/// Six convolutions a cell, and four.
const ARCHITECTURES: [&str; 2] = ["0333 0033 0003 0000", "0313 0031 0003 0000"];

fn main() -> spikenas::Result<()> {
    // As the program does.
    spikenas_kernels::keep_freed_memory();
    // `cargo bench` adds an option of its own.
    let mut given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let mut option = |name: &str| {
        let at = given.iter().position(|a| a == name)?;
        given.remove(at);
        (at < given.len()).then(|| given.remove(at))
    };
    let widths = option("--widths").unwrap_or("16,32".into());
    let widths: Vec<usize> = widths.split(',').filter_map(|width| width.parse().ok()).collect();
    let steps = option("--steps").and_then(|n| n.parse().ok()).unwrap_or(7);
    let architectures = if given.is_empty() { ARCHITECTURES.map(String::from).to_vec() } else { given };
    for architecture in architectures {
        let config = NetworkConfig { widths: [widths[0], widths[1]], ..NetworkConfig::preset("sample")? };
        let input = Shape { channels: 3, height: 32, width: 32 };
        let plan = Plan::new(&architecture.parse()?, &config, input)?;
        let mut network = Network::new(&plan, &Weights::initialised(&plan, 1, 0), &device("cpu")?)?;
        let mut sgd = Optimiser::sgd(0.9, 5e-4);
        let mut rng = generator(&[1]);
        let values: Vec<f32> = (0..BATCH * input.len()).map(|i| 1.7 * ((i * i) as f32 * 0.37).sin()).collect();
        let labels: Vec<usize> = (0..BATCH).map(|i| i % config.classes).collect();
        let (mut forward, mut all) = (Vec::new(), Vec::new());
        for _ in 0..=steps {
            let start = Instant::now();
            let output = network.forward(network.images(&values), Mode::Train { dropout: 0.5, rng: &mut rng });
            let loss = loss(output.logits, &labels, 0.0);
            forward.push(start.elapsed().as_secs_f64());
            let gradients = network.gradients(&loss);
            sgd.step(&mut network, &gradients, 0.1);
            all.push(start.elapsed().as_secs_f64());
        }
        let median = |mut seconds: Vec<f64>| {
            seconds.remove(0);
            seconds.sort_by(f64::total_cmp);
            seconds[seconds.len() / 2]
        };
        let (forward, all) = (median(forward), median(all));
        println!(
            "{}",
            json!({"architecture": architecture, "widths": widths, "images_per_second": BATCH as f64 / all, "seconds": all, "forward_seconds": forward})
        );
    }
    Ok(())
}
