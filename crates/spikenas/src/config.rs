//! Everything that a run needs to be run again: `config.toml`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::Source;
use crate::files;
use crate::plan::NetworkConfig;
use crate::record::FORMAT_VERSION;
use crate::score::ScoreConfig;
use crate::search::SearchConfig;
use crate::space::Architecture;
use crate::train::TrainConfig;
use crate::{Error, Result};

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub source: Source,
    /// The folder that holds CIFAR's binary versions.
    pub folder: PathBuf,
}

/// The configuration of a run.
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
}

impl RunConfig {
    /// What the program takes for the built-in sample where no option is given.
    #[cfg(test)]
    pub(crate) fn of_sample() -> Self {
        Self {
            version: FORMAT_VERSION,
            architecture: None,
            data: DataConfig { source: Source::Sample, folder: "data".into() },
            network: NetworkConfig::preset("sample").unwrap(),
            score: ScoreConfig::default(),
            search: SearchConfig::default(),
            train: TrainConfig { epochs: 8, ..TrainConfig::default() },
        }
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        self.score.check()?;
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
        Ok(config)
    }

    /// Writes the configuration in one step.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string_pretty(self).map_err(|e| Error::file(path, e.to_string()))?;
        files::write_atomically(path, |out| out.write_all(text.as_bytes()))
    }

    /// What differs from another configuration, as `key old -> new`; the folder of the data is not compared.
    pub fn differences(&self, new: &Self) -> Result<Vec<String>> {
        let value = |config: &Self| {
            let mut config = config.clone();
            config.data.folder = PathBuf::new();
            comparable(&config)
        };
        Ok(list_differences(&value(self)?, &value(new)?))
    }
}

/// A configuration as JSON, through text: f32 settings are taken in their shortest form.
pub(crate) fn comparable(config: &impl Serialize) -> Result<serde_json::Value> {
    let text = serde_json::to_string(config).map_err(|e| Error::invalid(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| Error::invalid(e.to_string()))
}

/// `key old -> new` for every leaf in which two JSON values differ.
pub(crate) fn list_differences(old: &serde_json::Value, new: &serde_json::Value) -> Vec<String> {
    let mut differences = Vec::new();
    collect_differences("", old, new, &mut differences);
    differences
}

fn collect_differences(key: &str, old: &serde_json::Value, new: &serde_json::Value, out: &mut Vec<String>) {
    use serde_json::Value;
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let path = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                collect_differences(&path, &of(a), &of(b), out);
            }
        }
        _ if old != new => out.push(format!("{key} {old} -> {new}")),
        _ => {}
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
}
