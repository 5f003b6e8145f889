use serde::{Deserialize, Serialize};

use super::scenario::{Kind, Scenario};
use super::settings::{NetworkSettings, ScoreSettings, Settings};
use crate::Result;
use crate::cost::Scope;
use crate::data::{DataConfig, Dataset, Source};
use crate::graph::NetworkConfig;
use crate::record::FORMAT_VERSION;
use crate::score::ScoreConfig;
use crate::search::{Method, SearchConfig, SupernetConfig};
use crate::train::TrainConfig;
use crate::workflow::run::RunConfig;

/// A study and its settings: `study.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The question.
    pub kind: Kind,
    /// The scale: a built-in one, or a file.
    pub scale: String,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Which images.
    pub data: DataConfig,
    /// What all scenarios have in common.
    pub settings: Settings,
}

impl Study {
    /// The configuration of a scenario's run.
    pub fn config(&self, scenario: &Scenario, dataset: &Dataset) -> Result<RunConfig> {
        let settings = &self.settings;
        let preset = if self.data.source == Source::Cifar100 { "cifar100" } else { "cifar10" };
        let NetworkSettings { widths, last_pool, hidden, timesteps, initialisation } = settings.network;
        let network = dataset.outline().timed(NetworkConfig {
            cells: scenario.cells,
            classes: dataset.classes.len(),
            widths,
            last_pool,
            hidden,
            timesteps,
            initialisation,
            ..NetworkConfig::preset(preset)?
        });
        let mirror = settings.train.mirror && self.data.source.may_be_mirrored();
        let ScoreSettings { kind, batch, repeats } = settings.score;
        let budget = scenario.has_budget.then(|| settings.budget(&self.data.source));
        let config = RunConfig {
            version: FORMAT_VERSION,
            architecture: None,
            lineage: None,
            data: self.data.clone(),
            network,
            score: ScoreConfig { kind, batch, repeats, seed: self.seed, ..ScoreConfig::default() },
            search: SearchConfig {
                method: scenario.method,
                operations: scenario.operations.clone(),
                cell: scenario.cell,
                budget,
                iterations: match scenario.method {
                    Method::Random => settings.draws(scenario).1,
                    Method::Supernet => settings.supernet.candidates,
                    Method::Evolution => settings.evolution.candidates,
                    _ => SearchConfig::default().iterations,
                },
                // As the paper: the backbone counts, and the highest score wins.
                scope: Scope::Backbone,
                confirm: 0,
                supernet: scenario.method.default_supernet().map(|default| SupernetConfig {
                    epochs: settings.supernet.epochs,
                    images: settings.supernet.images,
                    ..default
                }),
                seed: self.seed,
                ..SearchConfig::default()
            },
            train: TrainConfig { seed: self.seed, mirror, ..settings.train.clone() },
        };
        config.check()?;
        Ok(config)
    }
}
