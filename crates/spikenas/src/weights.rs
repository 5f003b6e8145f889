//! The numbers of a network under the names of SNASNet's state dict: drawn, read from and written to safetensors files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};

use crate::files::write_atomically;
use crate::plan::{Initialisation, NetworkConfig, Parameter, ParameterKind, Plan, Shape};
use crate::random::{generator, name_key};
use crate::space::Architecture;
use crate::{Error, Result};

/// The classifier's first linear layer, whose law differs from the second's.
const HIDDEN_WEIGHT: &str = "classifier.1.weight";

/// Name of the counter that PyTorch keeps beside every batch norm.
const BATCHES_TRACKED: &str = "num_batches_tracked";

/// A dense tensor of f32, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Elements.
    pub values: Vec<f32>,
}

/// What a weights file says of the network that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkDescription {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its settings.
    pub config: NetworkConfig,
    /// Shape of its images.
    pub input: Shape,
}

impl NetworkDescription {
    /// The description of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self { architecture: plan.architecture.clone(), config: plan.config.clone(), input: plan.input }
    }

    /// Lays the network out.
    pub fn plan(&self) -> Result<Plan> {
        Plan::new(&self.architecture, &self.config, self.input)
    }
}

/// Every tensor of a network's state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// Forward passes in training mode so far.
    pub batches_tracked: u64,
}

impl Weights {
    /// Draws the weights of an untrained network.
    ///
    /// Convolutions from SNASNet's Kaiming-uniform law, `U(-b, b)` with `b = sqrt(6 / (5 fan_in))`; batch norms 1 and 0;
    /// linear layers normal, see [`Initialisation`]; biases 0. See [`draw`] for the generators.
    pub fn initialised(plan: &Plan, seed: u64, repeat: u64) -> Self {
        let initialisation = plan.config.initialisation;
        let tensors = plan.parameters().into_iter().map(|parameter| {
            let values = draw(&parameter, initialisation, seed, repeat);
            (parameter.name, Tensor { shape: parameter.shape, values })
        });
        Self { tensors: tensors.collect(), batches_tracked: 0 }
    }

    /// Weights from tensors by name.
    pub fn new(tensors: BTreeMap<String, Tensor>, batches_tracked: u64) -> Self {
        Self { tensors, batches_tracked }
    }

    /// The values of a tensor. Panics if it is not there: only weights that [`Weights::check`] accepts are asked.
    pub fn values(&self, name: &str) -> &[f32] {
        &self.tensors[name].values
    }

    /// All tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// Replaces the values of a tensor; lengths must agree.
    pub fn set(&mut self, name: &str, values: Vec<f32>) {
        if let Some(tensor) = self.tensors.get_mut(name) {
            debug_assert_eq!(tensor.values.len(), values.len(), "{name}");
            tensor.values = values;
        }
    }

    /// Whether these are the weights of a plan: every tensor there, with its shape, finite, and no other.
    pub fn check(&self, plan: &Plan) -> Result<()> {
        let parameters = plan.parameters();
        for parameter in &parameters {
            let Some(tensor) = self.tensors.get(&parameter.name) else {
                return Err(Error::invalid(format!("tensor `{}` is missing", parameter.name)));
            };
            if tensor.shape != parameter.shape {
                return Err(Error::invalid(format!(
                    "tensor `{}` has shape {:?}, the network needs {:?}",
                    parameter.name, tensor.shape, parameter.shape
                )));
            }
            if tensor.values.iter().any(|v| !v.is_finite()) {
                return Err(Error::invalid(format!("tensor `{}` holds a value that is not finite", parameter.name)));
            }
        }
        match self.tensors.keys().find(|name| parameters.iter().all(|p| &p.name != *name)) {
            Some(name) => Err(Error::invalid(format!("tensor `{name}` does not belong to the network"))),
            None => Ok(()),
        }
    }

