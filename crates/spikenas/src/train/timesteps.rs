//! Fewer timesteps first: the first part of the epochs trains the network with fewer timesteps, at so much less time, and the rest
//! goes on from these weights with all of them (time inheritance training, Deng et al. 2022, section 4.4).
//!
//! Every test is made with all timesteps, so that epochs compare and each of them leaves a model of the network that was asked for.

use std::ops::RangeInclusive;

use super::config::TrainConfig;
use crate::Result;
use crate::engine::{Engine, Network};
use crate::graph::{Graph, NetworkConfig};

impl TrainConfig {
    /// Timesteps with which an epoch, counted from 1, trains a network: `first_timesteps`, where these are fewer, in the first
    /// `first_part` of the epochs. Of frames all are shown, one a timestep.
    pub fn timesteps(&self, epoch: usize, network: &NetworkConfig) -> usize {
        self.sum_of_timesteps(epoch..=epoch, network)
    }

    /// The sum of the timesteps of some epochs, which time grows with.
    pub fn sum_of_timesteps(&self, epochs: RangeInclusive<usize>, network: &NetworkConfig) -> usize {
        let all = network.timesteps;
        // A part that is not all leaves at least the last epoch: batch norm has to see all timesteps before they are tested.
        let most = if self.first_part < 1.0 { self.epochs.saturating_sub(1) } else { self.epochs };
        let first_epochs = ((self.first_part * self.epochs as f64).round() as usize).min(most);
        let count = |last: usize| (last + 1).saturating_sub(*epochs.start());
        let first_timesteps = self.first_timesteps.filter(|_| !network.frames);
        let fewer = all - first_timesteps.map_or(all, |first| first.min(all));
        count(*epochs.end()) * all - count(first_epochs.min(*epochs.end())) * fewer
    }
}

/// A graph's network with another number of timesteps, with the weights and the optimiser's state of the one that there is.
pub(super) fn with_timesteps(
    timesteps: usize,
    graph: &Graph,
    engine: &dyn Engine,
    network: &dyn Network,
) -> Result<Box<dyn Network>> {
    let config = NetworkConfig { timesteps, ..graph.config.clone() };
    let mut changed = engine.network(&Graph::new(&graph.architecture, &config, graph.input)?, &network.weights())?;
    changed.set_optimiser_state(&network.optimiser_state())?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_the_epochs_has_fewer_timesteps() {
        let images = NetworkConfig { timesteps: 4, ..NetworkConfig::preset("sample").unwrap() };
        let of = |config: &TrainConfig| (1..=5).map(|epoch| config.timesteps(epoch, &images)).collect::<Vec<_>>();
        let plain = TrainConfig { epochs: 5, ..TrainConfig::default() };
        assert_eq!(of(&plain), [4; 5]);
        let config = TrainConfig { first_timesteps: Some(2), first_part: 0.6, ..plain };
        assert_eq!(of(&config), [2, 2, 2, 4, 4]);
        assert_eq!(
            [config.sum_of_timesteps(2..=4, &images), config.sum_of_timesteps(RangeInclusive::new(6, 5), &images)],
            [8, 0]
        );
        assert_eq!(of(&TrainConfig { first_part: 0.0, ..config.clone() }), [4; 5]);
        assert_eq!(of(&TrainConfig { first_part: 1.0, ..config.clone() }), [2; 5]);
        let few = |epochs| TrainConfig { epochs, first_part: 0.8, ..config.clone() }.timesteps(epochs, &images);
        assert_eq!([few(1), few(2)], [4, 4], "the last epoch has all");
        let frames = NetworkConfig { frames: true, ..images.clone() };
        assert_eq!(config.sum_of_timesteps(1..=5, &frames), 20, "all frames are shown");
        assert_eq!(of(&TrainConfig { first_timesteps: Some(9), ..config }), [4; 5], "never more than all");
    }
}
