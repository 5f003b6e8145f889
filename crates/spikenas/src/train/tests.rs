//! Trainings of a tiny network, whole and interrupted.

use std::cell::Cell;

use super::*;
use crate::data::{Dataset, Fill, Images, Normalisation};
use crate::engine::cpu::Cpu;
use crate::engine::{Decayed, Engine, LossKind, NormOver, evaluate};
use crate::graph::{Graph, NetworkConfig, ParameterKind, Shape};
use crate::progress::{Progress, Silent};
use crate::weights::Weights;
use crate::{Error, Result};

const INPUT: Shape = Shape { channels: 3, height: 8, width: 8 };

fn graph() -> Graph {
    let preset = NetworkConfig::preset("sample").unwrap();
    let config = NetworkConfig { widths: [4, 8], hidden: 16, timesteps: 3, classes: 2, cluster: 2, ..preset };
    Graph::new(&"0313 0021 0004 0000".parse().unwrap(), &config, INPUT).unwrap()
}

/// Every other image is darker.
fn images(count: usize, first: usize) -> Images {
    let wave = |i: usize| 128.0 + 100.0 * ((i * i) as f32 * 0.37).sin();
    let pixels = (first..first + count * INPUT.len()).map(|i| wave(i) as u8 / (1 + (i / INPUT.len() % 2) as u8));
    Images { shape: INPUT, frames: 1, pixels: pixels.collect(), labels: (0..count).map(|i| (i % 2) as u16).collect() }
}

fn dataset() -> Dataset {
    let (train, test) = (images(20, 0), images(6, 20 * INPUT.len()));
    let classes = vec!["light".into(), "dark".into()];
    Dataset {
        name: "images".into(),
        classes,
        train,
        test,
        normalisation: Normalisation::CIFAR10,
        recorded: None,
        notes: vec![],
    }
}

/// What a training keeps.
#[derive(Default)]
struct Kept {
    epochs: Vec<EpochRecord>,
    states: Vec<Checkpoint>,
    model: Option<Weights>,
    paused: Option<Checkpoint>,
}

impl TrainingSink for Kept {
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, is_best: bool) -> Result<()> {
        self.epochs.push(EpochRecord { images_per_second: 0.0, seconds: 0.0, ..record.clone() });
        self.states.push(state.clone());
        if is_best {
            self.model = Some(state.model().clone());
        }
        Ok(())
    }

    fn pause(&mut self, state: &Checkpoint) -> Result<()> {
        self.paused = Some(state.clone());
        Ok(())
    }
}

/// Asks for a stop when it was looked for so many times.
struct StopAfter(Cell<usize>);

