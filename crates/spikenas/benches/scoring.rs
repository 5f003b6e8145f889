//! The time of the score of one candidate, alone, with 64 images:
//! `cargo bench -p spikenas --bench scoring [-- [--preset NAME] [--threads N] [ARCHITECTURE...]]`.
//!
//! A line of JSON per architecture: the median of scores with weights drawn and memory in hand, as in a search, and the
//! first score, which draws the weights and takes the memory.

use std::time::Instant;

use serde_json::json;
use spikenas::engine::cpu::Cpu;
use spikenas::graph::{Graph, NetworkConfig, Shape};
use spikenas::score::{ScoreConfig, ScoreKind, SpikeScorer};

const TIMES: usize = 5;

/// Four convolutions per cell, six, none.
const ARCHITECTURES: [&str; 3] = ["0313 0031 0003 0000", "0333 0033 0003 0000", "0111 0011 0001 0000"];

fn main() -> spikenas::Result<()> {
    // `cargo bench` adds an option of its own.
    let mut given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let mut option = |name: &str| {
        let at = given.iter().position(|a| a == name)?;
        given.remove(at);
        (at < given.len()).then(|| given.remove(at))
    };
    let preset = option("--preset").unwrap_or("cifar100".into());
    let threads = option("--threads").and_then(|n| n.parse().ok()).unwrap_or(0);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("threads start");
    let network = NetworkConfig::preset(&preset)?;
    let image = Shape { channels: 3, height: 32, width: 32 };
    // The score of the peers.
    let config = ScoreConfig { kind: ScoreKind::Sahd, ..ScoreConfig::default() };
    let images: Vec<f32> = (0..config.batch * image.len()).map(|i| 1.7 * ((i * i) as f32 * 0.37).sin()).collect();
    let architectures = if given.is_empty() { ARCHITECTURES.map(String::from).to_vec() } else { given };
    for text in architectures {
        let graph = Graph::new(&text.parse()?, &network, image)?;
        let scorer = SpikeScorer::new(&Cpu, config.clone(), &network, vec![images.clone()])?;
        let mut seconds = Vec::new();
        let mut score = f64::NAN;
        for _ in 0..=TIMES {
            let begin = Instant::now();
            score = scorer.score(&graph)?.value;
            seconds.push(begin.elapsed().as_secs_f64());
        }
        let first = seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        println!(
            "{}",
            json!({"architecture": text, "seconds": seconds[TIMES / 2], "fastest": seconds[0], "slowest": seconds[TIMES - 1], "first_seconds": first, "score": score})
        );
    }
    Ok(())
}
