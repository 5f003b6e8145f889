//! The integer network of a run: made, kept, tested and exported.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config::RunConfig;
use super::evaluation::{EvaluationRecord, TestedModel};
use super::folder::RunFolder;
use super::testing::{LoadedModel, files_of, test_images, trained_on};
use crate::cost::{DeviceLedger, DeviceLimits, LeakKind, Target, WeightBits};
use crate::data::{DataConfig, Dataset, Images};
use crate::engine::Engine;
use crate::graph::Normalisation;
use crate::progress::Progress;
use crate::quantise::{IntegerModel, IntegerNetwork, LayerRange, evaluate_integer, ranges};
use crate::record::{FORMAT_VERSION, files, read_record_if_there, write_record};
use crate::weights::{Model, Origin};
use crate::{Error, Result};

/// Training images on which the ranges of an integer network are taken.
const CALIBRATION: usize = 256;

/// How an integer network was made: `quantise.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantiseRecord {
    /// Format version.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// The float model.
    pub model: TestedModel,
    /// Training images on which currents were taken.
    pub calibration_images: usize,
    /// The largest currents of each layer.
    pub ranges: Vec<LayerRange>,
    /// Its memory on a device, and its arithmetic.
    pub device: DeviceLedger,
}

/// An integer network from a file, ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedIntegers {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub model: IntegerModel,
}

/// The integer network of a model, with ranges from training images of a dataset.
///
/// Errors: those of [`IntegerNetwork::new`], images that do not fit the network.
pub fn quantise(
    model: &LoadedModel,
    dataset: &Dataset,
    bits: WeightBits,
    leak: Option<LeakKind>,
    target: Target,
) -> Result<(IntegerModel, QuantiseRecord)> {
    let origin = model.model.origin.clone();
    let normalisation: &Normalisation = origin.as_ref().map_or(&dataset.normalisation, |origin| &origin.normalisation);
    crate::engine::check_images(&model.graph, &dataset.train)?;
    let network = IntegerNetwork::new(&model.graph, &model.model.weights, normalisation, bits, leak, target);
    let network = network.map_err(|e| if e.is_usage() { e } else { Error::file(&model.path, e.to_string()) })?;
    let count = dataset.train.len().min(CALIBRATION);
    let indices: Vec<usize> = (0..dataset.train.len()).collect();
    let mut random = crate::random::generator(&[crate::random::name_key("calibration")]);
    let chosen: Images = dataset.train.pick(&dataset.train.even_part(&indices, count, &mut random));
    let record = QuantiseRecord {
        version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        model: TestedModel::of(model.model.checksum.as_ref(), origin.as_ref()),
        calibration_images: chosen.len(),
        ranges: ranges(&network, &chosen),
        device: DeviceLedger::of_stages(&model.graph, &network.stages, (bits, network.leak), None),
    };
    Ok((IntegerModel { network, origin, checksum: None }, record))
}

/// The integer network of a run that is for a device, made, kept and tested beside the float network; nothing where the run is for
/// none. One that was made of the run's weights before, or of those that were tuned from them, stays.
///
/// Errors: those of [`quantise`] and [`LoadedIntegers::test`].
pub fn for_device(
    folder: &RunFolder,
    config: &RunConfig,
    dataset: &Dataset,
    engine: &dyn Engine,
    progress: &mut dyn Progress,
) -> Result<Option<EvaluationRecord>> {
    let Some(DeviceLimits { bits, leak, .. }) = config.search.device else { return Ok(None) };
    let float = folder.load_model(config)?;
    if folder.has_integers_of(&float, bits)? {
        progress.note(&format!("{} is kept as it is", folder.integer_path().display()));
    } else {
        let (integers, record) = quantise(&float, dataset, bits, leak, Target::default())?;
        folder.keep_integers(&integers, &record)?;
    }
    let test = folder.load_integers()?.test(Some(&float), dataset, engine, progress)?;
    folder.keep_integer_evaluation(&test)?;
    Ok(Some(test))
}

