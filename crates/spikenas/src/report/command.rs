use std::path::Path;

use serde::Serialize;

use super::schedules::{Followed, schedules};
use crate::cost::{Budget, Scope, WeightBits};
use crate::data::{DataConfig, Framing, Source};
use crate::graph::NetworkConfig;
use crate::score::{ScoreConfig, ScoreKind};
use crate::search::{Layout, Method, SearchConfig};
use crate::space::{CellKind, SearchSpace};
use crate::train::{EpochRecord, Recipe, Schedule, TrainConfig};
use crate::workflow::run::RunConfig;

/// The shortest command that makes a run with this configuration.
///
/// Settings that no option has, such as another dropout, follow behind `#`.
pub fn command_line(config: &RunConfig) -> String {
    Line::of(config).finish(config, None)
}

/// The commands that make a run again, one after the other: several where its training was given another number of epochs.
pub(super) fn commands(config: &RunConfig, epochs: &[EpochRecord]) -> Vec<String> {
    let schedules = schedules(&config.train, config.data.train_images, epochs);
    let Some((first, others)) = schedules.split_first().filter(|(_, others)| !others.is_empty()) else {
        return vec![command_line(config)];
    };
    let mut begun = config.clone();
    begun.train.epochs = first.epochs;
    let goes_on = |next: &Followed| format!("spikenas train {AGAIN} --resume --epochs {}", next.epochs);
    let begins = Line::of(&begun).finish(&begun, Some(AGAIN));
    std::iter::once(begins).chain(others.iter().map(goes_on)).collect()
}

/// The folder in which a run is made again, where several commands do.
const AGAIN: &str = "again";

/// The command that continues a run that was interrupted: its training where its architecture is known, or its search.
///
/// A search whose training would be that of the defaults is continued alone, so that nothing is trained that was not asked for.
pub(super) fn continuing(folder: &Path, config: Option<&RunConfig>, is_found: bool) -> Option<String> {
    let folder = folder.display().to_string();
    if is_found {
        return Some(format!("spikenas train {} --resume", quoted(&folder)));
    }
    let config = config?;
    let mut line = Line::of(config);
    if !line.has_training {
        line.words[1] = "search".into();
    }
    Some(line.finish(config, Some(&folder)))
}

/// Options of a training that a search with a supernet does not have.
const OF_TRAINING_ALONE: [&str; 4] = ["--epochs", "--minutes", "--patience", "--tensorboard"];

struct Line {
    words: Vec<String>,
    /// The configuration that these words give.
    said: RunConfig,
    /// Whether any of them is of the training.
    has_training: bool,
}

impl Line {
    /// The words of a configuration: by the recipe that leaves the least to say.
    fn of(config: &RunConfig) -> Self {
        let [snasnet, fast] = [Recipe::Snasnet, Recipe::Fast].map(|recipe| Self::by_recipe(config, recipe));
        let length = |line: &Self| (line.unsaid(config).len(), line.words.iter().map(String::len).sum::<usize>());
        if length(&fast) < length(&snasnet) { fast } else { snasnet }
    }

    fn by_recipe(config: &RunConfig, recipe: Recipe) -> Self {
        let mut line = Self { words: vec!["spikenas".into()], said: config.clone(), has_training: false };
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
        let before = line.words.len();
        line.training(&config.train, recipe, &mut said.train);
        let mut options = line.words[before..].iter();
        line.has_training = match config.search.supernet {
            None => options.next().is_some(),
            // A supernet learns as the network after it, but for these.
            Some(_) => options.any(|option| OF_TRAINING_ALONE.iter().any(|name| option.starts_with(name))),
        };
        line.said = said;
        line
    }

    /// The line, with the folder of the run, and with what no option says.
    fn finish(mut self, config: &RunConfig, folder: Option<&str>) -> String {
        folder.iter().for_each(|folder| self.option("out", folder));
        let unsaid = self.unsaid(config);
        if !unsaid.is_empty() {
            self.words.push(format!("# and in config.toml: {}", unsaid.join(", ")));
        }
        self.words.join(" ")
    }

