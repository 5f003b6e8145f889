//! The learning rate of a step.

use super::config::TrainConfig;
use super::schedule::{Position, Schedule};

impl TrainConfig {
    /// Learning rate of a step: the schedule's, in the first `warmup_epochs` times `(steps before it + 1) / steps of the warm-up`.
    pub fn learning_rate(&self, at: Position) -> f64 {
        let [done, warmup] = [at.before() + 1.0, self.warmup_epochs * at.steps as f64];
        let scheduled = self.scheduled_rate(at);
        if done < warmup { scheduled * (done / warmup) } else { scheduled }
    }

    fn scheduled_rate(&self, at: Position) -> f64 {
        match self.schedule {
            Schedule::Cosine => self.cosine((at.epoch - 1) as f64 / self.epochs as f64),
            Schedule::CosinePerStep => {
                let last = Position::last(self.epochs, at.steps).before();
                self.cosine(if last > 0.0 { at.before() / last } else { 0.0 })
            }
            Schedule::Step { epochs } => self.learning_rate * 0.1f64.powf(((at.epoch - 1) / epochs) as f64),
            Schedule::Constant => self.learning_rate,
        }
    }

    /// Half a cosine from the first learning rate to the final one.
    fn cosine(&self, progress: f64) -> f64 {
        let fraction = (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0;
        self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(config: &TrainConfig, epoch: usize, step: usize) -> f64 {
        config.learning_rate(Position { epoch, step, steps: 4 })
    }

    #[test]
    fn the_schedule_is_half_a_cosine() {
        let config = TrainConfig { epochs: 100, ..TrainConfig::default() };
        assert_eq!([rate(&config, 1, 0), rate(&config, 1, 3)], [0.1; 2]);
        assert!((rate(&config, 51, 2) - 0.0505).abs() < 1e-12);
        assert!((rate(&config, 101, 0) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn steps_divide_the_rate_by_ten() {
        let config = TrainConfig { schedule: Schedule::Step { epochs: 2 }, ..TrainConfig::default() };
        let rates = [1, 2, 3, 5].map(|epoch| rate(&config, epoch, 1));
        for (rate, expected) in rates.into_iter().zip([0.1, 0.1, 0.01, 0.001]) {
            assert!((rate - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_cosine_per_step_ends_at_the_final_rate() {
        let per_step = TrainConfig { schedule: Schedule::CosinePerStep, epochs: 3, ..TrainConfig::default() };
        let config = TrainConfig { final_learning_rate: 0.0, ..per_step };
        let rates: Vec<f64> = (0..12).map(|step| rate(&config, 1 + step / 4, step % 4)).collect();
        assert_eq!((rates[0], rates[11]), (0.1, 0.0));
        for (step, rate) in rates.iter().enumerate() {
            let expected = 0.05 + 0.05 * (std::f64::consts::PI * step as f64 / 11.0).cos();
            assert!((rate - expected).abs() < 1e-12, "step {step}: {rate}");
        }
        let only = TrainConfig { epochs: 1, ..config };
        assert_eq!(only.learning_rate(Position { epoch: 1, step: 0, steps: 1 }), 0.1, "the only step learns");
    }

    #[test]
    fn a_warm_up_rises_by_the_step_to_the_rate_of_the_schedule() {
        let constant = TrainConfig { schedule: Schedule::Constant, ..TrainConfig::default() };
        let config = TrainConfig { warmup_epochs: 1.25, ..constant };
        let rates = [(1, 0), (1, 3), (2, 0), (2, 1), (9, 0)].map(|(epoch, step)| rate(&config, epoch, step));
        for (rate, expected) in rates.into_iter().zip([0.02, 0.08, 0.1, 0.1, 0.1]) {
            assert!((rate - expected).abs() < 1e-12, "{rates:?}");
        }
        let none = TrainConfig { warmup_epochs: 0.1, ..config };
        assert_eq!(rate(&none, 1, 0), 0.1, "shorter than a step");
    }
}
