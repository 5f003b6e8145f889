//! How recordings of events become frames.

use clap::Args;
use spikenas::data::events::Split;
use spikenas::data::{Framing, Source};

/// How recordings of events become frames.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Recordings of events")]
pub struct FramingArguments {
    /// Frames of a recording, a timestep of the network each [default: 10]
    #[arg(long, value_name = "N")]
    pub frames: Option<usize>,
    /// What each frame has: as many events (number) or as many microseconds (time) [default: number]
    #[arg(long, value_name = "HOW")]
    pub split_by: Option<Split>,
    /// Pixels of a side that are added up to one [default: 1, or what is usual for a dataset with a name]
    #[arg(long, value_name = "N")]
    pub downscale: Option<u16>,
    /// Count events that became darker and brighter together
    #[arg(long)]
    pub merge_polarities: bool,
}

impl FramingArguments {
    /// The frames that these options ask for, with those of a run or a model in the place of what is usual; none where nothing asks for
    /// any.
    pub fn framing(&self, source: &Source, recorded: Option<Framing>) -> Option<Framing> {
        let &Self { frames, split_by, downscale, merge_polarities } = self;
        if frames.is_none() && split_by.is_none() && downscale.is_none() && !merge_polarities {
            return recorded;
        }
        let usual = recorded.unwrap_or(source.framing());
        Some(Framing {
            frames: frames.unwrap_or(usual.frames),
            split: split_by.unwrap_or(usual.split),
            scale: downscale.unwrap_or(usual.scale),
            merges_polarities: merge_polarities || usual.merges_polarities,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_that_of_the_run_or_the_usual() {
        let none = FramingArguments::default();
        let run = Framing { frames: 16, merges_polarities: true, ..Framing::default() };
        let source = Source::Folder("waves".into());
        assert_eq!((none.framing(&source, None), none.framing(&source, Some(run))), (None, Some(run)));
        let said = FramingArguments { downscale: Some(2), ..none };
        assert_eq!(said.framing(&source, None), Some(Framing { scale: 2, ..Framing::default() }));
        assert_eq!(said.framing(&source, Some(run)), Some(Framing { scale: 2, ..run }));
    }
}