    /// What the words do not say.
    fn unsaid(&self, config: &RunConfig) -> Vec<String> {
        self.said.differences(config).unwrap_or_default()
    }

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
        if data.source.is_in_data_folder() && data.folder.as_os_str() != "data" {
            self.option("data-dir", data.folder.display());
        }
        self.framing(data);
        // Without a preset, a folder of images brings its own number of classes.
        let of_images = data.source.network().map(|implied| match data.source.has_own_classes() {
            true => implied.for_classes(network.classes),
            false => implied,
        });
        // Frames bring their number.
        let of_images = of_images.map(|implied| match network.frames {
            true => NetworkConfig { frames: true, timesteps: network.timesteps, ..implied },
            false => implied,
        });
        let of_images = of_images.unwrap_or_else(|_| network.clone());
        let presets = NetworkConfig::PRESETS.into_iter();
        let timed = |base| {
            if network.frames { NetworkConfig { frames: true, timesteps: network.timesteps, ..base } } else { base }
        };
        let named = presets.filter_map(|name| Some((Some(name), timed(NetworkConfig::preset(name).ok()?))));
        let NetworkConfig { cells, widths, timesteps, hidden, last_pool, tau, threshold, .. } = *network;
        let gives = |(_, base): &(_, NetworkConfig)| {
            NetworkConfig { cells, widths, timesteps, hidden, last_pool, tau, threshold, ..base.clone() } == *network
        };
        // The one with which the fewest options are needed.
        let options = |(_, base): &(_, NetworkConfig)| {
            let NetworkConfig {
                cells: c, widths: w, timesteps: t, hidden: h, last_pool: l, tau: m, threshold: f, ..
            } = *base;
            let differs = [c != cells, w != widths, t != timesteps, h != hidden, l != last_pool];
            differs.into_iter().chain([m != tau, f != threshold]).filter(|&differs| differs).count()
        };
        let layout = config.search.layout.as_ref();
        let bases = std::iter::once((None, of_images.clone())).chain(named.filter(|_| layout.is_none())).filter(gives);
        let (preset, mut said) = bases.min_by_key(options).unwrap_or((None, of_images));
        preset.iter().for_each(|name| self.option("preset", name));
        let texts = widths.map(|width| width.to_string()).join(",");
        let lists = layout.map(|layout| layout.lists.clone()).unwrap_or_default();
        let joined = |list: &[f32]| list.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
        let whole = |list: &[usize]| list.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        for (name, list) in [("tau", &lists.tau), ("threshold", &lists.threshold)] {
            (!list.is_empty()).then(|| self.option(name, joined(list)));
        }
        for (name, list) in [("timesteps", &lists.timesteps), ("cells", &lists.cells)] {
            (!list.is_empty()).then(|| self.option(name, whole(list)));
        }
        if lists.has_dynamics() {
            let is_listed = [lists.timesteps.is_empty(), lists.tau.is_empty(), lists.threshold.is_empty()].map(|e| !e);
            said.timesteps = if is_listed[0] { timesteps } else { said.timesteps };
            said.tau = if is_listed[1] { tau } else { said.tau };
            said.threshold = if is_listed[2] { threshold } else { said.threshold };
        }
        self.set(&mut said.timesteps, &timesteps, "timesteps", timesteps);
        self.set(&mut said.tau, &tau, "tau", tau);
        self.set(&mut said.threshold, &threshold, "threshold", threshold);
        match layout {
            Some(layout) => {
                if !lists.widths.is_empty() {
                    let pairs = lists.widths.iter().map(|[first, second]| format!("{first}:{second}"));
                    self.option("widths", pairs.collect::<Vec<_>>().join(","));
                }
                // What is given is said, whether it is the usual or not: else it would be chosen.
                let given = [
                    (layout.cells || !lists.cells.is_empty(), "cells", cells),
                    (layout.hidden, "hidden", hidden),
                    (layout.last_pool, "last-pool", last_pool),
                ];
                let given = given.into_iter().filter(|(is_chosen, ..)| !is_chosen);
                given.for_each(|(_, name, size)| self.option(name, size));
                said = said.with_sizes(network.sizes());
            }
            None => {
                let is_limited = config.search.budget.is_some() || config.search.device.is_some();
                if preset.is_none() && said.widths == widths && is_limited {
                    // Else they would be chosen.
                    self.option("widths", &texts);
                }
                self.set(&mut said.widths, &widths, "widths", texts);
                self.set(&mut said.cells, &cells, "cells", cells);
                self.set(&mut said.hidden, &hidden, "hidden", hidden);
                self.set(&mut said.last_pool, &last_pool, "last-pool", last_pool);
            }
        }
        let scope = Scope::of_preset(preset.unwrap_or_default());
        let usual = match data.train_images {
            Some(samples) => TrainConfig::for_data(preset, &data.source, samples, network.frames_of_sample()),
            None => TrainConfig::for_preset(preset.unwrap_or(data.source.preset())).on_images_of(&data.source),
        };
        RunConfig {
            version: config.version,
            architecture: None,
            lineage: None,
            data: data.clone(),
            network: said,
            score: ScoreConfig { kind: ScoreKind::of_preset(preset.unwrap_or_default()), ..ScoreConfig::default() },
            search: SearchConfig { scope, ..SearchConfig::default() },
            train: usual,
        }
    }

    /// How recordings become frames, where that is not as usual.
    fn framing(&mut self, data: &DataConfig) {
        let Some(Framing { frames, split, scale, merges_polarities }) = data.framing else { return };
        let mut usual = data.source.framing();
        self.set(&mut usual.frames, &frames, "frames", frames);
        self.set(&mut usual.split, &split, "split-by", split);
        self.set(&mut usual.scale, &scale, "downscale", scale);
        if merges_polarities && !usual.merges_polarities {
            self.words.push("--merge-polarities".into());
        }
    }

    fn search(&mut self, config: &RunConfig, said: &mut RunConfig) {
        let (search, score) = (&config.search, &config.score);
        let named = SearchSpace::NAMES.into_iter().find(|n| SearchSpace::named(n).as_ref() == Some(&search.operations));
        let names = || search.operations.iter().map(|o| o.name()).collect::<Vec<_>>().join(",");
        self.set(&mut said.search.operations, &search.operations, "ops", named.map_or_else(names, String::from));
        let limits = search.by_limit();
        let budget = together(limits.iter().filter_map(|search| search.budget).collect());
        self.set(&mut said.search.budget, &search.budget, "budget", budget);
        self.set(&mut said.search.scope, &search.scope, "scope", search.scope);
        if let Some(Budget::Bytes(_)) = search.budget {
            self.set(&mut said.search.bits, &search.bits, "bits", search.bits.get());
        }
        said.search.bits = search.bits;
        if let Some(device) = &search.device {
            let flash: Vec<u64> = limits.iter().filter_map(|search| search.limit().flash).collect();
            let ram: Vec<u64> = limits.iter().filter_map(|search| search.limit().ram).collect();
            for (name, bytes) in [("flash", flash), ("ram", ram)].into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
                self.option(name, together(bytes));
            }
            device.chip.iter().for_each(|chip| self.option("chip", &chip.name));
            if !matches!(search.budget, Some(Budget::Bytes(_))) && device.bits != WeightBits::default() {
                self.option("bits", device.bits);
            }
            said.train.weight_bits = Some(device.bits).filter(|&bits| bits < WeightBits::Eight);
        }
        said.search.device.clone_from(&search.device);
        self.set(&mut said.search.cell, &search.cell, "cell", search.cell);
        if search.cell != CellKind::Forward {
            said.search.method = Method::of_cells(search.cell);
            said.score.kind = ScoreKind::of_cells(search.cell, said.score.kind);
        }
        self.set(&mut said.search.method, &search.method, "method", search.method);
        said.search.iterations = search.method.default_iterations();
        if search.method.draws() {
            self.set(&mut said.search.iterations, &search.iterations, "iterations", search.iterations);
        }
        said.search.iterations = search.iterations;
        said.search.layout.clone_from(&search.layout);
        if let Some(layout) = &search.layout {
            let usual = Layout::FINALISTS.max(layout.lists.combinations());
            self.set(&mut { usual }, &layout.finalists, "finalists", layout.finalists);
        }
        let objectives = search.front.iter().flat_map(|front| &front.objectives).map(|objective| objective.name());
        let objectives = objectives.collect::<Vec<_>>().join(",");
        if !objectives.is_empty() {
            self.option("objectives", objectives);
        }
        said.search.front.clone_from(&search.front);
        if let Some(supernet) = &search.supernet {
            let mut default = search.method.default_supernet().unwrap_or_default();
            self.set(&mut default.epochs, &supernet.epochs, "supernet-epochs", supernet.epochs);
            self.set(&mut default.images, &supernet.images, "supernet-images", supernet.images);
            self.set(&mut default.lambda, &supernet.lambda, "lambda", supernet.lambda);
        }
        said.search.supernet.clone_from(&search.supernet);
        said.search.confirm = search.method.default_rounds();
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

    fn training(&mut self, config: &TrainConfig, recipe: Recipe, said: &mut TrainConfig) {
        let by_recipe = said.by(recipe);
        self.set(said, &by_recipe, "recipe", recipe);
        if config.optimiser != said.optimiser {
            self.option("optimizer", name(&config.optimiser));
            *said = said.clone().by_optimiser(config.optimiser);
        }
        self.set(&mut said.epochs, &config.epochs, "epochs", config.epochs);
        // The same epochs again, however long they take there.
        said.minutes = config.minutes;
        self.set(&mut said.accumulate, &config.accumulate, "accumulate", config.accumulate);
        self.set(&mut said.learning_rate, &config.learning_rate, "learning-rate", config.learning_rate);
        let schedule = match config.schedule {
            Schedule::Cosine => "cosine".into(),
            Schedule::CosinePerStep => "cosine-per-step".into(),
            Schedule::Step { epochs } => format!("step:{epochs}"),
            Schedule::Constant => "constant".into(),
        };
        self.set(&mut said.schedule, &config.schedule, "schedule", schedule);
        self.set(&mut said.label_smoothing, &config.label_smoothing, "label-smoothing", config.label_smoothing);
        let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
        if said.validation != config.validation {
            self.option("validation", config.validation);
            said.hold_out(config.validation);
        }
        self.set(&mut said.patience, &config.patience, "patience", number(config.patience));
        self.set(&mut said.limit_train, &config.limit_train, "limit-train", number(config.limit_train));
        self.augmentation(config, said);
        self.recipe(config, said);
    }

    fn augmentation(&mut self, config: &TrainConfig, said: &mut TrainConfig) {
        match (said.augment, config.augment) {
            (true, false) => {
                self.words.push("--no-augment".into());
                (said.augment, said.crop_padding, said.mirror) = (false, config.crop_padding, config.mirror);
            }
            // Where images are not changed unless asked, what is not asked for stays off.
            (false, true) => {
                (said.augment, said.mirror, said.crop_padding) = (true, false, Some(0));
                match config.crop_padding {
                    None => {
                        self.option("crop-fill", name(&config.crop_fill));
                        (said.crop_fill, said.crop_padding) = (config.crop_fill, None);
                    }
                    Some(0) if !config.mirror => self.option("crop-padding", 0),
                    Some(_) => {}
                }
            }
            (false, false) => (said.crop_padding, said.mirror) = (config.crop_padding, config.mirror),
            (true, true) => {}
        }
        let padding = config.crop_padding.map_or(String::new(), |padding| padding.to_string());
        self.set(&mut said.crop_padding, &config.crop_padding, "crop-padding", padding);
        self.set(&mut said.crop_part, &config.crop_part, "crop-part", config.crop_part);
        if said.mirror != config.mirror {
            self.words.push(if config.mirror { "--mirror" } else { "--no-mirror" }.into());
            said.mirror = config.mirror;
        }
    }

    fn recipe(&mut self, config: &TrainConfig, said: &mut TrainConfig) {
        let rate = config.final_learning_rate;
        self.set(&mut said.final_learning_rate, &rate, "final-learning-rate", rate);
        self.set(&mut said.warmup_epochs, &config.warmup_epochs, "warmup-epochs", config.warmup_epochs);
        self.set(&mut said.momentum, &config.momentum, "momentum", config.momentum);
        self.set(&mut said.weight_decay, &config.weight_decay, "weight-decay", config.weight_decay);
        self.set(&mut said.weight_decay_of, &config.weight_decay_of, "weight-decay-of", name(&config.weight_decay_of));
        if config.augment {
            self.set(&mut said.crop_fill, &config.crop_fill, "crop-fill", name(&config.crop_fill));
        }
        if config.augment && config.mirror {
            self.set(&mut said.flip, &config.flip, "flip", name(&config.flip));
        }
        self.set(&mut said.average_epochs, &config.average_epochs, "average-epochs", config.average_epochs);
        self.set(&mut said.norm_over, &config.norm_over, "norm-over", name(&config.norm_over));
        self.set(&mut said.surrogate_alpha, &config.surrogate_alpha, "surrogate-alpha", config.surrogate_alpha);
        let statistics = name(&config.norm_statistics);
        self.set(&mut said.norm_statistics, &config.norm_statistics, "norm-statistics", statistics);
        self.set(&mut said.stem_init, &config.stem_init, "stem-init", name(&config.stem_init));
        self.set(&mut said.norm_gain, &config.norm_gain, "norm-gain", config.norm_gain);
        let bits = config.weight_bits.map_or(String::new(), |bits| bits.to_string());
        self.set(&mut said.weight_bits, &config.weight_bits, "weight-bits", bits);
        let first = config.first_timesteps.map_or(String::new(), |first| first.to_string());
        self.set(&mut said.first_timesteps, &config.first_timesteps, "first-timesteps", first);
        self.set(&mut said.first_part, &config.first_part, "first-part", config.first_part);
        self.set(&mut said.loss, &config.loss, "loss", name(&config.loss));
        self.set(&mut said.dropout, &config.dropout, "dropout", config.dropout);
    }
}

