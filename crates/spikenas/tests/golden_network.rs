//! The trainable network against SNASNet's own code.

mod golden_case;

use golden_case::{GoldenCase, numbers};
use spikenas::network::{Gradients, Mode, Network, Optimiser, Output, device, loss};
use spikenas::random::generator;

/// Networks of both forms: on the kernels, and of Burn's own operations.
fn networks(case: &GoldenCase) -> [Network; 2] {
    let network = Network::new(&case.plan, &case.weights, &device("cpu").unwrap()).unwrap();
    [network.clone(), network.composed()]
}

/// Each case with each of its networks.
fn all(cases: Vec<GoldenCase>) -> impl Iterator<Item = (GoldenCase, Network)> {
    cases.into_iter().flat_map(|case| networks(&case).map(|network| (case.clone(), network)))
}

/// One forward pass in training mode, without dropout.
fn train_pass(network: &mut Network, case: &GoldenCase) -> Output {
    let images = network.images(&case.input);
    network.forward(images, Mode::Train { dropout: 0.0, rng: &mut generator(&[]) })
}

fn assert_logits(case: &GoldenCase, output: &Output, tensor: &str) {
    let logits: Vec<f32> = output.logits.clone().into_data().iter().collect();
    let expected = case.tensor(tensor);
    assert_eq!(logits.len(), expected.len());
    let error = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("{} {tensor}: largest error {error:e}", case.name);
    assert!(error < 1e-5, "{} {tensor}: {error}", case.name);
}

/// Compares spike counts; `expected` gives a layer's count at every timestep.
fn assert_spikes(case: &GoldenCase, output: &Output, expected: impl Fn(&str) -> Vec<f64>) {
    let names: Vec<&str> = output.spikes.iter().map(|s| s.layer.as_str()).collect();
    assert_eq!(names, case.lif_order(), "{}", case.name);
    let mut flips = 0.0;
    for spikes in &output.spikes {
        for (got, expected) in spikes.counts().iter().zip(expected(&spikes.layer)) {
            assert!((got - expected).abs() <= 3.0, "{} {}: {got} spikes, not {expected}", case.name, spikes.layer);
            flips += (got - expected).abs();
        }
    }
    println!("{}: spike counts differ by {flips} in all", case.name);
    assert!(flips <= 10.0, "{}: {flips} flips", case.name);
}

fn assert_training_pass(case: &GoldenCase, network: &mut Network) {
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

fn assert_evaluation(case: &GoldenCase, network: &mut Network) {
    train_pass(network, case);
    let before = network.weights();
    let images = network.images(&case.input);
    let output = network.forward(images, Mode::Evaluate);
    assert_spikes(case, &output, |layer| numbers(&case.json["eval_after1"]["spike_count"][layer]));
    assert_logits(case, &output, "acc_voltage_eval");
    assert_eq!(network.weights(), before);
}

#[test]
fn golden_training_pass_has_the_same_spikes_outputs_and_running_statistics() {
    all(GoldenCase::all()).for_each(|(case, mut network)| assert_training_pass(&case, &mut network));
}

#[test]
fn golden_evaluation_uses_running_statistics() {
    all(GoldenCase::all()).for_each(|(case, mut network)| assert_evaluation(&case, &mut network));
}

fn relative_l2(got: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let difference: Vec<f32> = got.iter().zip(expected).map(|(a, b)| a - b).collect();
    l2(&difference) / l2(expected).max(1e-30)
}

fn l2(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

fn gradients(network: &mut Network, case: &GoldenCase) -> (f64, Gradients) {
    let output = train_pass(network, case);
    let loss = loss(output.logits, &case.labels(), 0.0);
    (loss.clone().into_scalar::<f32>().into(), network.gradients(&loss))
}

fn cases_with_gradients() -> Vec<GoldenCase> {
    GoldenCase::all().into_iter().filter(|case| case.json["grad"].is_object()).collect()
}

fn assert_gradients(case: &GoldenCase, network: &mut Network) {
    let (loss, gradients) = gradients(network, case);
    let grad = &case.json["grad"];
    let names = |key: &str| -> Vec<&str> { grad[key].as_array().unwrap().iter().flat_map(|n| n.as_str()).collect() };
    assert!((loss - grad["loss"].as_f64().unwrap()).abs() < 1e-5, "{}: loss {loss}", case.name);
    let (zeros, stored) = (names("zero_in_exact_arithmetic"), names("stored_full"));
    let mut worst = (0.0, 0.0);
    for (name, expected) in grad["grad_l2"].as_object().unwrap() {
        let got: Vec<f32> = gradients[name].clone().into_data().iter().collect();
        if zeros.contains(&name.as_str()) {
            assert!(got.iter().all(|g| g.abs() < 1e-6), "{} {name} is not zero", case.name);
            continue;
        }
        let expected = expected.as_f64().unwrap();
        let norm_error = (l2(&got) - expected).abs() / expected;
        assert!(norm_error < 1e-4, "{} {name}: norm {} is not {expected}", case.name, l2(&got));
        worst.0 = f64::max(worst.0, norm_error);
        if stored.contains(&name.as_str()) {
            let error = relative_l2(&got, &case.tensor(&format!("grad.{name}")));
            assert!(error < 1e-4, "{} {name}: relative error {error}", case.name);
            worst.1 = f64::max(worst.1, error);
        }
    }
    println!("{}: largest relative error of norms {:e}, of gradients {:e}", case.name, worst.0, worst.1);
}

fn assert_steps(case: &GoldenCase, network: &mut Network) {
    let mut sgd = Optimiser::sgd(0.9, 5e-4);
    for expected in numbers(&case.json["grad"]["sgd_losses"]) {
        let (loss, gradients) = gradients(network, case);
        println!("{}: loss {loss}, reference {expected}", case.name);
        // Chaotic: rounding grows from step to step.
        assert!((loss - expected).abs() < 0.05 * expected, "{}: loss {loss}, not {expected}", case.name);
        sgd.step(network, &gradients, 0.1);
    }
}

#[test]
fn golden_gradients_agree() {
    all(cases_with_gradients()).for_each(|(case, mut network)| assert_gradients(&case, &mut network));
}

#[test]
fn golden_steps_of_gradient_descent_go_the_same_way() {
    all(cases_with_gradients()).for_each(|(case, mut network)| assert_steps(&case, &mut network));
}

/// On a graphics adapter, or a driver that is one in software: the smallest case that has gradients.
#[cfg(feature = "wgpu")]
#[test]
fn golden_case_on_wgpu() {
    let case = GoldenCase::all().into_iter().find(|case| case.name == "g5_avgpool_mix").unwrap();
    let network = || Network::new(&case.plan, &case.weights, &device("wgpu").unwrap()).unwrap();
    assert_training_pass(&case, &mut network());
    assert_evaluation(&case, &mut network());
    assert_gradients(&case, &mut network());
    assert_steps(&case, &mut network());
}
