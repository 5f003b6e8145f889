//! The trainable network against SNASNet's own code.

mod golden_case;

use golden_case::{GoldenCase, numbers};
use spikenas::data::Batch;
use spikenas::engine::{Gradients, Lesson, Mode, Network, Optimiser, Output, engine};
use spikenas::random::generator;

/// The engines that every machine has: that on the kernels, and Burn's where it is built.
const ENGINES: &[&str] = &[
    "cpu",
    #[cfg(feature = "burn")]
    "burn",
];

/// A case's network on an engine.
fn network(case: &GoldenCase, device: &str) -> Box<dyn Network> {
    engine(device).unwrap().network(&case.graph, &case.weights).unwrap()
}

/// Each case on each engine.
fn all(cases: Vec<GoldenCase>) -> impl Iterator<Item = (GoldenCase, Box<dyn Network>)> {
    // Burn's engine has no edges back.
    let has = |engine: &str, case: &GoldenCase| engine == "cpu" || case.json["celltype"] != "backward";
    let on_each = move |case: GoldenCase| {
        let engines = ENGINES.iter().filter(|engine| has(engine, &case)).copied().collect::<Vec<_>>();
        engines.into_iter().map(move |engine| (case.clone(), network(&case, engine)))
    };
    cases.into_iter().flat_map(on_each)
}

/// One forward pass in training mode, without dropout.
fn train_pass(network: &mut dyn Network, case: &GoldenCase) -> Output {
    network.forward(&case.input, Mode::Train).unwrap()
}

fn assert_logits(case: &GoldenCase, output: &Output, tensor: &str) {
    let logits = &output.logits;
    let expected = case.tensor(tensor);
    assert_eq!(logits.len(), expected.len());
    let error = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("{} {tensor}: largest error {error:e}", case.name);
    assert!(error < 1e-5, "{} {tensor}: {error}", case.name);
}

/// Compares spike counts; `expected` gives a layer's count at every timestep.
fn assert_spikes(case: &GoldenCase, output: &Output, expected: impl Fn(&str) -> Vec<f64>) {
    let names: Vec<&str> = output.fired.iter().map(|f| f.layer.as_str()).collect();
    assert_eq!(names, case.lif_order(), "{}", case.name);
    let mut flips = 0.0;
    for fired in &output.fired {
        for (got, expected) in fired.counts.iter().map(|&count| count as f64).zip(expected(&fired.layer)) {
            assert!((got - expected).abs() <= 3.0, "{} {}: {got} spikes, not {expected}", case.name, fired.layer);
            flips += (got - expected).abs();
        }
    }
    println!("{}: spike counts differ by {flips} in all", case.name);
    assert!(flips <= 10.0, "{}: {flips} flips", case.name);
}

fn assert_training_pass(case: &GoldenCase, network: &mut dyn Network) {
    let output = train_pass(network, case);
    assert_spikes(case, &output, |layer| numbers(&case.json["lif"][layer]["spike_count"]));
    assert_logits(case, &output, "acc_voltage");
    let weights = network.weights();
    assert_eq!(weights.batches_tracked, 1);
    for name in weights.tensors().keys().filter(|name| name.contains("running")) {
        let expected = case.tensor(&format!("after1.{name}"));
        // Means that are zero in exact arithmetic are compared absolutely.
        let error = relative_l2(weights.values(name), &expected);
        assert!(error < 1e-5 || l2(&expected) < 1e-6, "{} {name}: relative error {error}", case.name);
    }
}

fn assert_evaluation(case: &GoldenCase, network: &mut dyn Network) {
    train_pass(network, case);
    let before = network.weights();
    let output = network.forward(&case.input, Mode::Evaluate).unwrap();
    assert_spikes(case, &output, |layer| numbers(&case.json["eval_after1"]["spike_count"][layer]));
    assert_logits(case, &output, "acc_voltage_eval");
    assert_eq!(network.weights(), before);
}

#[test]
fn golden_training_pass_has_the_same_spikes_outputs_and_running_statistics() {
    all(GoldenCase::all()).for_each(|(case, mut network)| assert_training_pass(&case, network.as_mut()));
}

