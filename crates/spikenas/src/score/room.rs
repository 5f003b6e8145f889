use std::sync::OnceLock;

use super::config::ScoreConfig;
use crate::Result;
use crate::engine::{Engine, available_memory, check_memory};
use crate::graph::Graph;

/// The part of the memory that is there which feature maps may take; weights, spikes and the program take the rest.
const PART_OF_MAPS: f64 = 0.6;

/// Whether a network can be scored in the memory that there is, before any of it is taken.
///
/// Errors: weights and the feature maps of one layer alone do not fit.
pub fn check_room(config: &ScoreConfig, engine: &dyn Engine, graph: &Graph) -> Result<()> {
    match engine.scoring_memory(graph, config.batch, config.repeats).filter(|_| config.kind.is_drawn()) {
        Some(bytes) => check_memory(bytes as f64, "scoring", "lower the widths, lower the batch or lower the repeats"),
        None => Ok(()),
    }
}

/// Bytes that feature maps may take: what the configuration allows, but no more than the machine had to give when the first
/// score was asked for. (Memory that was taken once is kept and used again, so that later there seems to be less.)
pub(super) fn memory_for_maps(config: &ScoreConfig) -> u64 {
    static AT_FIRST: OnceLock<Option<u64>> = OnceLock::new();
    let there = AT_FIRST.get_or_init(|| available_memory().map(|bytes| (bytes as f64 * PART_OF_MAPS) as u64));
    config.memory.min(there.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::Cpu;
    use crate::graph::{NetworkConfig, Shape};
    use crate::score::ScoreKind;

    #[test]
    fn networks_beyond_any_machine_are_refused_before_memory_is_taken() {
        let image = Shape { channels: 3, height: 32, width: 32 };
        let graph =
            |network: NetworkConfig| Graph::new(&"0313 0031 0003 0000".parse().unwrap(), &network, image).unwrap();
        let sample = NetworkConfig::preset("sample").unwrap();
        let config = ScoreConfig { kind: ScoreKind::Sahd, ..ScoreConfig::default() };
        check_room(&config, &Cpu, &graph(sample.clone())).unwrap();
        let large = graph(NetworkConfig { widths: [4096, 4096], timesteps: 1024, hidden: 1 << 20, ..sample });
        if available_memory().is_some() {
            let error =
                check_room(&ScoreConfig { batch: 50_000, repeats: 1000, ..config.clone() }, &Cpu, &large).unwrap_err();
            assert!(error.to_string().contains("scoring needs about"), "{error}");
        }
        // What draws nothing needs nothing.
        check_room(&ScoreConfig { kind: ScoreKind::Depth, ..config }, &Cpu, &large).unwrap();
    }
}