    /// Reads a safetensors file and what it says of its network, if it does.
    ///
    /// Errors name the file: not there, not safetensors, a tensor that is not f32.
    pub fn load(path: &Path) -> Result<(Self, Option<NetworkDescription>)> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let wrong = |reason: String| Error::file(path, reason);
        let broken = |e: safetensors::SafeTensorError| wrong(format!("not a whole safetensors file ({e})"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let description = metadata.metadata().as_ref().map_or(Ok(None), read_description).map_err(wrong)?;
        let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let (mut tensors, mut batches_tracked) = (BTreeMap::new(), 0);
        for (name, view) in file.tensors() {
            if name.ends_with(BATCHES_TRACKED) {
                if name.starts_with("stem") {
                    batches_tracked = little_endian(view.data(), u64::from_le_bytes).first().copied().unwrap_or(0);
                }
                continue;
            }
            if view.dtype() != Dtype::F32 {
                return Err(wrong(format!("tensor `{name}` is {:?}, not F32", view.dtype())));
            }
            let values = little_endian(view.data(), f32::from_le_bytes);
            tensors.insert(name, Tensor { shape: view.shape().to_vec(), values });
        }
        Ok((Self { tensors, batches_tracked }, description))
    }

    /// Writes a safetensors file in one step, with the plan's description in its metadata.
    pub fn save(&self, path: &Path, plan: &Plan) -> Result<()> {
        let mut views: Vec<(String, Bytes)> = Vec::new();
        for (name, tensor) in &self.tensors {
            let data = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            views.push((name.clone(), Bytes { dtype: Dtype::F32, shape: tensor.shape.clone(), data }));
            if let Some(module) = name.strip_suffix("running_mean") {
                let steps = if name.starts_with("stem") { 1 } else { plan.config.timesteps as u64 };
                let data = (self.batches_tracked * steps).to_le_bytes().to_vec();
                views.push((format!("{module}{BATCHES_TRACKED}"), Bytes { dtype: Dtype::I64, shape: vec![], data }));
            }
        }
        let metadata =
            description_metadata(&NetworkDescription::of(plan)).map_err(|e| Error::file(path, e.to_string()))?;
        let file = serialize(views, Some(metadata)).map_err(|e| Error::file(path, e.to_string()))?;
        write_atomically(path, |out| out.write_all(&file))
    }
}

/// Draws one tensor of an untrained network.
///
/// Every tensor has a generator of its own, keyed by seed, repeat, place and operation (its name and shape), so that
/// equal parts of two candidates get equal weights.
pub fn draw(parameter: &Parameter, initialisation: Initialisation, seed: u64, repeat: u64) -> Vec<f32> {
    let mut key = vec![seed, repeat, name_key("weights"), name_key(&parameter.name)];
    key.extend(parameter.shape.iter().map(|&n| n as u64));
    let mut rng = generator(&key);
    let count = parameter.shape.iter().product();
    match (parameter.kind, parameter.shape.as_slice()) {
        (ParameterKind::Scale | ParameterKind::RunningVariance, _) => vec![1.0; count],
        (ParameterKind::Weight, [_, fan_in @ .., _, _]) if !fan_in.is_empty() => {
            let fan_in: usize = parameter.shape[1..].iter().product();
            let bound = (6.0 / (5.0 * fan_in as f64)).sqrt() as f32;
            (0..count).map(|_| rng.random_range(-bound..bound)).collect()
        }
        (ParameterKind::Weight, [outputs, inputs]) => {
            let gain = if parameter.name == HIDDEN_WEIGHT { 20.0 } else { 10.0 };
            let deviation = match initialisation {
                Initialisation::Reference => 0.01,
                Initialisation::Scaled => (gain / *inputs as f64).sqrt() as f32,
            };
            let unit: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(outputs * inputs).collect();
            unit.into_iter().map(|z| deviation * z).collect()
        }
        _ => vec![0.0; count],
    }
}

fn little_endian<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| read(chunk)).collect()
}

