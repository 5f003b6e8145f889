use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::config::RunConfig;
use super::evaluation::EvaluationRecord;
use super::folder::RunFolder;
use crate::data::{DataConfig, Dataset, Images, Normalisation, Source, test_files};
use crate::engine::{BATCH, Engine, evaluate};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::weights::{DatasetId, Model, Origin};
use crate::{Error, Result};

/// A trained network from a file, ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedModel {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub model: Model,
    /// The network that it describes, which fits its weights.
    pub graph: Graph,
}

/// Reads a model. Errors name the file: damaged, or without a description of its network.
pub fn load_model(path: &Path) -> Result<LoadedModel> {
    let model = Model::load(path)?;
    let graph = model.graph(path)?;
    Ok(LoadedModel { path: path.to_path_buf(), model, graph })
}

impl LoadedModel {
    /// The test images of a dataset as the model knows them: labelled in the order of its classes, to be normalised as the images
    /// that it learned with.
    ///
    /// Classes are matched by their names. A model that does not tell its own is taken at its word where the number agrees, with
    /// a warning. Errors name the classes of both.
    pub fn test_images<'a>(
        &self,
        dataset: &'a Dataset,
        progress: &mut dyn Progress,
    ) -> Result<(Cow<'a, Images>, Normalisation)> {
        test_images(&self.path, self.model.origin.as_ref(), &self.graph, dataset, progress)
    }

    /// Tests it on a dataset's test images.
    ///
    /// Errors: those of [`LoadedModel::test_images`] and [`evaluate`].
    pub fn test(
        &self,
        dataset: &Dataset,
        engine: &dyn Engine,
        progress: &mut dyn Progress,
    ) -> Result<EvaluationRecord> {
        let (images, normalisation) = self.test_images(dataset, progress)?;
        let network = engine.network(&self.graph, &self.model.weights);
        let mut network = network.map_err(|e| Error::file(&self.path, e.to_string()))?;
        let classes = self.model.origin.as_ref().map_or(&dataset.classes, |origin| &origin.classes);
        let files = files_of(dataset)?;
        let result = evaluate(network.as_mut(), &images, &normalisation, BATCH, progress)?;
        let result = result.illustrated(&images, classes, &files);
        result.concerns().iter().for_each(|concern| progress.note(&format!("warning: {concern}")));
        Ok(EvaluationRecord::new(result, &self.model, dataset.id(), engine.name()))
    }

    /// Where the images were that it was trained on; CIFAR's are looked for in `data_dir`.
    ///
    /// Errors: its file does not say.
    pub fn trained_on(&self, data_dir: &Path) -> Result<DataConfig> {
        trained_on(&self.path, self.model.origin.as_ref(), data_dir)
    }

    /// Whether it was trained on these very images; unknown where its file does not say.
    pub fn is_trained_on(&self, data: &DatasetId) -> Option<bool> {
        self.model.origin.as_ref().map(|origin| origin.data.fingerprint == data.fingerprint)
    }
}

/// See [`LoadedModel::test_images`]; of a float or an integer model.
pub(super) fn test_images<'a>(
    path: &Path,
    origin: Option<&Origin>,
    graph: &Graph,
    dataset: &'a Dataset,
    progress: &mut dyn Progress,
) -> Result<(Cow<'a, Images>, Normalisation)> {
    let Some(Origin { classes, normalisation, .. }) = origin else {
        let (outputs, classes) = (graph.config.classes, dataset.classes.len());
        if outputs != classes {
            let reason = format!("the network tells {outputs} classes apart, {} has {classes}", dataset.name);
            return Err(Error::file(path, reason));
        }
        progress.note(&format!(
            "warning: {} does not name its classes: those of {} are taken, and its normalisation",
            path.display(),
            dataset.name
        ));
        return Ok((Cow::Borrowed(&dataset.test), dataset.normalisation.clone()));
    };
    if *classes == dataset.classes {
        return Ok((Cow::Borrowed(&dataset.test), normalisation.clone()));
    }
    let labels = match_classes(classes, &dataset.classes).ok_or_else(|| other_classes(path, classes, dataset))?;
    let mut images = dataset.test.clone();
    for label in &mut images.labels {
        *label = labels.get(usize::from(*label)).copied().unwrap_or(*label);
    }
    Ok((Cow::Owned(images), normalisation.clone()))
}

