use super::*;
use crate::graph::{Graph, NetworkConfig, Shape};

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
    weights.save(&path, &graph).unwrap();
    let (read, description) = Weights::load(&path).unwrap();
    assert_eq!(read, weights);
    assert_eq!(description.unwrap().graph().unwrap(), graph);
    read.check(&graph).unwrap();
}

#[test]
fn files_cut_at_any_byte_are_errors() {
    let graph = graph("0111 0011 0001 0000");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    Weights::initialised(&graph, 3, 0).save(&path, &graph).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 50) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(Weights::load(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
    }
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
