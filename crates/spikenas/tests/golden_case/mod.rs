//! Golden cases: networks that ran in SNASNet's own code, with their weights, images and every number they gave.
//!
//! Each case is `NAME.json` beside `NAME.safetensors`, in `tests/golden` or the folder that `SPIKENAS_GOLDEN` names.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use serde_json::Value;
use spikenas::graph::{Graph, Initialisation, NetworkConfig, Shape};
use spikenas::space::{Architecture, Digits};
use spikenas::weights::{Tensor, Weights};

/// One network that ran in the reference.
#[derive(Clone)]
pub struct GoldenCase {
    /// Name of its files.
    pub name: String,
    /// Everything the reference wrote of it but tensors.
    pub json: Value,
    /// Its network.
    pub graph: Graph,
    /// The weights before the first pass.
    pub weights: Arc<Weights>,
    /// Images, [batch, 3, 32, 32].
    pub input: Vec<f32>,
    /// Images in the batch.
    pub batch: usize,
    tensors: BTreeMap<String, Tensor>,
}

impl GoldenCase {
    /// Every case, by name. Panics when there is none.
    pub fn all() -> Vec<GoldenCase> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = match std::env::var_os("SPIKENAS_GOLDEN") {
            // Cargo runs tests in the crate's folder, but a relative path is meant from the repository's root.
            Some(folder) => here.join("../..").join(folder),
            None => here.join("tests/golden"),
        };
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "json"));
        files.sort();
        let cases: Vec<_> = files.iter().map(|path| GoldenCase::load(path)).collect();
        assert!(!cases.is_empty(), "no golden case in {}", folder.display());
        cases
    }

    fn load(path: &Path) -> GoldenCase {
        let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let tensors = load_tensors(&path.with_extension("safetensors"));
        let input = &tensors["input"];
        let graph = graph(&json, Shape { channels: input.shape[1], height: input.shape[2], width: input.shape[3] });
        let weights = Arc::new(weights(&tensors));
        weights.check(&graph).unwrap();
        let (batch, input) = (input.shape[0], input.values.clone());
        let name = json["case"].as_str().unwrap().to_string();
        GoldenCase { name, json, graph, weights, input, batch, tensors }
    }

    /// The values of a tensor of the safetensors file, by its whole name there. Panics if it is not there.
    pub fn tensor(&self, name: &str) -> Vec<f32> {
        let tensor = self.tensors.get(name).unwrap_or_else(|| panic!("{}: no tensor `{name}`", self.name));
        tensor.values.clone()
    }

    /// Names of the LIF layers in order of execution.
    pub fn lif_order(&self) -> Vec<String> {
        self.json["lif_order"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_string()).collect()
    }

    /// Classes of the images.
    pub fn labels(&self) -> Vec<usize> {
        numbers(&self.json["labels"]).into_iter().map(|label| label as usize).collect()
    }
}

/// A JSON list of numbers.
pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn graph(json: &Value, input: Shape) -> Graph {
    let config = &json["config"];
    let whole = |key: &str| config[key].as_u64().unwrap() as usize;
    let number = |key: &str| config[key].as_f64().unwrap() as f32;
    let network = NetworkConfig {
        cells: 2,
        widths: [whole("c1"), whole("c2")],
        last_pool: whole("second_avgpooling"),
        hidden: whole("classifier_inter"),
        classes: whole("num_class"),
        cluster: whole("num_cluster"),
        timesteps: whole("timesteps"),
        frames: false,
        tau: number("tau"),
        threshold: number("threshold"),
        initialisation: Initialisation::Reference,
    };
    let row = |row: &Value| numbers(row).iter().map(|n| n.to_string()).collect::<String>();
    let matrix: Vec<String> = json["con_mat"].as_array().unwrap().iter().map(row).collect();
    let architecture = Architecture::parse(&matrix.join(" "), Digits::Snasnet).unwrap();
    Graph::new(&architecture, &network, input).unwrap()
}

/// The tensors named `param.…`.
fn weights(tensors: &BTreeMap<String, Tensor>) -> Weights {
    let parameters = tensors.iter().filter_map(|(name, t)| Some((name.strip_prefix("param.")?.to_string(), t.clone())));
    Weights::new(parameters.collect(), 0)
}

/// Every f32 tensor of a safetensors file.
fn load_tensors(path: &Path) -> BTreeMap<String, Tensor> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = file.tensors().into_iter().filter(|(_, view)| view.dtype() == safetensors::Dtype::F32);
    let read = |data: &[u8]| data.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect();
    floats.map(|(name, v)| (name, Tensor { shape: v.shape().to_vec(), values: read(v.data()) })).collect()
}