fn other_classes(path: &Path, classes: &[String], dataset: &Dataset) -> Error {
    let (ours, theirs) = (name_some(classes, &dataset.classes), name_some(&dataset.classes, classes));
    let reason = format!("its classes are {ours}, those of {} are {theirs}: give images of its classes", dataset.name);
    Error::file(path, reason)
}

/// See [`LoadedModel::trained_on`]; of a float or an integer model.
pub(super) fn trained_on(path: &Path, origin: Option<&Origin>, data_dir: &Path) -> Result<DataConfig> {
    let reason = "does not say what it was trained on: say which images to test it on";
    let origin = origin.ok_or_else(|| Error::file(path, reason))?;
    let DatasetId { name, fingerprint, framing } = &origin.data;
    let place = DataConfig::at(name.parse()?, data_dir.to_path_buf());
    Ok(DataConfig { fingerprint: Some(fingerprint.clone()), framing: *framing, ..place })
}

/// The place of each of `others` among `classes`, if both are the same names.
fn match_classes(classes: &[String], others: &[String]) -> Option<Vec<u16>> {
    let place = |other: &String| u16::try_from(classes.iter().position(|class| class == other)?).ok();
    let places: Vec<u16> = others.iter().map(place).collect::<Option<_>>()?;
    (places.len() == classes.len()).then_some(places)
}

/// Some names of a list, those first that another lacks, and how many there are.
fn name_some(names: &[String], others: &[String]) -> String {
    const SHOWN: usize = 4;
    let (known, alone): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| others.iter().any(|other| other == name));
    let listed: Vec<&str> = alone.into_iter().chain(known).collect();
    let more = if listed.len() > SHOWN { format!(", … ({} in all)", listed.len()) } else { String::new() };
    listed[..listed.len().min(SHOWN)].join(", ") + &more
}

/// The files of a dataset's test images, where they are files.
pub(super) fn files_of(dataset: &Dataset) -> Result<Vec<String>> {
    match dataset.name.parse::<Source>() {
        Ok(Source::Folder(folder)) => test_files(&folder),
        _ => Ok(Vec::new()),
    }
}

/// Tests the model of a run folder on a dataset, and keeps the result there.
pub fn test_folder(
    folder: &RunFolder,
    config: &RunConfig,
    dataset: &Dataset,
    engine: &dyn Engine,
    progress: &mut dyn Progress,
) -> Result<EvaluationRecord> {
    let model = folder.load_model(config)?;
    let record = model.test(dataset, engine, progress)?;
    keep_test(folder, config, &model, &record)?;
    Ok(record)
}

/// Keeps the test of a run's model in its folder: `evaluate.json` on the run's own images, `evaluate-NAME.json` on others, which
/// are no figure of the run. Returns the file.
pub fn keep_test(
    folder: &RunFolder,
    config: &RunConfig,
    model: &LoadedModel,
    record: &EvaluationRecord,
) -> Result<PathBuf> {
    let is_source = |data: &DatasetId| data.name == config.data.source.to_string();
    let other = record.data.as_ref().filter(|data| !model.is_trained_on(data).unwrap_or_else(|| is_source(data)));
    folder.keep_evaluation(record, other.map(|data| data.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn classes_are_matched_by_name_in_any_order() {
        let of = |model: &str, images: &str| match_classes(&names(model), &names(images));
        assert_eq!(of("a b c", "c a b"), Some(vec![2, 0, 1]));
        for (model, images) in [("a b", "z b"), ("a b c", "a b"), ("a b", "a b c")] {
            assert_eq!(of(model, images), None, "{model} and {images}");
        }
    }

    #[test]
    fn what_differs_is_named_first_and_long_lists_are_cut() {
        assert_eq!(name_some(&names("b z"), &names("a b")), "z, b");
        assert_eq!(name_some(&names("a b c d e f"), &names("a b c d e")), "f, a, b, c, … (6 in all)");
    }
}
