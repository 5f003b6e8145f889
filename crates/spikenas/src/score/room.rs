use std::sync::OnceLock;

use super::config::ScoreConfig;
use crate::Result;
use crate::engine::{available_memory, check_memory};
use crate::graph::{Graph, Layer};

/// The part of the memory that is there which feature maps may take; weights, spikes and the program take the rest.
const PART_OF_MAPS: f64 = 0.6;
/// Maps that a layer needs at once: what it reads and what it gives.
const MAPS: f64 = 2.0;

/// Whether a network can be scored in the memory that there is, before any of it is taken.
///
/// Errors: weights and the feature maps of one layer alone do not fit.
pub fn check_room(config: &ScoreConfig, graph: &Graph) -> Result<()> {
    if !config.kind.is_drawn() {
        return Ok(());
    }
    check_memory(least_bytes(config, graph), "scoring", "lower the widths, lower the batch or lower the repeats")
}

/// Bytes of the weights of all repeats, of the spikes of one pass and of the largest feature maps.
fn least_bytes(config: &ScoreConfig, graph: &Graph) -> f64 {
    let parameters: f64 = graph.parameters().iter().map(|p| p.shape.iter().map(|&n| n as f64).product::<f64>()).sum();
    let maps = config.batch as f64 * graph.config.timesteps as f64;
    let largest = graph.nodes().iter().filter(|node| matches!(node.layer, Layer::Convolution(_) | Layer::Sum));
    let largest = largest.map(|node| node.shape.len()).max().unwrap_or(0) as f64;
    let words =
        graph.lifs().map(|(_, lif)| (lif.shape.height * lif.shape.width * lif.shape.channels.div_ceil(64)) as f64);
    let values = config.repeats as f64 * parameters + MAPS * maps * largest;
    values * size_of::<f32>() as f64 + maps * words.sum::<f64>() * size_of::<u64>() as f64
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
    use crate::graph::{NetworkConfig, Shape};
    use crate::score::ScoreKind;

    #[test]
    fn networks_beyond_any_machine_are_refused_before_memory_is_taken() {
        let image = Shape { channels: 3, height: 32, width: 32 };
        let graph =
            |network: NetworkConfig| Graph::new(&"0313 0031 0003 0000".parse().unwrap(), &network, image).unwrap();
        let sample = NetworkConfig::preset("sample").unwrap();
        let config = ScoreConfig::default();
        check_room(&config, &graph(sample.clone())).unwrap();
        let large = graph(NetworkConfig { widths: [4096, 4096], timesteps: 1024, hidden: 1 << 20, ..sample });
        if available_memory().is_some() {
            let error =
                check_room(&ScoreConfig { batch: 50_000, repeats: 1000, ..config.clone() }, &large).unwrap_err();
            assert!(error.to_string().contains("scoring needs about"), "{error}");
        }
        // What draws nothing needs nothing.
        check_room(&ScoreConfig { kind: ScoreKind::Depth, ..config }, &large).unwrap();
    }
}
