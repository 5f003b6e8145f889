use std::path::Path;

use serde::{Deserialize, Serialize};

use super::integer_network::{IntegerConvolution, IntegerHidden, IntegerLayer, IntegerNetwork, IntegerOutput};
use super::packed::{pack, unpack};
use super::pixels::Pixels;
use crate::cost::{Leak, LeakKind, WeightBits};
use crate::graph::{Graph, Normalisation, Source};
use crate::weights::{INTEGER, IntegerKind, Integers, NetworkDescription, Origin, Tensor, TensorFile};
use crate::{Error, Result};

/// An integer network as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerModel {
    /// The network.
    pub network: IntegerNetwork,
    /// What the float network was trained on.
    pub origin: Option<Origin>,
    /// The checksum of the content.
    pub checksum: Option<String>,
}

/// The entry of the metadata, beside those of the network and its origin.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    bits: WeightBits,
    leak: Leak,
    pixels: Pixels,
    normalisation: Normalisation,
    /// What a unit of a score is worth.
    output_unit: f64,
}

impl IntegerModel {
    /// Writes a safetensors file in one step: weights of 8 bits as I8, of fewer packed into U8, a row for each output channel of a
    /// convolution; steps and biases I16, thresholds I32; what units are worth F32.
    pub fn save(&self, path: &Path) -> Result<()> {
        let Self { network, origin, .. } = self;
        let mut file = TensorFile { about: NetworkDescription::of(&network.graph).about(), ..TensorFile::default() };
        file.about.extend(origin.as_ref().map(Origin::about).unwrap_or_default());
        let IntegerNetwork { bits, leak, pixels, normalisation, output, .. } = network;
        let about = About {
            bits: *bits,
            leak: *leak,
            pixels: pixels.clone(),
            normalisation: normalisation.clone(),
            output_unit: output.unit,
        };
        let about = serde_json::to_value(about).map_err(|e| Error::file(path, e.to_string()))?;
        file.about.insert(INTEGER.into(), about);
        network.write(&mut file);
        file.write(path)
    }

    /// Reads what [`IntegerModel::save`] wrote.
    ///
    /// Errors name the file: not there, damaged, a float model, tensors that are not the network's, numbers with which a map could
    /// overflow.
    pub fn load(path: &Path) -> Result<Self> {
        let file = TensorFile::read_any(path)?;
        let damaged = |reason: String| Error::file(path, reason);
        let about =
            file.about.get(INTEGER).ok_or_else(|| damaged("is no integer network: quantise it first".into()))?;
        let about: About = serde_json::from_value(about.clone())
            .map_err(|e| damaged(format!("its description of the integers is damaged ({e})")))?;
        let description = NetworkDescription::read(&file.about).map_err(damaged)?;
        let description = description.ok_or_else(|| damaged("does not say which network it belongs to".into()))?;
        let origin = Origin::read(&file.about).map_err(damaged)?;
        let checksum = file.checksum.clone();
        let graph = description.graph().map_err(|e| damaged(e.to_string()))?;
        let network = IntegerNetwork::of_file(graph, about, &file).map_err(damaged)?;
        Ok(Self { network, origin, checksum })
    }
}

/// What is read, or what is wrong with it.
type Found<T> = std::result::Result<T, String>;

/// Takes tensors out of a file by name, shape and type.
struct Tensors<'a>(&'a TensorFile);

