use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::{DataConfig, Framing};
use crate::graph::{Dynamics, NetworkConfig, Shape, Sizes};
use crate::record::{FORMAT_VERSION, check_toml_unchanged, comparable, files, list_differences, write_toml};
use crate::score::ScoreConfig;
use crate::search::{SearchConfig, SearchRecord};
use crate::space::Architecture;
use crate::train::TrainConfig;
use crate::weights::Ancestor;
use crate::{Error, Result};

/// Everything that is needed to repeat a run: `config.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Format version of the run folder.
    pub version: u32,
    /// The architecture to train, where none is searched for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub architecture: Option<Architecture>,
    /// Which images.
    pub data: DataConfig,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// How candidates are scored.
    pub score: ScoreConfig,
    /// How candidates are chosen.
    pub search: SearchConfig,
    /// How the winner is trained.
    pub train: TrainConfig,
    /// What was taken over from other runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lineage: Option<Lineage>,
}

/// What a run took over from others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// The run folder that found the architecture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub found_by: Option<PathBuf>,
    /// The model with whose weights the training began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weights: Option<Ancestor>,
}

impl RunConfig {
    /// The defaults for images with this many classes: the preset of their name, few epochs for the sample, a timestep for each frame of a
    /// recording.
    ///
    /// Errors: more classes than a network may have.
    pub fn for_images(data: DataConfig, classes: usize) -> Result<Self> {
        let preset = data.source.preset();
        let network = data.source.network()?;
        let network = if data.source.has_own_classes() { network.for_classes(classes) } else { network };
        let (frames, timesteps) = match data.framing {
            Some(Framing { frames, .. }) if frames > 1 => (true, frames),
            _ => (network.frames, network.timesteps),
        };
        let config = Self {
            version: FORMAT_VERSION,
            architecture: None,
            network: NetworkConfig { classes, frames, timesteps, ..network },
            score: ScoreConfig::default(),
            search: SearchConfig::default(),
            train: TrainConfig::for_preset(preset).on_images_of(&data.source),
            data,
            lineage: None,
        };
        config.check()?;
        Ok(config)
    }

    #[cfg(test)]
    pub(crate) fn of_sample() -> Self {
        Self::for_images(DataConfig::at(crate::data::Source::Sample, "data".into()), 10).unwrap()
    }

    /// The configuration of a training alone: of its search, only the seed is left.
    pub fn of_architecture(self, architecture: &Architecture) -> Self {
        let seed = self.search.seed;
        Self {
            architecture: Some(architecture.clone()),
            score: ScoreConfig { seed, ..ScoreConfig::default() },
            search: SearchConfig { seed, ..SearchConfig::default() },
            ..self
        }
    }

    /// The same run, once its search has chosen the sizes of the network.
    pub fn settled(&self, record: &SearchRecord) -> Self {
        Self { network: record.network(&self.network), ..self.clone() }
    }

    /// The same run under each limit of its search alone, the largest first; where it has one, that one.
    pub fn by_limit(&self) -> Vec<Self> {
        self.search.by_limit().into_iter().map(|search| Self { search, ..self.clone() }).collect()
    }

    /// The same run with each choice of sizes that its search compares, or as it is where it chooses none.
    ///
    /// Errors: no network fits the budget.
    pub(super) fn choices(&self, input: Shape) -> Result<Vec<Self>> {
        let Some(layout) = self.search.layout.as_ref().filter(|_| self.architecture.is_none()) else {
            return Ok(vec![self.clone()]);
        };
        let all = layout.lay_out(&self.search, &self.network, input)?;
        Ok(all.into_iter().map(|sizes| Self { network: self.network.with_sizes(sizes), ..self.clone() }).collect())
    }

    /// The same run with the first sizes that its search looks at, where it chooses them.
    ///
    /// Errors: no network fits the budget.
    pub(super) fn with_first_sizes(&self, input: Shape) -> Result<Self> {
        let first = self.choices(input)?.into_iter().next();
        first.ok_or_else(|| Error::invalid("there are no sizes to choose from"))
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        // A run that trains a given architecture scores and searches nothing.
        if self.architecture.is_none() {
            self.score.check()?;
            self.search.check()?;
        }
        self.train.check()
    }

    /// Reads a configuration. Errors name the file, and the line where it is malformed.
    pub fn load(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        let config: Self = files::parse_toml(path, &text)?;
        if config.version != FORMAT_VERSION {
            return Err(Error::file(
                path,
                format!("format version {}, this program knows {FORMAT_VERSION}", config.version),
            ));
        }
        config.check().map_err(|e| Error::file(path, e.to_string()))?;
        check_toml_unchanged(path, &text)?;
        Ok(config)
    }

