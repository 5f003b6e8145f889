//! The forward pass on the kernels and the scores, against SNASNet's own numbers.

mod golden_case;

use std::sync::Arc;

use golden_case::{GoldenCase, numbers};
use serde_json::Value;
use spikenas::engine::cpu::{Isa, LayerParameters, Membranes, Spikes, Trace, forward};
use spikenas::engine::{Firing, Mode};
use spikenas::score::{Activity, KernelKind, KernelMatrix, log_abs_determinant};
use spikenas::weights::Weights;
use spikenas_kernels::hamming_distances;

/// Spikes that may differ, where a membrane is within rounding of its threshold: per layer and timestep, and in all.
const FLIPS: (u64, u64) = (3, 10);

fn pass(case: &GoldenCase, isa: Isa, mode: Mode, membranes: Option<&mut Membranes>) -> Trace {
    forward(&case.graph, &LayerParameters::given(&case.weights, isa), &case.input, mode, membranes).unwrap()
}

/// Runs the check on every case and every instruction set of the machine.
fn on_every_case(check: impl Fn(&GoldenCase, Isa)) {
    for case in GoldenCase::all() {
        for isa in Isa::supported() {
            check(&case, isa);
        }
    }
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.as_f64().unwrap(),
    }
}

fn counts_by_step(trace: &Trace, layer: usize) -> Vec<u64> {
    trace.layers[layer].spikes.counts().chunks(trace.samples).map(|step| step.iter().sum()).collect()
}

/// Compares spike counts by layer and timestep; returns how many differ in all.
fn compare_spikes(case: &GoldenCase, isa: Isa, trace: &Trace, expected: impl Fn(&str) -> Value) -> u64 {
    let names: Vec<String> = trace.layers.iter().map(|l| l.name.clone()).collect();
    assert_eq!(names, case.lif_order(), "{}", case.name);
    let mut flips = 0;
    for (layer, name) in names.iter().enumerate() {
        for (step, (got, want)) in counts_by_step(trace, layer).into_iter().zip(numbers(&expected(name))).enumerate() {
            let difference = got.abs_diff(want as u64);
            assert!(difference <= FLIPS.0, "{} {isa:?} {name} step {step}: {got} spikes, not {want}", case.name);
            flips += difference;
        }
    }
    assert!(flips <= FLIPS.1, "{} {isa:?}: {flips} flips", case.name);
    flips
}

/// A tolerance that holds while all spikes agree; the few flips that are allowed change everything a little.
fn tolerance(exact: f64, flips: u64) -> f64 {
    if flips == 0 { exact } else { exact.max(0.05) }
}

/// Flips of a first pass in training mode.
fn flips(case: &GoldenCase, isa: Isa, trace: &Trace) -> u64 {
    compare_spikes(case, isa, trace, |name| case.json["lif"][name]["spike_count"].clone())
}

fn assert_close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(got == want || (got - want).abs() <= tolerance, "{what}: {got}, not {want}");
}

/// The kernel matrix of a network's spikes.
fn kernel_matrix(isa: Isa, kind: KernelKind, trace: &Trace) -> KernelMatrix {
    let activity = |spikes: &Spikes| {
        let firing = Firing {
            samples: trace.samples,
            neurons: spikes.pixels() * spikes.channels(),
            counts: &spikes.counts(),
            distances: &|step| hamming_distances(isa, spikes, trace.samples, step),
            membranes: None,
        };
        Activity::new(&[kind], &firing)
    };
    let layers: Vec<Activity> = trace.layers.iter().map(|layer| activity(&layer.spikes)).collect();
    KernelMatrix::total(kind, &layers, trace.samples, trace.timesteps)
}

fn compare_scores(case: &GoldenCase, isa: Isa, trace: &Trace, flips: u64, scores: &Value) {
    let what = |key: &str| format!("{} {isa:?} {key}", case.name);
    let score = |kind: KernelKind| kernel_matrix(isa, kind, trace).log_abs_determinant();
    let relative = |key: &str, got: f64| {
        let want = number(&scores[key]);
        assert_close(&what(key), got, want, tolerance(1e-8, flips) * want.abs());
    };
    relative("score_exact_f64", score(KernelKind::Sahd));
    relative("eq4_logabsdet", score(KernelKind::Hamming));
    relative("sah_logabsdet", score(KernelKind::SahdUnscaled));
    assert_close(&what("score_ref"), score(KernelKind::Sahd), number(&scores["score_ref"]), tolerance(1e-3, flips));
}

