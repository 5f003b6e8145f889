//! How architectures are scored.

use clap::Args;
use spikenas::cost::Budget;
use spikenas::score::ScoreKind;
use spikenas::workflow::options::ScoreOptions;
use spikenas::{Error, Result};

/// How architectures are scored.
#[derive(Args, Clone)]
#[command(next_help_heading = "Score")]
pub struct ScoreArguments {
    /// Which score: funnel, sahd (the paper's), sahd-unscaled, hamming, layer-kernel, membrane-entropy, synflow, zico, depth or
    /// parameters [default: depth, and funnel, which runs the network, with the command score; sahd with the preset snasnet-cifar10]
    #[arg(long, value_name = "NAME")]
    pub score: Option<ScoreKind>,
    /// Images of a mini-batch [default: 64]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Mini-batches, each with weights of its own, whose scores are averaged [default: 1]
    #[arg(long, value_name = "N")]
    pub repeats: Option<usize>,
    /// Most memory for feature maps: what architectures have in common is computed again rather than go beyond it [default:
    /// 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub memory: Option<u64>,
}

fn parse_memory(text: &str) -> Result<u64> {
    match text.parse() {
        Ok(Budget::Bytes(bytes)) => Ok(bytes),
        _ => Err(Error::invalid("give a size such as 800MiB or 4GiB")),
    }
}

impl ScoreArguments {
    /// What is said of the score.
    pub fn options(&self) -> ScoreOptions {
        let &Self { score, batch, repeats, memory } = self;
        ScoreOptions { score, own: None, batch, repeats, memory }
    }
}
