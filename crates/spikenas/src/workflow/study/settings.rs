use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::scenario::Scenario;
use crate::cost::Budget;
use crate::data::Source;
use crate::graph::{Initialisation, NetworkConfig};
use crate::record::FORMAT_VERSION;
use crate::record::files::{is_there, parse_toml, read_text};
use crate::score::{ScoreConfig, ScoreKind};
use crate::search::{Method, SupernetConfig};
use crate::train::TrainConfig;
use crate::{Error, Result};

/// The settings that all scenarios of a study share: a file that a user may copy and change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Format version.
    pub version: u32,
    /// The network around the cells; images bring the classes, scenarios the cells.
    pub network: NetworkSettings,
    /// The budgets of the scenarios that have one.
    pub budgets: Budgets,
    /// How candidates are scored.
    pub score: ScoreSettings,
    /// How random searches draw.
    pub random_search: RandomSearch,
    /// How evolutions draw.
    #[serde(default)]
    pub evolution: Evolution,
    /// How the network of all operations is trained that lends its weights.
    #[serde(default)]
    pub supernet: SupernetSettings,
    /// How winners are trained.
    pub train: TrainConfig,
}

/// The network around the cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// Channels before and after the first reduction.
    pub widths: [usize; 2],
    /// Side of the average pooling before the classifier.
    pub last_pool: usize,
    /// Neurons of the classifier's hidden layer.
    pub hidden: usize,
    /// Timesteps for which an image is shown.
    pub timesteps: usize,
    /// How the classifier's weights are drawn.
    pub initialisation: Initialisation,
}

/// Parameters of the backbone that a scenario with a budget may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// For the built-in sample.
    pub sample: Budget,
    /// For CIFAR-10, and folders of images.
    pub cifar10: Budget,
    /// For CIFAR-100.
    pub cifar100: Budget,
}

/// How candidates are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreSettings {
    /// Which score; the paper's where a file of settings names none.
    #[serde(default = "of_the_paper")]
    pub kind: ScoreKind,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches whose scores are averaged.
    pub repeats: usize,
}

fn of_the_paper() -> ScoreKind {
    ScoreKind::Sahd
}

/// How a random search draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomSearch {
    /// Candidates that it stands for.
    pub iterations: usize,
    /// Candidates that are drawn and scored; where these are fewer, the time is extrapolated, and marked so.
    pub drawn: usize,
}

/// How an evolution draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evolution {
    /// Candidates that are drawn.
    pub candidates: usize,
}

impl Default for Evolution {
    fn default() -> Self {
        Self { candidates: Method::Evolution.default_iterations() }
    }
}

/// How the network of all operations is trained that lends its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupernetSettings {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images held out on which a candidate is judged.
    pub images: usize,
    /// Candidates that are drawn.
    pub candidates: usize,
}

impl Default for SupernetSettings {
    fn default() -> Self {
        let SupernetConfig { epochs, images, .. } = SupernetConfig::default();
        Self { epochs, images, candidates: Method::Supernet.default_iterations() }
    }
}

impl Settings {
    /// The scales that are built in.
    pub const SCALES: [&str; 3] = ["smoke", "cpu", "paper"];

    /// The file of a built-in scale.
    pub fn built_in(scale: &str) -> Option<&'static str> {
        match scale {
            "smoke" => Some(include_str!("../../../assets/scales/smoke.toml")),
            "cpu" => Some(include_str!("../../../assets/scales/cpu.toml")),
            "paper" => Some(include_str!("../../../assets/scales/paper.toml")),
            _ => None,
        }
    }

    /// The settings of a built-in scale, or of a file. Errors name the file, and the line where it is malformed.
    pub fn open(scale: &str) -> Result<Self> {
        let path = Path::new(scale);
        let text = match Self::built_in(scale) {
            Some(text) => text.to_string(),
            None if is_there(path)? => read_text(path)?,
            None => return Err(Error::unknown("scale", scale, Self::SCALES.into_iter().chain(["a file of settings"]))),
        };
        let settings: Self = parse_toml(path, &text)?;
        settings.check().map_err(|e| Error::file(path, e.to_string()))?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if self.version != FORMAT_VERSION {
            let version = self.version;
            return Err(Error::invalid(format!("format version {version}, this program knows {FORMAT_VERSION}")));
        }
        let RandomSearch { iterations, drawn } = self.random_search;
        if drawn == 0 || drawn > iterations {
            return Err(Error::invalid(format!("random_search.drawn {drawn}: give 1 to {iterations}")));
        }
        let NetworkSettings { widths, last_pool, hidden, timesteps, initialisation } = self.network;
        let any = NetworkConfig::preset("cifar10")?;
        NetworkConfig { widths, last_pool, hidden, timesteps, initialisation, ..any }.check()?;
        let ScoreSettings { kind, batch, repeats } = self.score;
        ScoreConfig { kind, batch, repeats, ..ScoreConfig::default() }.check()?;
        self.train.check()
    }

    /// The budget for these images.
    pub fn budget(&self, source: &Source) -> Budget {
        match source {
            Source::Sample => self.budgets.sample,
            Source::Cifar100 => self.budgets.cifar100,
            Source::Cifar10 | Source::Folder(_) | Source::Memory => self.budgets.cifar10,
        }
    }

    /// Candidates that a scenario's random search stands for, and those that it draws.
    pub fn draws(&self, scenario: &Scenario) -> (usize, usize) {
        let part = |count: usize| ((count as f64 * scenario.iterations).round() as usize).max(1);
        (part(self.random_search.iterations), part(self.random_search.drawn))
    }
}

/// As a file.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scale_is_well_formed() {
        for scale in Settings::SCALES {
            Settings::open(scale).unwrap_or_else(|e| panic!("{scale}: {e}"));
        }
    }

    #[test]
    fn the_scale_named_after_the_paper_is_the_paper_s() {
        let paper = Settings::open("paper").unwrap();
        assert_eq!((paper.network.widths, paper.train.clone()), ([128, 256], TrainConfig::default()));
        assert_eq!(paper.random_search, RandomSearch { iterations: 5000, drawn: 5000 });
        assert_eq!([paper.budgets.cifar10, paper.budgets.cifar100].map(|b| b.to_string()), ["1200000", "2000000"]);
    }

    #[test]
    fn files_of_settings_are_read_and_their_faults_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        let open = |text: String| {
            std::fs::write(&path, text).unwrap();
            Settings::open(path.to_str().unwrap())
        };
        let smoke = Settings::built_in("smoke").unwrap();
        assert_eq!(open(smoke.into()).unwrap(), Settings::open("smoke").unwrap());
        for (from, to, word) in [
            ("hidden", "hiden", "line"),
            ("drawn = ", "drawn = 9", "drawn"),
            ("version = 1", "version = 3", "version 3"),
        ] {
            let error = open(smoke.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains("mine.toml") && error.contains(word), "{error}");
        }
        assert!(Settings::open("huge").unwrap_err().to_string().contains("smoke, cpu, paper"));
    }
}
