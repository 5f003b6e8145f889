use super::*;
use crate::graph::{Graph, Initialisation, NetworkConfig, Normalisation, Parameter, ParameterKind, Shape};

fn origin() -> Origin {
    Origin {
        classes: vec!["dark \"grey\"".into(), "light".into()],
        normalisation: Normalisation { mean: vec![0.4913, 0.1, 0.0].into(), deviation: vec![0.247, 1.0, 0.3].into() },
        data: DatasetId { name: "images".into(), fingerprint: "0123456789abcdef".into(), framing: None },
        selection: Selection::default(),
        epoch: 7,
        program: "1.2.3".into(),
        engine: Some("wgpu".into()),
        from: Some(Ancestor { model: "other".into(), checksum: Some("00000000".into()), epoch: None }),
    }
}

fn graph(text: &str) -> Graph {
    let config = NetworkConfig { widths: [4, 8], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
    Graph::new(&text.parse().unwrap(), &config, Shape { channels: 3, height: 8, width: 8 }).unwrap()
}

#[test]
fn equal_parts_of_two_candidates_have_equal_weights() {
    let (a, b) = (graph("0313 0031 0003 0000"), graph("0311 0031 0003 0000"));
    let (wa, wb) = (Weights::initialised(&a, 1, 0), Weights::initialised(&b, 1, 0));
    let shared: Vec<_> = wb.tensors().keys().collect();
    assert!(shared.iter().all(|name| wa.tensors()[*name] == wb.tensors()[*name]));
    assert_ne!(wa, Weights::initialised(&a, 2, 0));
    assert_ne!(wa, Weights::initialised(&a, 1, 1));
}

#[test]
fn convolutions_stay_within_the_reference_bound() {
    let graph = graph("0313 0031 0003 0000");
    let weights = Weights::initialised(&graph, 1, 0);
    let values = weights.values("downconv1.2.weight");
    let bound = (6.0f32 / (5.0 * 36.0)).sqrt();
    assert!(values.iter().all(|v| v.abs() <= bound));
    assert!(values.iter().any(|v| v.abs() > 0.9 * bound));
}

#[test]
fn files_round_trip_with_their_description() {
    let graph = graph("0324 0041 0003 0000/0111 0011 0001 0000");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut weights = Weights::initialised(&graph, 3, 0);
    weights.batches_tracked = 7;
    let origin = origin();
    weights.save(&path, &graph, Some(&origin)).unwrap();
    let model = Model::load(&path).unwrap();
    assert_eq!((&model.weights, model.origin.as_ref()), (&weights, Some(&origin)));
    assert_eq!(model.graph(&path).unwrap(), graph);
    assert!(model.checksum.is_some());
}

#[test]
fn files_cut_at_any_byte_are_errors() {
    let graph = graph("0111 0011 0001 0000");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    Weights::initialised(&graph, 3, 0).save(&path, &graph, Some(&origin())).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 50) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(Model::load(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
    }
}

#[test]
fn a_flipped_bit_is_found_in_whichever_byte() {
    let config =
        NetworkConfig { widths: [1, 1], hidden: 1, cluster: 1, classes: 2, ..NetworkConfig::preset("sample").unwrap() };
    let shape = Shape { channels: 3, height: 8, width: 8 };
    let graph = Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &config, shape).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    Weights::initialised(&graph, 3, 0).save(&path, &graph, Some(&origin())).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for index in 0..whole.len() {
        let bit = index % 8;
        let mut damaged = whole.clone();
        damaged[index] ^= 1 << bit;
        std::fs::write(&path, &damaged).unwrap();
        let found = Model::load(&path).and_then(|model| model.graph(&path));
        let message = found.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains("model.safetensors"), "bit {bit} of byte {index}: {message}");
    }
}

#[test]
fn a_normalisation_of_other_channels_than_the_network_takes_is_refused() {
    let (dir, graph) = (tempfile::tempdir().unwrap(), graph("0111 0011 0001 0000"));
    let path = dir.path().join("model.safetensors");
    let normalisation = Normalisation { mean: vec![0.5].into(), deviation: vec![0.25].into() };
    let of_grey = Origin { normalisation, ..origin() };
    Weights::initialised(&graph, 3, 0).save(&path, &graph, Some(&of_grey)).unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("its normalisation is of 1 channels, and its network takes 3"), "{error}");
}

