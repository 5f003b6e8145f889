//! Scores of single candidates of the `cifar100` preset, 64 images, with weights drawn and memory in hand:
//! `cargo bench -p spikenas --bench scoring [ARCHITECTURE...]`.

use std::time::Instant;

use spikenas::plan::{NetworkConfig, Plan, Shape};
use spikenas::score::{ScoreConfig, Scorer};

const TIMES: usize = 5;

/// Four convolutions a cell, six, none.
const ARCHITECTURES: [&str; 3] = ["0313 0031 0003 0000", "0333 0033 0003 0000", "0111 0011 0001 0000"];

fn main() -> spikenas::Result<()> {
    let network = NetworkConfig::preset("cifar100")?;
    let image = Shape { channels: 3, height: 32, width: 32 };
    let config = ScoreConfig::default();
    let images = (0..config.batch * image.len()).map(|i| 1.7 * ((i * i) as f32 * 0.37).sin()).collect();
    let scorer = Scorer::new(config, &network, vec![images])?;
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let architectures = if given.is_empty() { ARCHITECTURES.map(String::from).to_vec() } else { given };
    for text in architectures {
        let plan = Plan::new(&text.parse()?, &network, image)?;
        scorer.score(&plan)?;
        let mut seconds = Vec::new();
        for _ in 0..TIMES {
            let begin = Instant::now();
            scorer.score(&plan)?;
            seconds.push(begin.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        println!("{text}: {:.3} s (median of {TIMES}; {:.3} to {:.3})", seconds[TIMES / 2], seconds[0], seconds[TIMES - 1]);
    }
    Ok(())
}
