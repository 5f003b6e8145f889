use crate::{Error, Result};

/// The threads to work with: so many, or as many as the machine has cores.
///
/// Errors: none, or more than there are cores.
pub fn threads(asked: Option<usize>) -> Result<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match asked {
        Some(threads) if threads == 0 || threads > cores => {
            Err(Error::invalid(format!("threads {threads}: this machine has {cores} cores, give 1 to {cores}")))
        }
        asked => Ok(asked.unwrap_or(cores)),
    }
}