impl Progress for StopAfter {
    fn is_cancelled(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

/// A training that is stopped after every `looks` looks for a stop, and goes on from its checkpoint's file.
fn trained(config: &TrainConfig, looks: usize) -> (Checkpoint, Kept) {
    let (graph, dataset, mut kept) = (graph(), dataset(), Kept::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.safetensors");
    let mut start = config.start(&graph, &dataset).unwrap();
    for _ in 0..30 {
        let mut stop = StopAfter(Cell::new(looks));
        match train(config, &graph, &Cpu, &dataset, start, &mut kept, &mut stop) {
            Ok(mut end) => {
                end.learned.seconds = 0.0;
                end.origin = end.origin();
                return (end, kept);
            }
            Err(Error::Interrupted(_)) => {
                kept.paused.take().unwrap().save(&path, &graph).unwrap();
                start = Checkpoint::load(&path, &graph).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it does not end");
}

/// Four epochs of three steps; the same training with stops between steps, epochs and their tests.
fn assert_resumes(config: TrainConfig) -> Kept {
    let config = TrainConfig { epochs: 4, batch: 8, ..config };
    let (end, whole) = trained(&config, usize::MAX);
    for looks in [4, 5] {
        let (resumed, pieces) = trained(&config, looks);
        assert!(resumed == end && pieces.model == whole.model, "stopped after {looks}: {config:?}");
        assert_eq!(pieces.epochs, whole.epochs, "stopped after {looks}: {config:?}");
    }
    let plain = TrainConfig { epochs: 4, batch: 8, ..TrainConfig::default() };
    assert!(config == plain || trained(&plain, usize::MAX).0.model() != end.model(), "changes nothing: {config:?}");
    whole
}

#[test]
fn schedules_and_optimisers_resume_to_the_same_bytes() {
    let default = TrainConfig::default;
    assert_resumes(default());
    let rates = |kept: Kept| kept.epochs.iter().map(|epoch| epoch.learning_rate).collect::<Vec<_>>();
    let config = TrainConfig { schedule: Schedule::CosinePerStep, final_learning_rate: 0.0, ..default() };
    let found = rates(assert_resumes(TrainConfig { warmup_epochs: 1.5, ..config }));
    assert!(found[0] < 0.1 && found[3] == 0.0, "{found:?}");
    assert_resumes(TrainConfig { weight_decay: 0.1, weight_decay_of: Decayed::Weights, ..default() });
    assert_resumes(TrainConfig { loss: LossKind::Timestep, ..default() });
    assert_resumes(TrainConfig { norm_over: NormOver::All, norm_statistics: NormStatistics::Estimated, ..default() });
    assert_resumes(TrainConfig { optimiser: OptimiserKind::Muon, learning_rate: 0.01, ..default() });
    assert_resumes(TrainConfig { optimiser: OptimiserKind::AdamW, learning_rate: 0.01, ..default() });
}

#[test]
fn averages_resume_to_the_same_bytes_and_are_what_is_tested_and_kept() {
    let kept = assert_resumes(TrainConfig { average_epochs: 2, ..TrainConfig::default() });
    let [.., second, third, fourth] = kept.states.as_slice() else { panic!("four epochs") };
    let average = |state: &Checkpoint| state.average.as_ref().map(|average| average.epochs);
    assert_eq!([second, third, fourth].map(average), [None, Some(1), Some(2)]);
    assert!(third.model() != &third.weights, "its batch norms are estimated again");
    let graph = graph();
    for parameter in graph.parameters().into_iter().filter(|parameter| parameter.kind.is_trainable()) {
        let of = |weights: &Weights| weights.values(&parameter.name).to_vec();
        assert_eq!(of(third.model()), of(&third.weights));
        let ends = of(&third.weights).into_iter().zip(of(&fourth.weights));
        for (mean, (third, fourth)) in of(fourth.model()).into_iter().zip(ends) {
            assert!((mean - (third + fourth) / 2.0).abs() < 1e-6, "{}: {mean}", parameter.name);
        }
    }
    let best = kept.states.iter().find(|state| state.epoch == fourth.best_epoch).unwrap();
    assert_eq!(kept.model.as_ref(), Some(best.model()));
    let mut network = Cpu.network(&graph, fourth.model()).unwrap();
    let test = evaluate(network.as_mut(), &dataset().test, &dataset().normalisation, 8, &mut Silent).unwrap();
    assert_eq!(kept.epochs[3].test_loss, Some(test.loss));
}

#[test]
fn estimated_statistics_are_those_of_images_as_they_are_trained_on() {
    let estimated = TrainConfig { norm_statistics: NormStatistics::Estimated, ..TrainConfig::default() };
    let kept = assert_resumes(TrainConfig { average_epochs: 2, ..estimated.clone() });
    let epochs = |state: &Checkpoint| state.average.as_ref().map(|average| average.epochs);
    assert!(kept.states.iter().map(epochs).eq([Some(1), Some(1), Some(1), Some(2)]), "averages begin anew");
    let kept = assert_resumes(estimated.clone());
    let plain = trained(&TrainConfig { epochs: 4, batch: 8, ..TrainConfig::default() }, usize::MAX).1;
    for (state, plain) in kept.states.iter().zip(&plain.states) {
        assert_eq!(state.weights, plain.weights, "what is trained does not depend on it");
        for parameter in graph().parameters() {
            let [tested, trained] = [state.model(), &state.weights].map(|weights| weights.values(&parameter.name));
            assert_eq!(tested == trained, parameter.kind.is_trainable(), "{}", parameter.name);
        }
    }
    // Crops of so much padding are black.
    let black = Images { pixels: vec![0; 20 * INPUT.len()], ..images(20, 0) };
    let config = TrainConfig { epochs: 1, batch: 8, mirror: false, ..estimated };
    let model = |config: TrainConfig, dataset: &Dataset| {
        let start = config.start(&graph(), dataset).unwrap();
        let end = train(&config, &graph(), &Cpu, dataset, start, &mut Kept::default(), &mut Silent).unwrap();
        end.model().clone()
    };
    let cropped = model(TrainConfig { crop_padding: Some(1000), ..config.clone() }, &dataset());
    let as_they_are = TrainConfig { augment: false, ..config };
    assert_eq!(cropped, model(as_they_are.clone(), &Dataset { train: black, ..dataset() }));
    assert_ne!(cropped, model(as_they_are, &dataset()));
}

#[test]
fn augmentations_and_initial_gains_resume_to_the_same_bytes() {
    assert_resumes(TrainConfig { flip: Flip::Alternate, ..TrainConfig::default() });
    assert_resumes(TrainConfig { crop_fill: Fill::Reflect, ..TrainConfig::default() });
    assert_resumes(TrainConfig { norm_gain: 1.5, ..TrainConfig::default() });
}

#[test]
fn initial_gains_are_those_of_batch_norms_alone() {
    let (graph, plain) = (graph(), TrainConfig::default());
    assert_eq!(plain.initial_weights(&graph), Weights::initialised(&graph, 1, 0));
    let larger = TrainConfig { norm_gain: 1.5, ..plain.clone() }.initial_weights(&graph);
    for parameter in graph.parameters() {
        let (values, before) = (larger.values(&parameter.name), plain.initial_weights(&graph));
        match parameter.kind {
            ParameterKind::Scale => assert!(values.iter().all(|&value| value == 1.5), "{}", parameter.name),
            _ => assert_eq!(values, before.values(&parameter.name), "{}", parameter.name),
        }
    }
}

#[test]
fn whitening_filters_come_in_pairs_that_see_different_things_in_the_images() {
    let (graph, dataset) = (graph(), dataset());
    let drawn = TrainConfig::default().start(&graph, &dataset).unwrap().weights;
    let config = TrainConfig { stem_init: StemInit::Whitening, ..TrainConfig::default() };
    let whitening = config.start(&graph, &dataset).unwrap().weights;
    let differs = |name: &&String| whitening.values(name) != drawn.values(name);
    assert_eq!(drawn.tensors().keys().filter(differs).collect::<Vec<_>>(), ["stem.0.weight"]);
    let filters: Vec<&[f32]> = whitening.values("stem.0.weight").chunks_exact(27).collect();
    let norm = |filter: &[f32]| filter.iter().map(|value| value * value).sum::<f32>().sqrt();
    for (filter, before) in filters.iter().zip(drawn.values("stem.0.weight").chunks_exact(27)) {
        assert!((norm(filter) - norm(before)).abs() < 1e-5);
    }
    let scaled =
        |filter: usize, by: f32| filters[filter].iter().map(|value| by * value / norm(filters[filter])).collect();
    for (filter, negative) in [(0, 2), (1, 3)] {
        let (filter, negative): (Vec<f32>, Vec<f32>) = (scaled(filter, 1.0), scaled(negative, -1.0));
        assert!(filter.iter().zip(&negative).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    // What the two different ones answer to all patches of the training images.
    let all: Vec<usize> = (0..dataset.train.len()).collect();
    let pixels = dataset.train.batch(&all, &dataset.normalisation, None).images;
    let answer = |image: &[f32], filter: &[f32], (row, column): (usize, usize)| {
        let weight = |at: usize| filter[at] * image[at / 9 * 64 + (row + at % 9 / 3) * 8 + column + at % 3];
        (0..27).map(weight).sum::<f32>()
    };
    let (mut products, mut squares) = (0.0, [0.0; 2]);
    for image in pixels.chunks_exact(INPUT.len()) {
        for place in (0..6).flat_map(|row| (0..6).map(move |column| (row, column))) {
            let [a, b] = [0, 1].map(|filter| answer(image, filters[filter], place));
            products += a * b;
            squares = [squares[0] + a * a, squares[1] + b * b];
        }
    }
    assert!(products.abs() < 1e-3 * (squares[0] * squares[1]).sqrt(), "{products} of {squares:?}");
    assert!(squares[0] / norm(filters[0]) > squares[1] / norm(filters[1]), "{squares:?}");
}

#[test]
fn images_that_are_all_alike_leave_the_filters_drawn() {
    let (graph, mut dataset) = (graph(), dataset());
    dataset.train.pixels.fill(0);
    dataset.normalisation = Normalisation { mean: vec![0.0; 3].into(), deviation: vec![1.0; 3].into() };
    let config = TrainConfig { stem_init: StemInit::Whitening, ..TrainConfig::default() };
    assert_eq!(config.start(&graph, &dataset).unwrap().weights, config.initial_weights(&graph));
}

#[test]
fn fewer_timesteps_first_resume_to_the_same_bytes_and_leave_a_model_of_all() {
    let config = TrainConfig { first_timesteps: Some(1), first_part: 0.5, ..TrainConfig::default() };
    let kept = assert_resumes(config.clone());
    assert!(kept.epochs.iter().map(|epoch| epoch.timesteps).eq([1, 1, 3, 3].map(Some)));
    // The first epoch is that of the same network with one timestep, tested with three.
    let config = TrainConfig { epochs: 1, first_part: 1.0, batch: 8, ..config };
    let (end, kept) = trained(&config, usize::MAX);
    let (graph, dataset) = (graph(), dataset());
    let mut network = Cpu.network(&graph, &end.weights).unwrap();
    let test = evaluate(network.as_mut(), &dataset.test, &dataset.normalisation, 8, &mut Silent).unwrap();
    assert_eq!((kept.epochs[0].test_loss, kept.epochs[0].timesteps), (Some(test.loss), Some(1)));
    let one = NetworkConfig { timesteps: 1, ..graph.config.clone() };
    let one = Graph::new(&graph.architecture, &one, INPUT).unwrap();
    let start = Checkpoint::start(Weights::initialised(&graph, config.seed, 0), &dataset);
    let plain = TrainConfig { first_timesteps: None, ..config };
    let alone = train(&plain, &one, &Cpu, &dataset, start, &mut Kept::default(), &mut Silent).unwrap();
    assert_eq!(alone.weights, end.weights);
}
