//! Trains a network for a comparison with another program: no augmentation, no dropout; all data that the other needs
//! go into a folder.
//! `cargo bench -p spikenas --bench parity -- --out DIR [--data-dir DIR] [--arch MATRIX] [--widths 16,32]
//! [--images 10000] [--epochs 5] [--seed 1]`.
//!
//! Writes `initial.safetensors`, `train.f32` and `test.f32` (normalised images, one after the other) and `labels.json`
//! (of both, and the order of each epoch), and prints a line of JSON.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;
use spikenas::data::{Dataset, Images, Source, shuffled};
use spikenas::engine::cpu::Cpu;
use spikenas::engine::{BATCH as TESTED, Engine, Lesson, Optimiser, evaluate};
use spikenas::graph::{Graph, NetworkConfig};
use spikenas::random::generator;
use spikenas::weights::Weights;
use spikenas::{Result, Silent};

const BATCH: usize = 64;

/// Number of losses that are reported.
const LOSSES: usize = 50;

fn main() -> Result<()> {
    spikenas_kernels::keep_freed_memory();
    let given: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: &str| {
        let at = given.iter().position(|a| a == name);
        at.and_then(|at| given.get(at + 1)).cloned().unwrap_or_else(|| default.to_owned())
    };
    let number = |name: &str, default: usize| option(name, "").parse().unwrap_or(default);
    let out = PathBuf::from(option("--out", "parity"));
    let architecture = option("--arch", "0313 0031 0003 0000");
    let (images, epochs, seed) = (number("--images", 10_000), number("--epochs", 5), number("--seed", 1) as u64);
    let widths: Vec<usize> = option("--widths", "16,32").split(',').filter_map(|width| width.parse().ok()).collect();
    let dataset = Dataset::open(&Source::Cifar10, Path::new(&option("--data-dir", "data")))?;
    let images = images.min(dataset.train.len());

    let config = NetworkConfig { widths: [widths[0], widths[1]], ..NetworkConfig::preset("sample")? };
    let graph = Graph::new(&architecture.parse()?, &config, dataset.train.shape)?;
    let weights = Weights::initialised(&graph, seed, 0);
    let orders: Vec<Vec<usize>> = (1..=epochs).map(|e| shuffled(images, &mut generator(&[seed, e as u64]))).collect();
    let write = |name: &str, bytes: &[u8]| std::fs::write(out.join(name), bytes).expect("the folder can be written");
    std::fs::create_dir_all(&out).expect("the folder can be made");
    weights.save(&out.join("initial.safetensors"), &graph, None)?;
    let batch = |images: &Images, indices: &[usize]| images.batch(indices, &dataset.normalisation, None);
    for (name, set, count) in [("train.f32", &dataset.train, images), ("test.f32", &dataset.test, dataset.test.len())] {
        let values = batch(set, &(0..count).collect::<Vec<_>>()).images;
        write(name, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    }
    let labels = json!({"train": dataset.train.labels[..images], "test": dataset.test.labels, "orders": orders});
    write("labels.json", labels.to_string().as_bytes());

    let mut network = Cpu.network(&graph, &weights)?;
    let lesson = Lesson::PLAIN;
    let (sgd, mut losses, mut accuracies) = (Optimiser::sgd(0.9, 5e-4), Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for order in &orders {
        let begin = Instant::now();
        for indices in order.chunks(BATCH) {
            let batch = batch(&dataset.train, indices);
            losses.push(network.learn(&batch, &lesson, &mut generator(&[]))?.loss);
            network.step(&sgd, 0.1);
        }
        seconds += begin.elapsed().as_secs_f64();
        let test = evaluate(network.as_mut(), &dataset.test, &dataset.normalisation, TESTED, &mut Silent)?;
        eprintln!("epoch {}: loss {}, test {:.2} %", accuracies.len() + 1, losses[losses.len() - 1], test.accuracy);
        accuracies.push(test.accuracy);
    }
    let rate = (images * epochs) as f64 / seconds;
    losses.truncate(LOSSES);
    println!("{}", json!({"losses": losses, "accuracies": accuracies, "images_per_second": rate}));
    Ok(())
}
