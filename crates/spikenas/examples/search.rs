//! Finds the best architecture for the built-in images under 40,000 parameters:
//! `cargo run --release -p spikenas --example search`.

use spikenas::{Dataset, Project, Result, Silent, Source};

fn main() -> Result<()> {
    let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
    project.config.network.widths = [8, 16];
    project.config.search.operations = spikenas::space::SearchSpace::parse_operations("skip,conv3x3")?;
    project.config.search.budget = Some("12k".parse()?);
    project.config.score.batch = 16;
    let found = project.search(&mut Silent)?;
    println!("{} of {} candidates fit; the best is {}", found.feasible, found.candidates, found.architecture);
    println!("score {:.4}, {} parameters before the classifier", found.score.0, found.parameters.backbone);
    Ok(())
}
