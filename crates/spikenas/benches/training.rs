//! Images per second of training steps on the CPU:
//! `cargo bench -p spikenas --bench training [-- [--widths 16,32] [--steps N] [ARCHITECTURE...]]`.
//!
//! A line of JSON per architecture: medians over steps of 64 images after the first, which takes memory from the
//! system.

use std::time::Instant;

use serde_json::json;
use spikenas::data::Batch;
use spikenas::engine::cpu::Cpu;
use spikenas::engine::{Engine, Lesson, Optimiser};
use spikenas::graph::{Graph, NetworkConfig, Shape};
use spikenas::random::generator;
use spikenas::weights::Weights;

const BATCH: usize = 64;

/// Six convolutions per cell, and four.
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
        let graph = Graph::new(&architecture.parse()?, &config, input)?;
        let mut network = Cpu.network(&graph, &Weights::initialised(&graph, 1, 0))?;
        let sgd = Optimiser::sgd(0.9, 5e-4);
        let mut rng = generator(&[1]);
        let values: Vec<f32> = (0..BATCH * input.len()).map(|i| 1.7 * ((i * i) as f32 * 0.37).sin()).collect();
        let batch = Batch { images: values, labels: (0..BATCH).map(|i| i % config.classes).collect() };
        let lesson = Lesson { dropout: 0.5, ..Lesson::PLAIN };
        let mut seconds = Vec::new();
        for _ in 0..=steps {
            let start = Instant::now();
            network.learn(&batch, &lesson, &mut rng)?;
            network.step(&sgd, 0.1);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        let all = seconds[seconds.len() / 2];
        println!(
            "{}",
            json!({"architecture": architecture, "widths": widths, "images_per_second": BATCH as f64 / all, "seconds": all})
        );
    }
    Ok(())
}
