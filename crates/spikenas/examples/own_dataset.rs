//! A dataset of your own, made in memory: horizontal, vertical or diagonal stripes.
//! `cargo run --release -p spikenas --example own_dataset`.

use spikenas::data::{Images, Normalisation};
use spikenas::graph::Shape;
use spikenas::{Dataset, Project, Result, Silent};

const SHAPE: Shape = Shape { channels: 3, height: 16, width: 16 };

/// Images of each class, each with another phase.
fn stripes(count: usize, first: usize) -> Images {
    let mut images = Images { shape: SHAPE, frames: 1, pixels: Vec::new(), labels: Vec::new() };
    for index in 0..3 * count {
        let (class, phase) = (index % 3, first + index / 3);
        for place in 0..SHAPE.len() {
            let (row, column) = (place / SHAPE.width % SHAPE.height, place % SHAPE.width);
            let along = [row, column, row + column][class] + phase;
            images.pixels.push(if along % 6 < 3 { 230 } else { 25 });
        }
        images.labels.push(class as u16);
    }
    images
}

fn main() -> Result<()> {
    let (train, test) = (stripes(40, 0), stripes(10, 2));
    let dataset = Dataset {
        name: "stripes".into(),
        classes: ["lying", "standing", "leaning"].map(String::from).to_vec(),
        normalisation: Normalisation::of(&train),
        train,
        test,
        recorded: None,
        notes: Vec::new(),
    };
    let mut project = Project::new(dataset)?;
    let network = &mut project.config.network;
    (network.widths, network.hidden, network.timesteps) = ([4, 8], 32, 3);
    let train = &mut project.config.train;
    (train.epochs, train.batch, train.augment, train.dropout) = (6, 12, false, 0.0);
    let trained = project.train(&"0301 0031 0003 0000".parse()?, &mut Silent)?;
    let test = project.test(&trained, &mut Silent)?;
    println!("{:.1} % of {} test images", test.accuracy, test.total);
    assert!(test.accuracy > 50.0, "stripes are easy; chance is 33 %");
    Ok(())
}
