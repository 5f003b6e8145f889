use crate::cost::Budget;
use crate::data::Source;
use crate::graph::NetworkConfig;
use crate::score::{ScoreConfig, ScoreKind};
use crate::search::{Method, SearchConfig};
use crate::space::SearchSpace;
use crate::train::{OptimiserKind, Schedule, TrainConfig};
use crate::workflow::run::RunConfig;

/// The shortest command that makes a run with this configuration.
///
/// Settings that no option has, such as another dropout, follow behind `#`.
pub fn command_line(config: &RunConfig) -> String {
    let mut line = Line { words: vec!["spikenas".into()] };
    match &config.architecture {
        Some(architecture) => {
            line.words.push("train".into());
            line.option("arch", architecture);
        }
        None => line.words.push("run".into()),
    }
    let mut said = line.data_and_network(config);
    said.architecture = config.architecture.clone();
    match &config.architecture {
        Some(_) => line.given(config, &mut said),
        None => line.search(config, &mut said),
    }
    line.training(&config.train, &mut said.train);
    let unsaid = said.differences(config).unwrap_or_default();
    if !unsaid.is_empty() {
        line.words.push(format!("# and in config.toml: {}", unsaid.join(", ")));
    }
    line.words.join(" ")
}

struct Line {
    words: Vec<String>,
}

impl Line {
    fn option(&mut self, name: &str, value: impl ToString) {
        self.words.push(format!("--{name} {}", quoted(&value.to_string())));
    }

    /// Adds an option where a setting is not the default.
    fn set<T: PartialEq + Clone>(&mut self, said: &mut T, value: &T, name: &str, text: impl ToString) {
        if said != value {
            said.clone_from(value);
            self.option(name, text);
        }
    }

