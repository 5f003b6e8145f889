use super::evaluation::{ClassResult, Evaluation, LayerRate, OverTime, TestedImage};
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
    mistakes: Vec<TestedImage>,
    /// The first of each class so far.
    samples: Vec<TestedImage>,
    over_time: Option<OverTime>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        let (spikes, classes) = (vec![0; graph.lifs().count()], vec![ClassResult::default(); graph.outputs()]);
        Self { graph, top5: 0, loss: 0.0, spikes, classes, mistakes: Vec::new(), samples: Vec::new(), over_time: None }
    }

    /// Adds an image of a class.
    pub(crate) fn add(&mut self, index: usize, logits: &[f32], label: usize) {
        let predicted = predicted(logits);
        self.classes[label].add(predicted, predicted == label);
        self.top5 += usize::from(is_among_highest(logits, label, 5));
        self.loss += cross_entropy(logits, label);
        let (is_first, is_mistake) = (self.classes[label].total == 1, predicted != label);
        if is_first || is_mistake {
            let share = shares(logits)[predicted];
            let image = TestedImage { index, file: None, class: label, predicted, share, picture: None, frames: None };
            // Logits that overflow have no shares.
            self.samples.extend((is_first && share.is_finite()).then(|| image.clone()));
            if is_mistake && share.is_finite() {
                self.keep(image);
            }
        }
    }

    /// The sample whose spikes are told timestep by timestep, once all images are added.
    pub(crate) fn first_sample(&self) -> Option<usize> {
        self.samples.iter().min_by_key(|sample| sample.class).map(|sample| sample.index)
    }

    /// Takes note of what was fired while an image was shown alone.
    pub(crate) fn show_over_time(&mut self, index: usize, fired: Vec<Fired>) {
        self.over_time = Some(OverTime { index, spikes: fired.into_iter().map(|fired| fired.counts).collect() });
    }

    /// Keeps a mistake if it is among the most certain; of equally certain ones the first.
    fn keep(&mut self, mistake: TestedImage) {
        let place = self.mistakes.partition_point(|kept| kept.share >= mistake.share);
        if place < Evaluation::MISTAKES {
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
    pub(crate) fn finish(mut self, total: usize) -> Evaluation {
        // Of many classes some, evenly from all.
        self.samples.sort_by_key(|sample| sample.class);
        let count = self.samples.len();
        let samples = if count <= Evaluation::SAMPLES {
            self.samples
        } else {
            (0..Evaluation::SAMPLES).map(|at| self.samples[at * count / Evaluation::SAMPLES].clone()).collect()
        };
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
            samples,
            over_time: self.over_time,
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
    fn the_first_image_of_each_class_is_a_sample() {
        let graph = graph();
        let mut tally = Tally::new(&graph);
        for (index, label) in [2, 2, 0, 1, 0].into_iter().enumerate() {
            tally.add(index, &[5.0, 0.0, 0.0], label);
        }
        assert_eq!(tally.first_sample(), Some(2));
        tally.show_over_time(2, vec![Fired { layer: "lif".into(), counts: vec![3, 4] }]);
        let test = tally.finish(5);
        let samples: Vec<_> = test.samples.iter().map(|s| (s.index, s.class, s.predicted)).collect();
        assert_eq!(samples, [(2, 0, 0), (3, 1, 0), (0, 2, 0)]);
        assert_eq!(test.over_time, Some(OverTime { index: 2, spikes: vec![vec![3, 4]] }));

        let config = NetworkConfig { classes: 25, ..graph.config.clone() };
        let many = Graph::new(&graph.architecture, &config, graph.input).unwrap();
        let mut tally = Tally::new(&many);
        (0..25).for_each(|label| tally.add(label, &[0.0; 25], label));
        let classes: Vec<usize> = tally.finish(25).samples.iter().map(|sample| sample.class).collect();
        assert_eq!(classes, [0, 2, 5, 7, 10, 12, 15, 17, 20, 22]);
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
