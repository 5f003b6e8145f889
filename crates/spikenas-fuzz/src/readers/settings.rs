//! A study's file of settings.

use spikenas::workflow::study::Settings;

use crate::promises::accepted;
use crate::scratch;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    Settings::SCALES.iter().filter_map(|scale| Some(Settings::built_in(scale)?.into())).collect()
}

pub(crate) fn read(input: &[u8]) -> bool {
    let open = |bytes: &[u8]| Settings::open(&scratch::file("settings.toml", bytes).to_string_lossy());
    let Some(settings) = accepted(open(input)) else { return false };
    assert_eq!(open(settings.to_string().as_bytes()).expect("what is written can be read"), settings);
    true
}
