use peak_alloc::PeakAlloc;

use crate::readers::*;

/// Counts what is allocated.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A function of the library that reads what a user types or a file holds.
pub struct Reader {
    /// Its name, which is that of its folder in `corpus/`.
    pub name: &'static str,
    /// Inputs that it accepts, as the library writes them.
    pub valid: fn() -> Vec<Vec<u8>>,
    /// Reads an input and returns whether it was accepted. Panics where the library does, or breaks a promise.
    read: fn(&[u8]) -> bool,
    /// Bytes that it may allocate for any input.
    memory: usize,
}

const MIB: usize = 1 << 20;
/// Bytes that may be allocated per byte of input: a JSON array of digits takes some 70.
const PER_BYTE: usize = 256;

/// All readers.
pub const READERS: &[Reader] = &[
    Reader { name: "architecture", valid: architecture::valid, read: architecture::read, memory: MIB },
    Reader { name: "budget", valid: budget::valid, read: budget::read, memory: MIB },
    Reader { name: "config", valid: config::valid, read: config::read, memory: 8 * MIB },
    Reader { name: "settings", valid: settings::valid, read: settings::read, memory: 8 * MIB },
    Reader { name: "journal", valid: journal::valid, read: journal::read, memory: 8 * MIB },
    Reader { name: "search", valid: records::searches, read: records::read_search, memory: 64 * MIB },
    Reader { name: "supernet", valid: records::supernets, read: records::read_supernet, memory: 64 * MIB },
    Reader { name: "epochs", valid: records::epochs, read: records::read_epochs, memory: 64 * MIB },
    Reader { name: "evaluation", valid: records::evaluations, read: records::read_evaluation, memory: 64 * MIB },
    Reader { name: "study", valid: records::studies, read: records::read_study, memory: 64 * MIB },
    Reader { name: "seeds", valid: records::seeds, read: records::read_seeds, memory: 64 * MIB },
    Reader { name: "front", valid: records::fronts, read: records::read_front, memory: 64 * MIB },
    Reader { name: "correlation", valid: records::correlations, read: records::read_correlation, memory: 64 * MIB },
    Reader { name: "table", valid: table::valid, read: table::read, memory: 8 * MIB },
    Reader { name: "weights", valid: weights::valid, read: weights::read, memory: 16 * MIB },
    Reader { name: "integers", valid: integers::valid, read: integers::read, memory: 16 * MIB },
    Reader { name: "profile", valid: profile::valid, read: profile::read, memory: MIB },
    Reader { name: "checkpoint", valid: checkpoint::valid, read: checkpoint::read, memory: 16 * MIB },
    Reader { name: "image", valid: image::valid, read: image::read, memory: 300 * MIB },
    Reader { name: "cifar", valid: cifar::valid, read: cifar::read, memory: 8 * MIB },
    Reader { name: "idx", valid: idx::valid, read: idx::read, memory: 8 * MIB },
    Reader { name: "recording", valid: recording::valid, read: recording::read, memory: 64 * MIB },
    Reader { name: "spikes", valid: recordings::spikes, read: recordings::read_spikes, memory: 64 * MIB },
    Reader { name: "gestures", valid: recordings::gestures, read: recordings::read_gestures, memory: 64 * MIB },
    Reader { name: "frames", valid: recordings::frames, read: recordings::read_frames, memory: 64 * MIB },
    Reader { name: "archive", valid: archive::valid, read: archive::read, memory: 8 * MIB },
];

impl Reader {
    /// The reader of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        READERS.iter().find(|reader| reader.name == name)
    }

    /// Reads an input and returns whether it was accepted.
    ///
    /// # Panics
    /// If the library panics, or breaks a promise. One input at a time: allocations of all threads are counted.
    pub fn check(&self, input: &[u8]) -> bool {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let accepted = (self.read)(input);
        let taken = MEMORY.peak_usage().saturating_sub(before);
        let most = self.memory + PER_BYTE * input.len();
        assert!(taken <= most, "{taken} bytes allocated for an input of {}, {most} are the most", input.len());
        accepted
    }
}
