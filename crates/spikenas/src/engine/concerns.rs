use super::evaluation::Evaluation;
use crate::graph::layer_place;

/// Layers that are named before the rest is only counted.
const NAMED: usize = 4;

impl Evaluation {
    /// What a test shows of a network that does not work, a line each: layers that are silent or always fire, and an accuracy that
    /// naming the most frequent class reaches as well, where the record tells the classes.
    pub fn concerns(&self) -> Vec<String> {
        let layers = |is: fn(f64) -> bool, what: &str| {
            let silent = self.layers.iter().filter(|l| is(l.firing_rate));
            let names: Vec<String> = silent.map(|l| layer_place(&l.name)).collect();
            let more = if names.len() > NAMED { ", …" } else { "" };
            let first = names[..names.len().min(NAMED)].join(", ");
            let count = format!("{} of {} LIF layers", names.len(), self.layers.len());
            (!names.is_empty()).then(|| format!("{count} {what} ({first}{more}), and pass nothing on"))
        };
        let silent = layers(|rate| rate == 0.0, "never fire, with a firing rate of 0");
        let saturated = layers(|rate| rate == 1.0, "always fire, with a firing rate of 1");
        silent.into_iter().chain(saturated).chain(self.is_chance()).collect()
    }

    fn is_chance(&self) -> Option<String> {
        let most = self.classes.iter().map(|class| class.total).max()?;
        let chance = 100.0 * most as f64 / self.total.max(1) as f64;
        let reached = format!("the accuracy of {:.2} % is that of chance", self.accuracy);
        (self.correct <= most).then(|| format!("{reached}: naming the most frequent class has {chance:.2} %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ClassResult, LayerRate};

    fn tested(correct: usize, rates: &[f64]) -> Vec<String> {
        let layer =
            |(index, &firing_rate): (usize, &f64)| LayerRate { name: format!("lif{index}"), neurons: 1, firing_rate };
        let layers = rates.iter().enumerate().map(layer).collect();
        let accuracy = 25.0 * correct as f64;
        let classes = [1, 2, 1].map(|total| ClassResult { total, ..ClassResult::default() }).into();
        Evaluation { accuracy, correct, total: 4, layers, classes, ..Evaluation::default() }.concerns()
    }

    #[test]
    fn a_network_that_works_gives_no_concern() {
        assert_eq!(tested(3, &[0.1, 0.9]), [""; 0]);
    }

    #[test]
    fn silent_layers_and_chance_are_named() {
        let concerns = tested(2, &[0.1, 0.0, 1.0]);
        assert!(concerns[0].contains("1 of 3 LIF layers never fire") && concerns[0].contains("lif1"), "{concerns:?}");
        assert!(concerns[1].contains("always fire") && concerns[1].contains("lif2"), "{concerns:?}");
        assert!(concerns[2].contains("50.00 % is that of chance"), "{concerns:?}");
        assert!(tested(3, &[0.0; 6])[0].ends_with("(lif0, lif1, lif2, lif3, …), and pass nothing on"));
    }
}
