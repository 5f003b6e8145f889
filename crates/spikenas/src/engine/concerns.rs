use super::evaluation::Evaluation;
use crate::data::Images;

/// Layers that are named before the rest is only counted.
const NAMED: usize = 4;

impl Evaluation {
    /// What a test on these images shows of a network that does not work, a line each: layers that are silent or always fire, and an
    /// accuracy that naming the most frequent class reaches as well.
    pub fn concerns(&self, images: &Images) -> Vec<String> {
        let layers = |is: fn(f64) -> bool, what: &str| {
            let names: Vec<&str> = self.layers.iter().filter(|l| is(l.firing_rate)).map(|l| l.name.as_str()).collect();
            let more = if names.len() > NAMED { ", …" } else { "" };
            let first = names[..names.len().min(NAMED)].join(", ");
            let count = format!("{} of {} LIF layers", names.len(), self.layers.len());
            (!names.is_empty()).then(|| format!("{count} {what} ({first}{more}), and pass nothing on"))
        };
        let silent = layers(|rate| rate == 0.0, "never fire, with a firing rate of 0");
        let saturated = layers(|rate| rate == 1.0, "always fire, with a firing rate of 1");
        silent.into_iter().chain(saturated).chain(self.is_chance(images)).collect()
    }

    fn is_chance(&self, images: &Images) -> Option<String> {
        let classes = images.labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
        let most = images.count_by_class(classes).into_iter().max().unwrap_or(0);
        let chance = 100.0 * most as f64 / images.len().max(1) as f64;
        let reached = format!("the accuracy of {:.2} % is that of chance", self.accuracy);
        (self.correct <= most).then(|| format!("{reached}: naming the most frequent class has {chance:.2} %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LayerRate;
    use crate::graph::Shape;

    fn tested(correct: usize, rates: &[f64]) -> Vec<String> {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let images = Images { shape, pixels: vec![0; 12], labels: vec![0, 1, 1, 2] };
        let layer =
            |(index, &firing_rate): (usize, &f64)| LayerRate { name: format!("lif{index}"), neurons: 1, firing_rate };
        let layers = rates.iter().enumerate().map(layer).collect();
        let accuracy = 25.0 * correct as f64;
        let evaluation = Evaluation {
            accuracy,
            top5_accuracy: 100.0,
            correct,
            total: 4,
            loss: 1.0,
            firing_rate: 0.1,
            layers,
            classes: Vec::new(),
            mistakes: Vec::new(),
        };
        evaluation.concerns(&images)
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
