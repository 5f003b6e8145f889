use super::checkpoint::Checkpoint;
use crate::{Error, Result};

/// The mean cross entropy from which a training is lost: on average, the probability of an image's class is below the smallest
/// number above zero that f32 has, `2^-149`. The probabilities that gradients are made of are then zeros and ones, and say
/// nothing of how to return to a lower loss. A guess among 65,536 classes costs 11.1.
const LOST: f64 = 149.0 * std::f64::consts::LN_2;

/// Where a training is when it is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its learning rate.
    pub learning_rate: f64,
}

impl Moment {
    /// Whether a loss of a step is a number.
    pub fn check_step(self, loss: f64) -> Result<()> {
        if loss.is_finite() { Ok(()) } else { Err(Error::NotFinite(self.words(&format!("the loss became {loss}")))) }
    }

    /// Whether a mean loss over many images is one from which a training can go on.
    pub fn check_mean(self, what: &str, loss: f64) -> Result<()> {
        // A NaN is not below the limit either.
        if loss < LOST {
            Ok(())
        } else {
            Err(Error::Diverged(self.words(&format!("the {what} loss became {loss:.4e}"))))
        }
    }

    /// Whether a state is finite, so that it may be kept.
    pub fn check_state(self, state: &Checkpoint) -> Result<()> {
        match state.not_finite() {
            Some(name) => Err(Error::NotFinite(self.words(&format!("`{name}` became not finite")))),
            None => Ok(()),
        }
    }

    fn words(self, what: &str) -> String {
        format!("{what} in epoch {}: lower the learning rate (it was {})", self.epoch, self.learning_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_is_a_number_but_absurd_is_lost() {
        let moment = Moment { epoch: 3, learning_rate: 0.5 };
        for loss in [0.0, 2.3, 40.0, 103.0] {
            moment.check_mean("training", loss).unwrap();
        }
        for loss in [104.0, 1e28, f64::INFINITY, f64::NAN] {
            let error = moment.check_mean("training", loss).unwrap_err();
            let text = error.to_string();
            assert!(!error.is_usage() && text.contains("epoch 3") && text.contains("(it was 0.5)"), "{text}");
        }
        assert!(f32::from_bits(1) == (-LOST).exp() as f32);
    }
}
