//! Profiles of chips.

use spikenas::cost::{ChipCheck, Profile, WeightBits};

use super::example;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let microcontroller = "name = \"Own\"\nkind = \"microcontroller\"\nabout = \"a board\"\nram = \"unknown\"\n\
                           flash = { value = 65536, source = \"its sheet\", caveat = \"half of it is taken\" }\n";
    let cores = "name = \"Own\"\nkind = \"neuromorphic\"\nabout = \"\"\ncores = { value = 4, source = \"a\" }\n\
                 neurons_per_core = { value = 128, source = \"a\" }\nsynapse_bytes_per_core = { value = 4096, source = \"a\" }\n\
                 shares_kernels = { value = false, source = \"a\" }\nfan_in = \"unknown\"\nkernel_side = { value = 3, source = \"a\" }\n\
                 weight_bits = { value = [1, 8], source = \"a\" }\nstate_bits = { value = 16, source = \"a\" }\n\
                 leak = { value = \"shift\", source = \"a\" }\nreset = \"unknown\"\nsynapse_pj = { value = 2.5, source = \"a\" }\n\
                 memory_percent = { value = [50, 75], source = \"a\" }\n";
    [microcontroller, cores].map(|text| text.as_bytes().to_vec()).into()
}

pub(crate) fn read(input: &[u8]) -> bool {
    let Ok(Ok(profile)) = std::str::from_utf8(input).map(Profile::parse) else { return false };
    let check = ChipCheck::new(&profile, &example::graph(), WeightBits::Four, Some(1e5)).expect("a small network");
    assert_eq!(check.fits, check.limits.iter().all(|limit| limit.fits));
    true
}
