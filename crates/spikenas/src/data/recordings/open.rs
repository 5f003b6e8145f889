use super::collection::Collection;
use super::count::{Frames, count};
use super::kept::Kept;
use super::stamp::Stamp;
use crate::Result;
use crate::data::dataset::{Dataset, Recorded};
use crate::data::folder::passed_over_note;
use crate::data::images::Images;
use crate::graph::Normalisation;
use crate::progress::Progress;
use crate::weights::Framing;
use crate::{Error, counted};

impl Collection {
    /// The frames of all recordings: those that are kept, or new ones, which are kept from then on where that is possible.
    ///
    /// Errors: settings out of range, a recording that cannot be read, recordings of two sensors, frames that do not fit the memory, a stop
    /// that was asked for.
    pub fn open(self, framing: Framing, progress: &mut dyn Progress) -> Result<Dataset> {
        framing.check()?;
        let kept = Kept::of(&self, framing);
        let mut notes = self.notes.clone();
        notes.extend(passed_over_note(&self.passed_over));
        let frames = match kept.read(progress)? {
            Some(frames) => frames,
            None => {
                let before = Stamp::of(&self)?;
                let frames = count(&self, framing, progress)?;
                match kept.write(&frames, &before, progress) {
                    Err(Error::Interrupted(reason)) => return Err(Error::Interrupted(reason)),
                    Err(error) => notes.push(format!("the frames are not kept, and made anew each time ({error})")),
                    Ok(()) => {}
                }
                frames
            }
        };
        let Frames { shape, train, test, saturated, .. } = frames;
        if saturated > 0 {
            notes.push(format!("{} of pixels above 255 events are 255", counted(saturated, "count")));
        }
        if self.simulated {
            notes.push("simulated recordings".into());
        }
        let split = |pixels, of_test| Images { shape, frames: framing.frames, pixels, labels: self.labels(of_test) };
        let (train, test) = (split(train, false), split(test, true));
        Ok(Dataset {
            name: self.source.to_string(),
            classes: self.classes,
            normalisation: Normalisation::of_counts(&train),
            train,
            test,
            recorded: Some(Recorded { framing, simulated: self.simulated }),
            notes,
        })
    }
}