impl Tensors<'_> {
    fn integers<T: TryFrom<i32>>(&self, name: &str, kind: IntegerKind, shape: &[usize]) -> Found<Vec<T>> {
        let found = self.0.integers.get(name).ok_or_else(|| format!("tensor `{name}` is missing"))?;
        if found.kind != kind || found.shape != shape {
            let Integers { kind: other, shape: other_shape, .. } = found;
            return Err(format!("tensor `{name}` is {other:?} {other_shape:?}, the network needs {kind:?} {shape:?}"));
        }
        let fits = |&value: &i32| T::try_from(value).map_err(|_| format!("tensor `{name}` holds {value}"));
        found.values.iter().map(fits).collect()
    }

    fn weights(&self, name: &str, shape: &[usize], bits: WeightBits) -> Found<Vec<i8>> {
        let (rows, columns) = (shape[0], shape[1..].iter().product());
        let weights = match bits {
            WeightBits::Eight => self.integers(name, IntegerKind::I8, shape)?,
            WeightBits::Four | WeightBits::Two => {
                let packed: Vec<u8> = self.integers(name, IntegerKind::U8, &[rows, bits.bytes(columns)])?;
                packed.chunks_exact(bits.bytes(columns)).flat_map(|row| unpack(row, columns, bits)).collect()
            }
        };
        match weights.iter().find(|&&weight| i32::from(weight).abs() > bits.most()) {
            Some(weight) => Err(format!("tensor `{name}` holds {weight}: {bits} bits go to {}", bits.most())),
            None => Ok(weights),
        }
    }

    fn units(&self, name: &str, count: usize) -> Found<Vec<f64>> {
        let found = self.0.tensors.get(name).filter(|tensor| tensor.shape == [count]);
        let found = found.ok_or_else(|| format!("tensor `{name}` of {count} numbers is missing"))?;
        if found.values.iter().any(|unit| !(unit.is_finite() && *unit > 0.0)) {
            return Err(format!("tensor `{name}` holds a unit that is no positive number"));
        }
        Ok(found.values.iter().map(|&unit| f64::from(unit)).collect())
    }
}

/// Puts tensors of whole numbers into a file.
fn put<T: Copy + Into<i32>>(file: &mut TensorFile, name: String, kind: IntegerKind, shape: &[usize], values: &[T]) {
    let values = values.iter().map(|&value| value.into()).collect();
    file.integers.insert(name, Integers { kind, shape: shape.to_vec(), values });
}

fn put_weights(file: &mut TensorFile, name: String, shape: &[usize], weights: &[i8], bits: WeightBits) {
    if bits == WeightBits::Eight {
        return put(file, name, IntegerKind::I8, shape, weights);
    }
    let columns = shape[1..].iter().product();
    let packed: Vec<u8> = weights.chunks_exact(columns).flat_map(|row| pack(row, bits)).collect();
    put(file, name, IntegerKind::U8, &[shape[0], bits.bytes(columns)], &packed);
}

fn put_units(file: &mut TensorFile, name: String, units: &[f64]) {
    let values = units.iter().map(|&unit| unit as f32).collect();
    file.tensors.insert(name, Tensor { shape: vec![units.len()], values });
}

impl IntegerNetwork {
    fn write(&self, file: &mut TensorFile) {
        let Self { stages, bits, .. } = self;
        for (map, convolved) in stages.convolutions() {
            let (name, values) = (stages.label(convolved), self.convolution(map));
            let (shape, outputs) = (convolved.convolution.weight().shape, [values.bias.len()]);
            put_weights(file, format!("{name}.weight"), &shape, &values.weights, *bits);
            put(file, format!("{name}.step"), IntegerKind::I16, &outputs, &values.step);
            put(file, format!("{name}.bias"), IntegerKind::I16, &outputs, &values.bias);
            if convolved.source == Source::Image {
                put(file, format!("{name}.shift"), IntegerKind::U8, &outputs, &values.shift);
            }
        }
        for (layer, values) in stages.layers.iter().zip(&self.layers) {
            let (name, channels) = (layer.name(), [values.threshold.len()]);
            put(file, format!("{name}.threshold"), IntegerKind::I32, &channels, &values.threshold);
            put_units(file, format!("{name}.unit"), &values.unit);
            if let Some((sign, bias)) = &values.norm {
                put(file, format!("{name}.sign"), IntegerKind::I8, &channels, sign);
                put(file, format!("{name}.bias"), IntegerKind::I32, &channels, bias);
            }
        }
        let classifier = &stages.classifier;
        let hidden = [classifier.hidden.outputs, classifier.hidden.inputs];
        put_weights(file, format!("{}.weight", classifier.hidden.name), &hidden, &self.hidden.weights, *bits);
        let name = &classifier.lif.name;
        put(file, format!("{name}.threshold"), IntegerKind::I32, &hidden[..1], &self.hidden.threshold);
        put_units(file, format!("{name}.unit"), &self.hidden.unit);
        let output = [self.output.bias.len(), classifier.output.inputs];
        put_weights(file, format!("{}.weight", classifier.output.name), &output, &self.output.weights, *bits);
        put(file, format!("{}.bias", classifier.output.name), IntegerKind::I32, &output[..1], &self.output.bias);
    }

