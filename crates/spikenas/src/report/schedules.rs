//! The schedules of learning rates that a training followed.

use std::f64::consts::PI;

use crate::train::{EpochRecord, Position, Schedule, TrainConfig};

/// Epochs in a row that followed one schedule of learning rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// The last of these epochs.
    pub(super) last: usize,
    /// The number of epochs that the schedule is made for.
    pub(super) epochs: usize,
}

/// The schedules that a training followed, as its learning rates tell: more than one where it was resumed with another number of
/// epochs. Only a cosine depends on that number. `images`: those of the dataset, where a record does not count its own.
pub(super) fn schedules(config: &TrainConfig, images: Option<usize>, records: &[EpochRecord]) -> Vec<Followed> {
    let last_step = |record: &EpochRecord| {
        let own = record.images_per_class.as_ref().map(|counts| counts.iter().sum());
        Position::last(record.epoch, own.or(images).map_or(1, |images: usize| images.div_ceil(config.batch).max(1)))
    };
    let is_explained = |record: &EpochRecord, epochs: usize| {
        let config = TrainConfig { epochs, ..config.clone() };
        epochs >= record.epoch && config.learning_rate(last_step(record)) == record.learning_rate
    };
    let mut followed: Vec<Followed> = Vec::new();
    for record in records {
        let explains = |epochs: &usize| is_explained(record, *epochs);
        let before = followed.last().map(|followed| followed.epochs);
        let likely = before.into_iter().chain([config.epochs]);
        let epochs =
            likely.chain(cosine_length(config, record, last_step(record))).find(explains).unwrap_or(config.epochs);
        match followed.last_mut() {
            // The first epoch may have the same learning rate in both.
            Some(last) if last.epochs == epochs || last.last == 1 && is_explained(&records[0], epochs) => {
                *last = Followed { last: record.epoch, epochs }
            }
            _ => followed.push(Followed { last: record.epoch, epochs }),
        }
    }
    followed
}

/// The length of the cosine that has a record's learning rate at its epoch.
fn cosine_length(config: &TrainConfig, record: &EpochRecord, at: Position) -> Option<usize> {
    let (first, last) = (config.learning_rate, config.final_learning_rate);
    let progress = (2.0 * (record.learning_rate - last) / (first - last) - 1.0).acos() / PI;
    let length = match config.schedule {
        Schedule::Cosine => record.epoch.checked_sub(1)? as f64 / progress,
        Schedule::CosinePerStep => (at.before() / progress + 1.0) / at.steps as f64,
        Schedule::Step { .. } | Schedule::Constant => return None,
    };
    length.is_finite().then_some(length.round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epochs that followed schedules of these lengths, each up to an epoch.
    fn trained(config: &TrainConfig, steps: usize, followed: &[(usize, usize)]) -> Vec<EpochRecord> {
        let length = |epoch: usize| followed.iter().find(|&&(last, _)| epoch <= last).unwrap().1;
        let rate =
            |epoch| TrainConfig { epochs: length(epoch), ..config.clone() }.learning_rate(Position::last(epoch, steps));
        let last = followed.last().unwrap().0;
        let record = |epoch| EpochRecord { epoch, learning_rate: rate(epoch), ..EpochRecord::default() };
        (1..=last).map(record).collect()
    }

    #[test]
    fn a_cosine_tells_the_number_of_epochs_that_it_was_made_for() {
        for followed in [
            &[(8, 8)][..],
            &[(8, 8), (12, 12)],
            &[(3, 8), (12, 12)],
            &[(2, 300), (5, 7), (9, 1000)],
            // One epoch alone has the same learning rate in every schedule.
            &[(1, 1)],
        ] {
            let expected: Vec<_> = followed.iter().map(|&(last, epochs)| Followed { last, epochs }).collect();
            for (schedule, final_learning_rate) in [(Schedule::Cosine, 0.001), (Schedule::CosinePerStep, 0.0)] {
                let epochs = followed.last().unwrap().1;
                let config = TrainConfig { epochs, schedule, final_learning_rate, batch: 10, ..TrainConfig::default() };
                // 35 images are 4 steps.
                assert_eq!(schedules(&config, Some(35), &trained(&config, 4, followed)), expected, "{schedule:?}");
            }
        }
    }

    #[test]
    fn what_does_not_depend_on_the_epochs_is_one_schedule() {
        for schedule in [Schedule::Constant, Schedule::Step { epochs: 3 }] {
            let config = TrainConfig { epochs: 12, schedule, ..TrainConfig::default() };
            let found = schedules(&config, None, &trained(&config, 1, &[(8, 8), (12, 12)]));
            assert_eq!(found, [Followed { last: 12, epochs: 12 }]);
        }
        assert!(schedules(&TrainConfig::default(), None, &[]).is_empty());
    }
}
