//! Searches for inputs that break one reader: `SPIKENAS_READER=journal libfuzzer FOLDER...`, with libFuzzer's own options.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use spikenas_fuzz::Reader;

static READER: LazyLock<&Reader> = LazyLock::new(|| {
    let name = std::env::var("SPIKENAS_READER").unwrap_or_default();
    Reader::named(&name).unwrap_or_else(|| panic!("SPIKENAS_READER={name}: there is no such reader"))
});

fuzz_target!(|input: &[u8]| {
    READER.check(input);
});