fn norm(values: impl IntoIterator<Item = f32>) -> f64 {
    values.into_iter().map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

fn assert_vectors_close(what: &str, got: &[f32], want: &[f32], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let difference = norm(got.iter().zip(want).map(|(a, b)| a - b));
    // Means that are zero in exact arithmetic are pure rounding noise: below 0.1 a value is compared absolutely.
    let size = norm(want.iter().copied()).max(0.1 * (want.len() as f64).sqrt());
    assert!(difference <= tolerance * size, "{what}: differs by {difference} of {size}");
}

#[test]
fn golden_spikes_and_firing_rates() {
    on_every_case(|case, isa| {
        let trace = pass(case, isa, Mode::Train, None);
        let flips = flips(case, isa, &trace);
        for (layer, spikes) in trace.layers.iter().enumerate() {
            let lif = &case.json["lif"][&spikes.name];
            let neurons = lif["neurons"].as_u64().unwrap();
            assert_eq!(neurons as usize, spikes.spikes.pixels() * spikes.spikes.channels());
            let rates =
                counts_by_step(&trace, layer).into_iter().map(|c| c as f64 / (neurons * case.batch as u64) as f64);
            for (rate, want) in rates.zip(numbers(&lif["firing_rate"])) {
                assert_close(&format!("{} {} firing rate", case.name, spikes.name), rate, want, 1e-4);
            }
            let per_sample: Vec<f64> =
                lif["spike_count_per_sample"].as_array().unwrap().iter().flat_map(numbers).collect();
            let differ =
                spikes.spikes.counts().iter().zip(&per_sample).map(|(a, b)| a.abs_diff(*b as u64)).sum::<u64>();
            assert!(differ <= flips, "{} {}: counts of samples differ by {differ}", case.name, spikes.name);
        }
    });
}

#[test]
fn golden_kernel_matrices() {
    on_every_case(|case, isa| {
        let trace = pass(case, isa, Mode::Train, None);
        let flips = flips(case, isa, &trace);
        for (key, kind, exact) in [
            ("K_exact_f64", KernelKind::Sahd, 1e-12),
            ("K_eq4_sum", KernelKind::Hamming, 0.0),
            ("K_sah_sum", KernelKind::SahdUnscaled, 1e-12),
        ] {
            let want: Vec<f64> = case.json[key].as_array().unwrap().iter().flat_map(numbers).collect();
            let got = kernel_matrix(isa, kind, &trace).values;
            for (got, want) in got.iter().zip(&want) {
                assert_close(
                    &format!("{} {isa:?} {key}", case.name),
                    *got,
                    *want,
                    tolerance(exact, flips) * want.abs(),
                );
            }
            assert_eq!(got.len(), want.len());
        }
    });
}

#[test]
fn golden_scores() {
    on_every_case(|case, isa| {
        let trace = pass(case, isa, Mode::Train, None);
        compare_scores(case, isa, &trace, flips(case, isa, &trace), &case.json["scores"]);
        let exact: Vec<f64> = case.json["K_exact_f64"].as_array().unwrap().iter().flat_map(numbers).collect();
        let want = number(&case.json["scores"]["score_exact_f64"]);
        assert_close(&case.name, log_abs_determinant(&exact, case.batch), want, 1e-8 * want.abs());
    });
}

#[test]
fn golden_output_and_running_statistics() {
    on_every_case(|case, isa| {
        let trace = pass(case, isa, Mode::Train, None);
        let flips = flips(case, isa, &trace);
        let want = case.tensor("acc_voltage");
        assert_eq!(trace.output.len(), want.len());
        for (got, want) in trace.output.iter().zip(&want) {
            let tolerance = tolerance(1e-5, flips);
            assert_close(&format!("{} {isa:?} output", case.name), f64::from(*got), f64::from(*want), tolerance);
        }
        for (name, (mean, variance)) in &trace.running {
            for (tensor, got) in [("running_mean", mean), ("running_var", variance)] {
                let want = case.tensor(&format!("after1.{name}.{tensor}"));
                assert_vectors_close(
                    &format!("{} {isa:?} {name}.{tensor}", case.name),
                    got,
                    &want,
                    tolerance(1e-5, flips),
                );
            }
        }
        let norms = case.graph.parameters().iter().filter(|p| p.name.ends_with("running_mean")).count();
        assert_eq!(trace.running.len(), norms);
    });
}

#[test]
fn golden_second_pass_without_reset() {
    on_every_case(|case, isa| {
        let mut membranes = Membranes::new();
        pass(case, isa, Mode::Train, Some(&mut membranes));
        let trace = pass(case, isa, Mode::Train, Some(&mut membranes));
        let expected = &case.json["second_pass_without_reset"];
        let flips = compare_spikes(case, isa, &trace, |name| expected["spike_count"][name].clone());
        compare_scores(case, isa, &trace, flips, &expected["scores"]);
        let want = expected["acc_voltage_l2"].as_f64().unwrap();
        assert_close(&format!("{} output", case.name), norm(trace.output), want, tolerance(1e-5, flips) * want);
    });
}

#[test]
fn golden_evaluation_mode() {
    on_every_case(|case, isa| {
        let first = pass(case, isa, Mode::Train, None);
        let mut weights = Weights::clone(&case.weights);
        for (name, (mean, variance)) in first.running {
            weights.set(&format!("{name}.running_mean"), mean);
            weights.set(&format!("{name}.running_var"), variance);
        }
        let parameters = LayerParameters::given(&Arc::new(weights), isa);
        let trace = forward(&case.graph, &parameters, &case.input, Mode::Evaluate, None).unwrap();
        let expected = &case.json["eval_after1"];
        let flips = compare_spikes(case, isa, &trace, |name| expected["spike_count"][name].clone());
        for (got, want) in trace.output.iter().zip(&case.tensor("acc_voltage_eval")) {
            let tolerance = tolerance(1e-5, flips);
            assert_close(&format!("{} {isa:?} output", case.name), f64::from(*got), f64::from(*want), tolerance);
        }
    });
}

#[test]
fn golden_passes_are_the_same_bits_on_every_instruction_set_and_thread_count() {
    let case = &GoldenCase::all()[0];
    let reference = pass(case, Isa::Portable, Mode::Train, None);
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for isa in Isa::supported() {
            let trace = pool.install(|| pass(case, isa, Mode::Train, None));
            let same = trace.layers.iter().zip(&reference.layers).all(|(a, b)| a.spikes == b.spikes);
            assert!(same && trace.running == reference.running, "{} {isa:?} {threads} threads", case.name);
        }
    }
}
