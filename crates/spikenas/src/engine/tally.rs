use super::evaluation::{ClassResult, Evaluation, LayerRate, Mistake};
use super::loss::{cross_entropy, predicted, shares};
use super::network::Fired;
use crate::graph::{Graph, Lif};

/// Sums over the images tested so far.
pub(crate) struct Tally<'a> {
    graph: &'a Graph,
    top5: usize,
    loss: f64,
    /// Spikes of each LIF layer.
    spikes: Vec<u64>,
    classes: Vec<ClassResult>,
    /// The most certain ones, in order.
    mistakes: Vec<Mistake>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        let (spikes, classes) = (vec![0; graph.lifs().count()], vec![ClassResult::default(); graph.outputs()]);
        Self { graph, top5: 0, loss: 0.0, spikes, classes, mistakes: Vec::new() }
    }

    /// Adds an image of a class.
    pub(crate) fn add(&mut self, index: usize, logits: &[f32], label: usize) {
        let predicted = predicted(logits);
        self.classes[label].add(predicted, predicted == label);
        self.top5 += usize::from(is_among_highest(logits, label, 5));
        self.loss += cross_entropy(logits, label);
        if predicted != label {
            let share = shares(logits)[predicted];
            self.keep(Mistake { index, file: None, class: label, predicted, share, picture: None });
        }
    }

    /// Keeps a mistake if it is among the most certain; of equally certain ones the first.
    fn keep(&mut self, mistake: Mistake) {
        let place = self.mistakes.partition_point(|kept| kept.share >= mistake.share);
        // Logits that overflow have no shares.
        if mistake.share.is_finite() && place < Evaluation::MISTAKES {
            self.mistakes.insert(place, mistake);
            self.mistakes.truncate(Evaluation::MISTAKES);
        }
    }

    /// Adds what the LIF layers fired on a batch.
    pub(crate) fn add_spikes(&mut self, fired: &[Fired]) {
        for (count, fired) in self.spikes.iter_mut().zip(fired) {
            *count += fired.counts.iter().sum::<u64>();
        }
    }

    /// The result over `total` images.
    pub(crate) fn finish(self, total: usize) -> Evaluation {
        let timesteps = (total * self.graph.config.timesteps) as f64;
        let lifs: Vec<&Lif> = self.graph.lifs().map(|(_, lif)| lif).collect();
        let neurons: usize = lifs.iter().map(|l| l.shape.len()).sum();
        let layers = lifs.iter().zip(&self.spikes).map(|(lif, &spikes)| {
            let neurons = lif.shape.len();
            LayerRate { name: lif.name.clone(), neurons, firing_rate: spikes as f64 / (neurons as f64 * timesteps) }
        });
        let correct = self.classes.iter().map(|class| class.correct).sum();
        Evaluation {
            accuracy: 100.0 * correct as f64 / total as f64,
            top5_accuracy: 100.0 * self.top5 as f64 / total as f64,
            correct,
            total,
            loss: self.loss / total as f64,
            firing_rate: self.spikes.iter().sum::<u64>() as f64 / (neurons as f64 * timesteps),
            layers: layers.collect(),
            classes: self.classes,
            mistakes: self.mistakes,
        }
    }
}

/// Whether fewer than `count` classes come before a class: those with a higher logit, and equal ones before it.
fn is_among_highest(logits: &[f32], label: usize, count: usize) -> bool {
    let comes_before =
        |(class, &logit): (usize, &f32)| logit > logits[label] || (logit == logits[label] && class < label);
    logits.iter().enumerate().filter(|&l| comes_before(l)).count() < count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Taken;
    use crate::graph::{NetworkConfig, Shape};

    #[test]
    fn the_highest_logits_are_counted_with_the_first_of_equal_ones() {
        let among = |label| is_among_highest(&[0.1, 0.7, 0.7, -1.0], label, 2);
        assert_eq!([0, 1, 2, 3].map(among), [false, true, true, false]);
    }

    fn graph() -> Graph {
        let config = NetworkConfig { classes: 3, ..NetworkConfig::preset("sample").unwrap() };
        let cell = "0313 0031 0003 0000".parse().unwrap();
        Graph::new(&cell, &config, Shape { channels: 3, height: 32, width: 32 }).unwrap()
    }

    #[test]
    fn each_class_knows_what_its_images_were_taken_for() {
        let graph = graph();
        let mut tally = Tally::new(&graph);
        for (index, (logits, label)) in
            [([0.0, 9.0, 0.0], 1), ([2.0, 1.0, 0.0], 1), ([0.0, 1.0, 0.0], 1), ([0.0, 0.0, 3.0], 2)].iter().enumerate()
        {
            tally.add(index, logits, *label);
        }
        let test = tally.finish(4);
        assert_eq!((test.correct, test.total, test.accuracy), (3, 4, 75.0));
        assert_eq!(test.classes[1].predicted, [Taken { class: 0, count: 1 }, Taken { class: 1, count: 2 }]);
        assert_eq!([0, 1, 2].map(|c| test.classes[c].total), [0, 3, 1]);
        assert_eq!((test.classes[0].accuracy(), test.classes[2].accuracy()), (None, Some(100.0)));
        let mistake = &test.mistakes[0];
        assert_eq!((test.mistakes.len(), mistake.index, mistake.class, mistake.predicted), (1, 1, 1, 0));
        let share = 2f64.exp() / (2f64.exp() + 1f64.exp() + 1.0);
        assert!((mistake.share - share).abs() < 1e-12, "{}", mistake.share);
    }

    #[test]
    fn the_most_certain_mistakes_are_kept_in_order_and_equal_ones_as_they_came() {
        let graph = graph();
        let mut tally = Tally::new(&graph);
        for index in 0..100 {
            tally.add(index, &[(index % 10) as f32, 0.0, 0.0], 1);
        }
        tally.add(100, &[f32::INFINITY, 0.0, 0.0], 1);
        let indices: Vec<usize> = tally.finish(101).mistakes.iter().map(|m| m.index).collect();
        assert_eq!(indices, [9, 19, 29, 39, 49, 59, 69, 79, 89, 99, 8, 18]);
    }
}
