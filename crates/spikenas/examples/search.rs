//! Finds the best network for the built-in images in 12,000 parameters, its widths, number of cells and classifier among them:
//! `cargo run --release -p spikenas --example search`.

use spikenas::search::Layout;
use spikenas::{Dataset, Project, Result, Silent, Source};

fn main() -> Result<()> {
    let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
    project.config.search.operations = spikenas::space::SearchSpace::parse_operations("skip,conv3x3")?;
    project.config.search.budget = Some("12k".parse()?);
    // One choice of sizes, without short trainings that compare it with others.
    project.config.search.layout = Some(Layout::of(0));
    let found = project.search(&mut Silent)?;
    println!("{} of {} candidates fit; the best is {}", found.feasible, found.candidates, found.architecture);
    let network = found.network(&project.config.network).sizes();
    println!("{network}: score {:.4}, {} parameters", found.score.0, found.parameters.network);
    Ok(())
}
