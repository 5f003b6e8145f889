//! How architectures are scored.

use clap::Args;
use spikenas::cost::Budget;
use spikenas::score::{ScoreConfig, ScoreKind};
use spikenas::{Error, Result};

use super::network::NetworkArguments;

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
    /// The configuration of a search by the method supernet, which has a score of its own. Errors: options of another.
    pub fn of_supernet(&self, seed: u64) -> Result<ScoreConfig> {
        if let Some(kind) = self.score {
            return Err(Error::invalid(format!(
                "score {kind}: the method supernet has a score of its own, leave --score out"
            )));
        }
        if self.repeats.is_some() || self.memory.is_some() {
            return Err(Error::invalid(
                "repeats and memory are for scores of untrained networks, the method supernet has none",
            ));
        }
        let default = ScoreConfig::default();
        Ok(ScoreConfig { batch: self.batch.unwrap_or(default.batch), seed, ..default })
    }

    /// The configuration that says so, where the command has a score by default. Errors: options that the score has no use for.
    pub fn config(&self, network: &NetworkArguments, default_kind: ScoreKind, seed: u64) -> Result<ScoreConfig> {
        let default = ScoreConfig::default();
        let kind = match (self.score, network.preset.as_deref()) {
            (Some(kind), _) => kind,
            (None, Some(preset)) if preset.starts_with("snasnet") => ScoreKind::of_preset(preset),
            (None, _) => default_kind,
        };
        if !kind.is_drawn() && (self.repeats.is_some() || self.memory.is_some()) {
            return Err(Error::invalid(format!("score {kind}: it draws nothing, and takes no repeats and no memory")));
        }
        Ok(ScoreConfig {
            kind,
            batch: self.batch.unwrap_or(default.batch),
            repeats: self.repeats.unwrap_or(default.repeats),
            seed,
            memory: self.memory.unwrap_or(default.memory),
        })
    }
}
