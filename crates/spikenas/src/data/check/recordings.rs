use super::contents::{Contents, Duplicate, Duplicates, NAMED, RecordingsContents, SplitContents, relative};
use crate::Result;
use crate::data::recordings::{Collection, Expected, NamedRecordings, shape_of_frames};
use crate::progress::Progress;
use crate::weights::Framing;

/// What recordings hold.
pub(super) fn check(collection: &Collection, framing: Framing, progress: &mut dyn Progress) -> Result<Contents> {
    framing.check()?;
    let survey = collection.survey(progress)?;
    let classes = collection.classes.len();
    let expected = NamedRecordings::of(&collection.source).map(|named| named.expected);
    let counts = collection.counts();
    let complete = expected.is_none_or(|expected| expected.is_met(counts));
    let split = |of_test: bool| {
        let mut per_class = vec![0; classes];
        collection.labels(of_test).into_iter().for_each(|label| per_class[usize::from(label)] += 1);
        let expected = match expected {
            Some(Expected::Splits(expected)) => Some(expected[usize::from(of_test)]),
            _ => None,
        };
        SplitContents { images: counts[usize::from(of_test)], per_class, expected }
    };
    let name = |of_test: bool, index: usize| match collection.place_of(of_test, index) {
        Some(place) => relative(&collection.folder, &place),
        None => index.to_string(),
    };
    let pairs = survey.duplicates.iter().take(NAMED);
    let first = pairs.map(|&[train, test]| Duplicate { train: name(false, train), test: name(true, test) }).collect();
    Ok(Contents {
        source: collection.source.clone(),
        shape: shape_of_frames(framing, survey.sensor),
        grey: 0,
        transparent: 0,
        turned: 0,
        train: split(false),
        test: split(true),
        complete,
        duplicates: Duplicates { count: survey.duplicates.len(), first },
        recordings: Some(RecordingsContents {
            sensor: survey.sensor,
            events: survey.events,
            shortest_us: survey.durations_us[0],
            longest_us: survey.durations_us[1],
            framing,
            simulated: collection.simulated,
        }),
        passed_over: collection.passed_over.clone(),
        notes: collection.notes.clone(),
        classes: collection.classes.clone(),
    })
}
