//! `config.toml` of a run.

use spikenas::Source;
use spikenas::data::DataConfig;
use spikenas::report::command_line;
use spikenas::workflow::run::RunConfig;

use crate::promises::accepted;
use crate::{checksums, scratch};

/// The configuration of a run on the built-in sample.
pub(super) fn config() -> RunConfig {
    let data = DataConfig::at(Source::Sample, "data".into());
    RunConfig::for_images(data, 10).expect("a configuration of ten classes")
}

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let mut other = config();
    other.architecture = "0313 0031 0003 0000".parse().ok();
    other.search.budget = "40k".parse().ok();
    [config(), other].map(|config| scratch::written(|path| config.save(path))).into()
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, read_one)
}

fn read_one(input: &[u8]) -> bool {
    let Some(config) = accepted(RunConfig::load(&scratch::file("config.toml", input))) else { return false };
    let again = scratch::written(|path| config.save(path));
    let again = RunConfig::load(&scratch::file("config.toml", &again)).expect("what is written can be read");
    assert_eq!(again, config);
    assert_eq!(again.differences(&config).expect("configurations of one version"), Vec::<String>::new());
    _ = command_line(&config);
    true
}