    /// Writes the configuration in one step, with a checksum in its last line.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_toml(path, self)
    }

    /// What differs from another configuration, as `key old -> new`; not compared is, where the architecture was given, how it
    /// was found. Images are the same where their fingerprints are, wherever they lie; where one configuration has none, in
    /// the same folder.
    pub fn differences(&self, new: &Self) -> Result<Vec<String>> {
        let changed = self.data.other_images(&new.data);
        let value = |config: &Self| {
            let mut config = config.clone();
            config.data = if changed.is_some() { self.data.place() } else { config.data.place() };
            if let Some(layout) = &config.search.layout {
                // The sizes follow from the search; those that are given stay.
                let Sizes { cells, last_pool, hidden, .. } = config.network.sizes();
                let given = |is_chosen: bool, size: usize| if is_chosen { 0 } else { size };
                let dynamics = Dynamics { timesteps: 0, tau: 0.0, threshold: 0.0 };
                config.network = config.network.with_sizes(Sizes {
                    cells: given(layout.cells || !layout.lists.cells.is_empty(), cells),
                    widths: [0, 0],
                    last_pool: given(layout.last_pool, last_pool),
                    hidden: given(layout.hidden, hidden),
                    dynamics: layout.lists.has_dynamics().then_some(dynamics),
                });
            }
            if config.train.minutes.is_some() {
                // The epochs follow from the machine.
                config.train.epochs = 0;
            }
            if config.architecture.is_some() {
                // Nothing is searched for.
                (config.score, config.search) = Default::default();
            }
            let weights = config.lineage.and_then(|lineage| lineage.weights);
            config.lineage = weights.map(|weights| Lineage { found_by: None, weights: Some(weights) });
            comparable(&config)
        };
        let settings = list_differences(&value(self)?, &value(new)?);
        let changed = changed.flatten().map(|changed| format!("other images: {changed}"));
        Ok(changed.into_iter().chain(settings).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RunConfig {
        let mut config = RunConfig::of_sample();
        config.search.budget = Some("40k".parse().unwrap());
        config
    }

    #[test]
    fn configurations_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        config().save(&path).unwrap();
        assert_eq!(RunConfig::load(&path).unwrap(), config());
    }

    #[test]
    fn damaged_configurations_name_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        config().save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for (from, to, word) in [
            ("version = 1", "version = 2", "version 2"),
            ("seed", "sead", "line"),
            ("timesteps = 5", "timesteps = 0", "timesteps 0"),
        ] {
            std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let message = RunConfig::load(&path).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn differences_name_the_setting_and_both_values() {
        let mut new = config();
        new.train.epochs += 1;
        new.data.folder = "elsewhere".into();
        let differences = config().differences(&new).unwrap();
        assert_eq!(differences.len(), 1);
        assert!(differences[0].starts_with("train.epochs"), "{differences:?}");
    }

    #[test]
    fn the_same_images_may_lie_elsewhere_and_others_may_not_lie_in_their_place() {
        let with = |folder: &str, fingerprint: Option<&str>| {
            let source = crate::data::Source::Folder(folder.into());
            let data =
                DataConfig { fingerprint: fingerprint.map(String::from), ..DataConfig::at(source, "data".into()) };
            RunConfig { data, ..config() }
        };
        let differences = |old: RunConfig, new: RunConfig| old.differences(&new).unwrap();
        assert_eq!(differences(with("here", Some("1")), with("there", Some("1"))), [""; 0]);
        assert_eq!(differences(with("here", Some("1")), with("here", Some("2"))), ["other images: fingerprint 1 -> 2"]);
        let here = std::env::current_dir().unwrap().join("here");
        assert_eq!(differences(with("here", None), with(here.to_str().unwrap(), Some("2"))), [""; 0]);
        assert_eq!(differences(with("here", None), with("there", Some("2"))).len(), 1);
    }

    #[test]
    fn other_images_are_counted() {
        let with = |fingerprint: &str, train: usize, test: usize| {
            let (train_images, test_images) = (Some(train), Some(test));
            let data = DataConfig { fingerprint: Some(fingerprint.into()), train_images, test_images, ..config().data };
            RunConfig { data, ..config() }
        };
        let differences = |old: RunConfig, new: RunConfig| old.differences(&new).unwrap().join("; ");
        assert_eq!(differences(with("1", 20, 8), with("1", 20, 8)), "");
        assert_eq!(
            differences(with("1", 20, 8), with("2", 21, 8)),
            "other images: 20 -> 21 for training, 8 -> 8 for the test"
        );
        assert_eq!(
            differences(with("1", 20, 8), with("2", 20, 8)),
            "other images: as many as before, 20 for training and 8 for the test, but not the same: fingerprint 1 -> 2"
        );
        let mut early = with("1", 20, 8);
        (early.data.train_images, early.data.test_images) = (None, None);
        assert_eq!(
            differences(early, with("2", 21, 8)),
            "other images: fingerprint 1 -> 2, now 21 for training and 8 for the test"
        );
    }
}
