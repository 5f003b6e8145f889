//! Trains an architecture on a part of the built-in images, tests it, and keeps its weights:
//! `cargo run --release -p spikenas --example train`.

use spikenas::train::TrainConfig;
use spikenas::{Dataset, Project, Result, Silent, Source};

fn main() -> Result<()> {
    let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
    project.config.network.widths = [8, 16];
    project.config.train = TrainConfig { epochs: 2, limit_train: Some(640), dropout: 0.0, ..project.config.train };
    let trained = project.train(&"0313 0031 0003 0000".parse()?, &mut Silent)?;
    for epoch in &trained.epochs {
        let reached = epoch.reached().map_or(0.0, |reached| reached.accuracy);
        println!("epoch {}: loss {:.3}, accuracy {reached:.2} %", epoch.epoch, epoch.train_loss);
    }
    let test = project.test(&trained, &mut Silent)?;
    println!("{} of {} test images, firing rate {:.3}", test.correct, test.total, test.firing_rate);
    let path = std::env::temp_dir().join("spikenas-example.safetensors");
    trained.save(&path)?;
    println!("weights in {}", path.display());
    Ok(())
}