impl LoadedIntegers {
    /// Reads an integer network. Errors name the file.
    pub fn load(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_path_buf(), model: IntegerModel::load(path)? })
    }

    fn origin(&self) -> Option<&Origin> {
        self.model.origin.as_ref()
    }

    /// Where the images were that its float network was trained on; CIFAR's are looked for in `data_dir`.
    ///
    /// Errors: its file does not say.
    pub fn trained_on(&self, data_dir: &Path) -> Result<DataConfig> {
        trained_on(&self.path, self.origin(), data_dir)
    }

    /// Names of its classes, where it tells them.
    pub fn classes(&self) -> &[String] {
        self.origin().map_or(&[], |origin| &origin.classes)
    }

    /// Tests it on a dataset's test images, beside its float network where that is given.
    ///
    /// Errors: other classes than the images', and those of [`evaluate_integer`].
    pub fn test(
        &self,
        float: Option<&LoadedModel>,
        dataset: &Dataset,
        engine: &dyn Engine,
        progress: &mut dyn Progress,
    ) -> Result<EvaluationRecord> {
        let network = &self.model.network;
        let (images, normalisation) = test_images(&self.path, self.origin(), &network.graph, dataset, progress)?;
        if normalisation != network.normalisation {
            let reason = format!("was made for the normalisation {:?}, not {normalisation:?}", network.normalisation);
            return Err(Error::file(&self.path, reason));
        }
        let mut float = float.map(|float| engine.network(&float.graph, &float.model.weights)).transpose()?;
        let float = float.as_mut().map(|float| float.as_mut() as &mut dyn crate::engine::Network);
        let mut test = evaluate_integer(network, float, &images, progress)?;
        let classes = self.origin().map_or(&dataset.classes, |origin| &origin.classes);
        test.result = test.result.illustrated(&images, classes, &files_of(dataset)?);
        test.result.concerns().iter().for_each(|concern| progress.note(&format!("warning: {concern}")));
        Ok(EvaluationRecord::integer(test, &self.model, dataset.id()))
    }
}

impl RunFolder {
    /// `integer.safetensors`: the integer network.
    pub fn integer_path(&self) -> PathBuf {
        self.path().join("integer.safetensors")
    }

    /// `integer.json`: the last test of the integer network on the run's own images.
    pub fn integer_evaluation_path(&self) -> PathBuf {
        self.path().join("integer.json")
    }

    /// `quantise.json`: how the integer network was made.
    pub fn quantise_path(&self) -> PathBuf {
        self.path().join("quantise.json")
    }

    /// Keeps an integer network and how it was made.
    pub fn keep_integers(&self, model: &IntegerModel, record: &QuantiseRecord) -> Result<()> {
        model.save(&self.integer_path())?;
        write_record(&self.quantise_path(), record)
    }

    /// Whether there is an integer network with weights of so many bits, made of a model of the run or of what was tuned from it.
    fn has_integers_of(&self, model: &LoadedModel, bits: WeightBits) -> Result<bool> {
        let record: Option<QuantiseRecord> = read_record_if_there(&self.quantise_path())?;
        let Some(record) = record.filter(|record| record.device.bits == bits) else { return Ok(false) };
        let tuned = self.tuning_path(bits).join("model.safetensors");
        let tuned = if files::is_there(&tuned)? { Model::load(&tuned)?.checksum } else { None };
        let is_of = |checksum: &Option<String>| checksum.is_some() && record.model.checksum == *checksum;
        Ok(files::is_there(&self.integer_path())? && (is_of(&model.model.checksum) || is_of(&tuned)))
    }

    /// The run's integer network. Errors: there is none, or its file is damaged.
    pub fn load_integers(&self) -> Result<LoadedIntegers> {
        if !files::is_there(&self.integer_path())? {
            return Err(Error::file(self.path(), "has no integer network: quantise it first"));
        }
        LoadedIntegers::load(&self.integer_path())
    }

    /// Keeps the last test of the integer network.
    pub fn keep_integer_evaluation(&self, record: &EvaluationRecord) -> Result<()> {
        write_record(&self.integer_evaluation_path(), record)
    }
}