    /// The images and the network; returns the configuration that these options alone give.
    fn data_and_network(&mut self, config: &RunConfig) -> RunConfig {
        let (data, network) = (&config.data, &config.network);
        if data.source != Source::Sample {
            self.option("data", &data.source);
        }
        if data.folder.as_os_str() != "data" {
            self.option("data-dir", data.folder.display());
        }
        let implied = match data.source {
            Source::Sample => "sample",
            Source::Cifar10 | Source::Folder(_) => "cifar10",
            Source::Cifar100 => "cifar100",
        };
        let given = |name: &'static str| {
            let mut preset = NetworkConfig::preset(name).ok()?;
            (preset.cells, preset.widths, preset.timesteps) = (network.cells, network.widths, network.timesteps);
            if matches!(data.source, Source::Folder(_)) && name == implied {
                preset.classes = network.classes;
            }
            (preset == *network).then_some(name)
        };
        let preset = std::iter::once(implied).chain(NetworkConfig::PRESETS).find_map(given);
        let preset = preset.unwrap_or(implied);
        if preset != implied {
            self.option("preset", preset);
        }
        let mut said = NetworkConfig::preset(preset).unwrap_or_else(|_| network.clone());
        if matches!(data.source, Source::Folder(_)) && preset == implied {
            said.classes = network.classes;
        }
        let widths = network.widths.map(|w| w.to_string()).join(",");
        self.set(&mut said.widths, &network.widths, "widths", widths);
        self.set(&mut said.cells, &network.cells, "cells", network.cells);
        self.set(&mut said.timesteps, &network.timesteps, "timesteps", network.timesteps);
        let epochs = if preset == "sample" { 8 } else { TrainConfig::default().epochs };
        RunConfig {
            version: config.version,
            architecture: None,
            lineage: None,
            data: data.clone(),
            network: said,
            score: ScoreConfig { kind: ScoreKind::of_preset(preset), ..ScoreConfig::default() },
            search: SearchConfig::default(),
            train: TrainConfig { epochs, mirror: data.source.may_be_mirrored(), ..TrainConfig::default() },
        }
    }

    fn search(&mut self, config: &RunConfig, said: &mut RunConfig) {
        let (search, score) = (&config.search, &config.score);
        let named = SearchSpace::NAMES.into_iter().find(|n| SearchSpace::named(n).as_ref() == Some(&search.operations));
        let names = || search.operations.iter().map(|o| o.name()).collect::<Vec<_>>().join(",");
        self.set(&mut said.search.operations, &search.operations, "ops", named.map_or_else(names, String::from));
        let budget = search.budget.map_or(String::new(), |b| b.to_string());
        self.set(&mut said.search.budget, &search.budget, "budget", budget);
        self.set(&mut said.search.scope, &search.scope, "scope", search.scope);
        if let Some(Budget::Bytes(_)) = search.budget {
            self.set(&mut said.search.bits, &search.bits, "bits", search.bits.get());
        }
        said.search.bits = search.bits;
        self.set(&mut said.search.method, &search.method, "method", search.method);
        if search.method == Method::Random {
            self.set(&mut said.search.iterations, &search.iterations, "iterations", search.iterations);
        }
        said.search.iterations = search.iterations;
        self.set(&mut said.search.confirm, &search.confirm, "confirm", search.confirm);
        self.set(&mut said.score.kind, &score.kind, "score", score.kind);
        self.set(&mut said.score.batch, &score.batch, "batch", score.batch);
        said.train.batch = score.batch;
        self.set(&mut said.score.repeats, &score.repeats, "repeats", score.repeats);
        self.set(&mut said.search.seed, &search.seed, "seed", search.seed);
        (said.score.seed, said.train.seed) = (search.seed, search.seed);
    }

    /// What a training of a given architecture shares with a search, and the weights that it began with.
    fn given(&mut self, config: &RunConfig, said: &mut RunConfig) {
        self.set(&mut said.train.batch, &config.train.batch, "batch", config.train.batch);
        self.set(&mut said.train.seed, &config.train.seed, "seed", config.train.seed);
        let weights = config.lineage.as_ref().and_then(|lineage| lineage.weights.as_ref());
        weights.iter().for_each(|weights| self.option("from", &weights.model));
        said.lineage.clone_from(&config.lineage);
    }

    fn training(&mut self, config: &TrainConfig, said: &mut TrainConfig) {
        if config.optimiser == OptimiserKind::Adam {
            self.option("optimizer", "adam");
            said.optimiser = OptimiserKind::Adam;
            (said.learning_rate, said.final_learning_rate) = (0.001, 0.000_01);
        }
        self.set(&mut said.epochs, &config.epochs, "epochs", config.epochs);
        self.set(&mut said.accumulate, &config.accumulate, "accumulate", config.accumulate);
        self.set(&mut said.learning_rate, &config.learning_rate, "learning-rate", config.learning_rate);
        let schedule = match config.schedule {
            Schedule::Cosine => "cosine".into(),
            Schedule::Step { epochs } => format!("step:{epochs}"),
            Schedule::Constant => "constant".into(),
        };
        self.set(&mut said.schedule, &config.schedule, "schedule", schedule);
        self.set(&mut said.label_smoothing, &config.label_smoothing, "label-smoothing", config.label_smoothing);
        let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
        self.set(&mut said.patience, &config.patience, "patience", number(config.patience));
        self.set(&mut said.limit_train, &config.limit_train, "limit-train", number(config.limit_train));
        if !config.augment {
            self.words.push("--no-augment".into());
            (said.augment, said.crop_padding, said.mirror) = (false, config.crop_padding, config.mirror);
        }
        self.set(&mut said.crop_padding, &config.crop_padding, "crop-padding", number(config.crop_padding));
        if said.mirror != config.mirror {
            self.words.push(if config.mirror { "--mirror" } else { "--no-mirror" }.into());
            said.mirror = config.mirror;
        }
    }
}

/// An argument for a shell: in quotes where it has characters that a shell may interpret.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataConfig;

    #[test]
    fn defaults_need_no_option() {
        assert_eq!(command_line(&RunConfig::of_sample()), "spikenas run");
    }

    #[test]
    fn what_differs_is_said_and_what_cannot_be_said_is_noted() {
        let mut config = RunConfig::of_sample();
        config.data = DataConfig { source: Source::Cifar10, folder: "my data".into(), fingerprint: None };
        config.network.widths = [32, 64];
        config.search.budget = Some("200k".parse().unwrap());
        config.train.dropout = 0.25;
        let line = command_line(&config);
        assert!(line.starts_with(
            "spikenas run --data cifar10 --data-dir 'my data' --preset sample --widths 32,64 --budget 200000 # and in"
        ));
        assert!(line.contains("train.dropout"), "{line}");
    }
}
