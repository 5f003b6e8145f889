use std::time::Instant;

use serde::Serialize;

use crate::record::Shard;

/// What a shard of a work has done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartRecord {
    /// Its number, from 1 on.
    pub shard: usize,
    /// How many there are.
    pub of: usize,
    /// Scores that this process computed.
    pub scored: usize,
    /// Scores of other shards without which it cannot go on; 0 where its part is done.
    pub lacking: usize,
    /// Wall-clock time, with that of waiting.
    pub seconds: f64,
}

impl PartRecord {
    /// What was done since a moment.
    pub(super) fn new(shard: Shard, scored: usize, lacking: usize, begin: Instant) -> Self {
        let (seconds, of) = (begin.elapsed().as_secs_f64(), shard.count());
        Self { shard: shard.number(), of, scored, lacking, seconds }
    }
}
