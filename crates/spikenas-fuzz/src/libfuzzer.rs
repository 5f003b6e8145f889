//! Searches for inputs that break one reader: `SPIKENAS_READER=journal libfuzzer FOLDER...`, with libFuzzer's own options. Inputs
//! that the reader accepts are put into the first folder, to begin with.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use spikenas_fuzz::Reader;

static READER: LazyLock<&Reader> = LazyLock::new(|| {
    let name = std::env::var("SPIKENAS_READER").unwrap_or_default();
    Reader::named(&name).unwrap_or_else(|| panic!("SPIKENAS_READER={name}: there is no such reader"))
});

fn put_valid_inputs() {
    let Some(folder) = std::env::args().nth(1).filter(|folder| !folder.starts_with('-')) else { return };
    for (index, input) in (READER.valid)().iter().enumerate() {
        std::fs::write(format!("{folder}/valid-{index}"), input).expect("a file in the folder of inputs");
    }
}

fuzz_target!(init: put_valid_inputs(), |input: &[u8]| {
    READER.check(input);
});