/// Limits of one kind as an option has them: one where all are the same.
fn together<T: ToString>(limits: Vec<T>) -> String {
    let mut texts: Vec<String> = limits.iter().map(T::to_string).collect();
    if texts.iter().all(|text| *text == texts[0]) {
        texts.truncate(1);
    }
    texts.join(",")
}

/// The name of a choice in a configuration, which is also the option's.
fn name(choice: &impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|name| name.as_str().map(String::from)).unwrap_or_default()
}

/// A word as a shell takes it: in quotes where it has characters that a shell may interpret.
pub fn quoted(word: &str) -> String {
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

    #[test]
    fn defaults_need_no_option() {
        assert_eq!(command_line(&RunConfig::of_sample()), "spikenas run");
    }

    #[test]
    fn what_the_program_would_take_by_itself_is_not_said_and_all_else_is() {
        let of = |source: Source, preset: &str, widths, epochs| {
            let data = DataConfig::at(source, "data".into());
            let mut config = RunConfig::for_images(data, 7).unwrap();
            config.network = NetworkConfig { widths, classes: 7, ..NetworkConfig::preset(preset).unwrap() };
            config.train.epochs = epochs;
            command_line(&config)
        };
        let pets = || Source::Folder("pets".into());
        assert_eq!(of(pets(), "sample", [16, 32], 30), "spikenas run --data pets");
        assert_eq!(of(pets(), "sample", [128, 256], 300), "spikenas run --data pets --widths 128,256 --epochs 300");
    }

    #[test]
    fn frames_are_said_where_they_are_not_as_usual_and_make_the_timesteps() {
        let of = |framing: Framing| {
            let data =
                DataConfig { framing: Some(framing), ..DataConfig::at(Source::Folder("waves".into()), "data".into()) };
            command_line(&RunConfig::for_images(data, 7).unwrap())
        };
        assert_eq!(of(Framing::default()), "spikenas run --data waves");
        let framing =
            Framing { frames: 16, split: crate::data::events::Split::Time, scale: 2, merges_polarities: true };
        assert_eq!(
            of(framing),
            "spikenas run --data waves --frames 16 --split-by time --downscale 2 --merge-polarities"
        );
    }

    #[test]
    fn a_training_by_another_recipe_is_said_by_its_name_and_single_settings() {
        for recipe in Recipe::ALL {
            for validation in [None, Some(0.0), Some(0.25)] {
                let mut config = RunConfig::of_sample();
                let default = config.train.clone();
                config.train = default.by(recipe);
                validation.iter().for_each(|&part| config.train.hold_out(part));
                let line = command_line(&config);
                assert_eq!(line.contains("--recipe"), config.train.by(recipe) != default, "{line}");
                assert_eq!(line.contains("--validation"), config.train != default.by(recipe), "{line}");
                assert!(!line.contains('#'), "{line}");
            }
        }
    }

    #[test]
    fn what_differs_is_said_and_what_cannot_be_said_is_noted() {
        let mut config = RunConfig::of_sample();
        config.data = DataConfig::at(Source::Cifar10, "my data".into());
        config.network = NetworkConfig { widths: [32, 64], hidden: 64, ..config.network };
        config.search.budget = Some("200k".parse().unwrap());
        config.train.batch = 32;
        config.train.dropout = 0.25;
        let line = command_line(&config);
        assert!(line.starts_with(
            "spikenas run --data cifar10 --data-dir 'my data' --preset sample --widths 32,64 --hidden 64 --budget 200000 --dropout 0.25 # and in"
        ));
        assert!(line.contains("train.batch"), "{line}");
    }
}
