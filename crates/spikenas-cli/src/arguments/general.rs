//! Seed, threads and the form of the result.

use clap::Args;
use spikenas::{Error, Result};

/// Seed, threads and form of the result.
#[derive(Args, Clone)]
#[command(next_help_heading = "General")]
pub struct CommonArguments {
    /// Seed of everything that is drawn [default: 1]
    #[arg(short = 's', long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub machine: MachineArguments,
}

impl CommonArguments {
    /// The seed, where none was given 1.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }
}

/// Threads and form of the result.
#[derive(Args, Clone)]
#[command(next_help_heading = "General")]
pub struct MachineArguments {
    /// Threads, at most as many as the machine has cores [default: all cores]
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Print the result as one JSON document
    #[arg(long)]
    pub json: bool,
}

impl MachineArguments {
    /// Starts the threads.
    pub fn start_threads(&self) -> Result<()> {
        let threads = spikenas::engine::threads(self.threads)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|e| {
            Error::io("threads")(std::io::Error::other(format!("{threads} cannot be started ({e}): lower --threads")))
        })
    }
}