fn description_metadata(description: &NetworkDescription) -> serde_json::Result<HashMap<String, String>> {
    Ok(HashMap::from([
        ("format".to_string(), "pt".to_string()),
        ("spikenas.architecture".to_string(), description.architecture.to_string()),
        ("spikenas.network".to_string(), serde_json::to_string(&description.config)?),
        ("spikenas.input".to_string(), serde_json::to_string(&description.input)?),
    ]))
}

fn read_description(metadata: &HashMap<String, String>) -> std::result::Result<Option<NetworkDescription>, String> {
    let field = |key: &str| metadata.get(&format!("spikenas.{key}"));
    let (Some(architecture), Some(config), Some(input)) = (field("architecture"), field("network"), field("input"))
    else {
        return Ok(None);
    };
    let wrong = |e: serde_json::Error| format!("its description of the network is damaged: {e}");
    Ok(Some(NetworkDescription {
        architecture: architecture.parse().map_err(|e: Error| e.to_string())?,
        config: serde_json::from_str(config).map_err(wrong)?,
        input: serde_json::from_str(input).map_err(wrong)?,
    }))
}

/// An owned tensor on its way into a file.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let config = NetworkConfig { widths: [4, 8], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
        Plan::new(&text.parse().unwrap(), &config, Shape { channels: 3, height: 8, width: 8 }).unwrap()
    }

    #[test]
    fn equal_parts_of_two_candidates_have_equal_weights() {
        let (a, b) = (plan("0313 0031 0003 0000"), plan("0311 0031 0003 0000"));
        let (wa, wb) = (Weights::initialised(&a, 1, 0), Weights::initialised(&b, 1, 0));
        let shared: Vec<_> = wb.tensors().keys().collect();
        assert!(shared.iter().all(|name| wa.tensors()[*name] == wb.tensors()[*name]));
        assert_ne!(wa, Weights::initialised(&a, 2, 0));
        assert_ne!(wa, Weights::initialised(&a, 1, 1));
    }

    #[test]
    fn convolutions_stay_within_the_reference_bound() {
        let plan = plan("0313 0031 0003 0000");
        let weights = Weights::initialised(&plan, 1, 0);
        let values = weights.values("downconv1.2.weight");
        let bound = (6.0f32 / (5.0 * 36.0)).sqrt();
        assert!(values.iter().all(|v| v.abs() <= bound));
        assert!(values.iter().any(|v| v.abs() > 0.9 * bound));
    }

    #[test]
    fn files_round_trip_with_their_description() {
        let plan = plan("0324 0041 0003 0000/0111 0011 0001 0000");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let mut weights = Weights::initialised(&plan, 3, 0);
        weights.batches_tracked = 7;
        weights.save(&path, &plan).unwrap();
        let (read, description) = Weights::load(&path).unwrap();
        assert_eq!(read, weights);
        assert_eq!(description.unwrap().plan().unwrap(), plan);
        read.check(&plan).unwrap();
    }

    #[test]
    fn files_cut_at_any_byte_are_errors() {
        let plan = plan("0111 0011 0001 0000");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        Weights::initialised(&plan, 3, 0).save(&path, &plan).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 50) {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Weights::load(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
        }
    }

    #[test]
    fn weights_of_another_network_are_refused_by_name() {
        let (a, b) = (plan("0111 0011 0001 0000"), plan("0311 0011 0001 0000"));
        let weights = Weights::initialised(&a, 1, 0);
        assert!(weights.check(&b).unwrap_err().to_string().contains("cell1.cell_architecture.0.1.weight` is missing"));
        assert!(Weights::initialised(&b, 1, 0).check(&a).unwrap_err().to_string().contains("does not belong"));
        let mut poisoned = weights;
        poisoned.set("stem.1.weight", vec![f32::NAN; 4]);
        assert!(poisoned.check(&a).unwrap_err().to_string().contains("stem.1.weight"));
    }
}