#[test]
fn golden_evaluation_uses_running_statistics() {
    all(GoldenCase::all()).for_each(|(case, mut network)| assert_evaluation(&case, network.as_mut()));
}

fn relative_l2(got: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let difference: Vec<f32> = got.iter().zip(expected).map(|(a, b)| a - b).collect();
    l2(&difference) / l2(expected).max(1e-30)
}

fn l2(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

/// Loss and gradients of one step without dropout.
fn gradients(network: &mut dyn Network, case: &GoldenCase) -> (f64, Gradients) {
    let batch = Batch { images: case.input.clone(), labels: case.labels() };
    let lesson = Lesson::PLAIN;
    let shown = network.learn(&batch, &lesson, &mut generator(&[])).unwrap();
    (shown.loss, network.gradients())
}

fn cases_with_gradients() -> Vec<GoldenCase> {
    GoldenCase::all().into_iter().filter(|case| case.json["grad"].is_object()).collect()
}

fn assert_gradients(case: &GoldenCase, network: &mut dyn Network) {
    let (loss, gradients) = gradients(network, case);
    let grad = &case.json["grad"];
    let names = |key: &str| -> Vec<&str> { grad[key].as_array().unwrap().iter().flat_map(|n| n.as_str()).collect() };
    assert!((loss - grad["loss"].as_f64().unwrap()).abs() < 1e-5, "{}: loss {loss}", case.name);
    let (zeros, stored) = (names("zero_in_exact_arithmetic"), names("stored_full"));
    let mut worst = (0.0, 0.0);
    for (name, expected) in grad["grad_l2"].as_object().unwrap() {
        let got = &gradients[name];
        if zeros.contains(&name.as_str()) {
            assert!(got.iter().all(|g| g.abs() < 1e-6), "{} {name} is not zero", case.name);
            continue;
        }
        let expected = expected.as_f64().unwrap();
        let norm_error = (l2(got) - expected).abs() / expected;
        assert!(norm_error < 1e-4, "{} {name}: norm {} is not {expected}", case.name, l2(got));
        worst.0 = f64::max(worst.0, norm_error);
        if stored.contains(&name.as_str()) {
            let error = relative_l2(got, &case.tensor(&format!("grad.{name}")));
            assert!(error < 1e-4, "{} {name}: relative error {error}", case.name);
            worst.1 = f64::max(worst.1, error);
        }
    }
    println!("{}: largest relative error of norms {:e}, of gradients {:e}", case.name, worst.0, worst.1);
}

fn assert_steps(case: &GoldenCase, network: &mut dyn Network) {
    let sgd = Optimiser::sgd(0.9, 5e-4);
    for expected in numbers(&case.json["grad"]["sgd_losses"]) {
        let (loss, _) = gradients(network, case);
        println!("{}: loss {loss}, reference {expected}", case.name);
        // Chaotic: rounding grows from step to step.
        assert!((loss - expected).abs() < 0.05 * expected, "{}: loss {loss}, not {expected}", case.name);
        network.step(&sgd, 0.1);
    }
}

#[test]
fn golden_gradients_agree() {
    all(cases_with_gradients()).for_each(|(case, mut network)| assert_gradients(&case, network.as_mut()));
}

#[test]
fn golden_steps_of_gradient_descent_go_the_same_way() {
    all(cases_with_gradients()).for_each(|(case, mut network)| assert_steps(&case, network.as_mut()));
}

/// On a graphics adapter, or a driver that is one in software: the smallest case that has gradients.
#[cfg(feature = "wgpu")]
#[test]
fn golden_case_on_wgpu() {
    let case = GoldenCase::all().into_iter().find(|case| case.name == "g5_avgpool_mix").unwrap();
    assert_training_pass(&case, network(&case, "wgpu").as_mut());
    assert_evaluation(&case, network(&case, "wgpu").as_mut());
    assert_gradients(&case, network(&case, "wgpu").as_mut());
    assert_steps(&case, network(&case, "wgpu").as_mut());
}