    fn of_file(graph: Graph, about: About, file: &TensorFile) -> Found<Self> {
        let About { bits, leak, pixels, normalisation, output_unit } = about;
        normalisation.check(graph.input.channels)?;
        let stages = Self::stages_for(&graph, pixels.target).map_err(|e| e.to_string())?;
        if pixels.zero.len() != graph.input.channels || pixels.zero.iter().any(|zero| !(0..=255).contains(zero)) {
            return Err("its zeros are not those of grey levels".into());
        }
        if !(output_unit.is_finite() && output_unit > 0.0) {
            return Err(format!("a unit of {output_unit}"));
        }
        let kinds = [LeakKind::Exact, LeakKind::Shift];
        if !kinds.iter().any(|&kind| Leak::new(&graph.config, Some(kind)).is_ok_and(|own| own == leak)) {
            return Err(format!("{leak:?} is no leak of its network"));
        }
        let limits = leak.limits(pixels.target).map_err(|e| e.to_string())?;
        let tensors = Tensors(file);
        let mut convolutions: Vec<Option<IntegerConvolution>> = stages.maps.iter().map(|_| None).collect();
        for (map, convolved) in stages.convolutions() {
            let (name, outputs) = (stages.label(convolved), [convolved.convolution.outputs]);
            convolutions[map] = Some(IntegerConvolution {
                weights: tensors.weights(&format!("{name}.weight"), &convolved.convolution.weight().shape, bits)?,
                step: tensors.integers(&format!("{name}.step"), IntegerKind::I16, &outputs)?,
                bias: tensors.integers(&format!("{name}.bias"), IntegerKind::I16, &outputs)?,
                shift: match convolved.source {
                    Source::Image => tensors.integers(&format!("{name}.shift"), IntegerKind::U8, &outputs)?,
                    Source::Layer(_) => Vec::new(),
                },
            });
        }
        let layer = |layer: &crate::graph::Spiking| {
            let (name, channels) = (layer.name(), [layer.shape().channels]);
            let norm = match layer.norm {
                Some(_) => Some((
                    tensors.integers(&format!("{name}.sign"), IntegerKind::I8, &channels)?,
                    tensors.integers(&format!("{name}.bias"), IntegerKind::I32, &channels)?,
                )),
                None => None,
            };
            let threshold = tensors.integers(&format!("{name}.threshold"), IntegerKind::I32, &channels)?;
            Ok(IntegerLayer { threshold, norm, unit: tensors.units(&format!("{name}.unit"), channels[0])? })
        };
        let layers = stages.layers.iter().map(layer).collect::<Found<_>>()?;
        let classifier = &stages.classifier;
        let [hidden, output] = [&classifier.hidden, &classifier.output];
        let name = &classifier.lif.name;
        let neurons = [hidden.outputs];
        let network = Self {
            hidden: IntegerHidden {
                weights: tensors.weights(&hidden.weight().name, &[hidden.outputs, hidden.inputs], bits)?,
                threshold: tensors.integers(&format!("{name}.threshold"), IntegerKind::I32, &neurons)?,
                unit: tensors.units(&format!("{name}.unit"), hidden.outputs)?,
            },
            output: IntegerOutput {
                weights: tensors.weights(&output.weight().name, &[graph.outputs(), output.inputs], bits)?,
                bias: tensors.integers(&format!("{}.bias", output.name), IntegerKind::I32, &[graph.outputs()])?,
                unit: output_unit,
            },
            graph,
            bits,
            leak,
            limits,
            pixels,
            normalisation,
            convolutions,
            layers,
            stages,
        };
        network.check()?;
        Ok(network)
    }
}