#[test]
fn files_without_a_checksum_are_read_and_what_can_be_compared_is_compared() {
    let graph = graph("0111 0011 0001 0000");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let weights = Weights::initialised(&graph, 3, 0);
    weights.save(&path, &graph, None).unwrap();
    let rewrite = |from: &str, to: &str| {
        let text = std::fs::read(&path).unwrap();
        let at = text.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        std::fs::write(&path, [&text[..at], to.as_bytes(), &text[at + to.len()..]].concat()).unwrap();
    };
    rewrite("checksum", "somewhat");
    let model = Model::load(&path).unwrap();
    assert_eq!((&model.weights, model.checksum), (&weights, None));
    let mut damaged = weights;
    damaged.set("stem.1.running_var", vec![1.0, -1.0, 1.0, 1.0]);
    let message = damaged.check(&graph).unwrap_err().to_string();
    assert!(message.contains("`stem.1.running_var` holds a variance below zero"), "{message}");
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    let (a, b) = (graph("0111 0011 0001 0000"), graph("0311 0011 0001 0000"));
    let weights = Weights::initialised(&a, 1, 0);
    assert!(weights.check(&b).unwrap_err().to_string().contains("cell1.cell_architecture.0.1.weight` is missing"));
    assert!(Weights::initialised(&b, 1, 0).check(&a).unwrap_err().to_string().contains("does not belong"));
    let mut poisoned = weights;
    poisoned.set("stem.1.weight", vec![f32::NAN; 4]);
    assert!(poisoned.check(&a).unwrap_err().to_string().contains("stem.1.weight"));
}

/// A linear layer whose weights are drawn as [`super::draw`]'s long tensors are; its deviation is 0.01.
fn drawn(outputs: usize, inputs: usize) -> (Vec<f32>, impl Fn(usize, &mut [f32])) {
    let parameter =
        Parameter { name: "classifier.1.weight".into(), shape: vec![outputs, inputs], kind: ParameterKind::Weight };
    let whole = draw(&parameter, Initialisation::Reference, 5, 0);
    let normals = Initialisation::Reference.long_normals(&parameter, 5, 0).unwrap();
    (whole, move |first, out: &mut [f32]| normals.write(first, out))
}

#[test]
fn any_part_of_a_long_tensor_is_drawn_the_same_by_any_thread() {
    let (whole, write) = drawn(1001, 67);
    for (first, length) in [(0, 1), (0, 67), (3, 2), (5, 11), (5, 12), (16, 16), (31, 34), (65_530, 100), (67_066, 1)] {
        let mut part = vec![0.0; length];
        write(first, &mut part);
        assert_eq!(part, whole[first..first + length], "{length} from {first}");
    }
    let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(threads.install(|| drawn(1001, 67).0), whole);
}

#[test]
fn long_tensors_are_normal_and_their_numbers_independent() {
    let numbers: Vec<f64> = drawn(1024, 2048).0.iter().map(|&v| f64::from(v) * 100.0).collect();
    let count = numbers.len() as f64;
    // A mean of many values is within 5 of its deviations.
    let close = |values: &mut dyn Iterator<Item = f64>, mean: f64, deviation: f64, what: &str| {
        let off = (values.sum::<f64>() / count - mean) / (deviation / count.sqrt());
        assert!(off.abs() < 5.0, "{what} is off by {off} deviations");
    };
    // Moments of the normal law: of power 2k, (2k - 1)!!.
    let moments = [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (5, 0.0, 945.0), (6, 15.0, 10_170.0)];
    for (power, mean, variance) in moments {
        close(&mut numbers.iter().map(|v| v.powi(power)), mean, f64::sqrt(variance), &format!("moment {power}"));
    }
    // Probabilities beyond so many deviations on either side.
    for (limit, beyond) in
        [(0.1, 0.920_344_3), (1.0, 0.317_310_5), (2.0, 0.045_500_26), (3.0, 2.699_796e-3), (4.0, 6.334_248e-5)]
    {
        let deviation = f64::sqrt(beyond * (1.0 - beyond));
        for sign in [1.0, -1.0] {
            let tail = |v: &f64| f64::from(u8::from(sign * v > limit));
            close(&mut numbers.iter().map(tail), beyond / 2.0, deviation, &format!("tail {sign} {limit}"));
        }
    }
    // Neighbours, halves of a pair, blocks, rows, chunks.
    for lag in [1, 2, 3, 4, 7, 8, 9, 16, 32, 64, 2048, 65_536] {
        let pairs = || numbers.iter().zip(numbers.iter().cycle().skip(lag));
        close(&mut pairs().map(|(a, b)| a * b), 0.0, 1.0, &format!("correlation at {lag}"));
        let mut squares = pairs().map(|(a, b)| (a * a - 1.0) * (b * b - 1.0));
        close(&mut squares, 0.0, 2.0, &format!("correlation of squares at {lag}"));
    }
}
