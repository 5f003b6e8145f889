//! Work that several processes share.

use clap::Args;
use spikenas::record::Shard;

/// The part of a work that is done.
#[derive(Args, Clone)]
#[command(next_help_heading = "Several machines")]
pub struct ShardArguments {
    /// Score part I of N, and end: N processes, on any machines, share the work in one folder, and `spikenas merge` makes the
    /// result of it; repeated after an interruption, a part continues
    #[arg(long, value_name = "I/N", requires = "out")]
    pub shard: Option<Shard>,
}
