//! What `RUN|FILE` on the command line names.

use std::path::{Path, PathBuf};

use spikenas::Dataset;
use spikenas::data::DataConfig;
use spikenas::record::files::{is_folder, is_there};
use spikenas::workflow::run::{self, LoadedIntegers, LoadedModel, RunConfig, RunFolder};
use spikenas::{Error, Result};

use crate::arguments::DataArguments;

/// A trained model: that of a run, or one in a file of its own.
pub struct NamedModel {
    /// The run, where its folder was named.
    pub run: Option<(RunFolder, RunConfig)>,
    /// The model's file.
    pub path: PathBuf,
}

impl NamedModel {
    /// Errors: nothing is there, a folder that holds no run, a run that is not trained.
    pub fn find(name: &Path) -> Result<Self> {
        if is_folder(name)? {
            let (folder, config) = RunFolder::existing(name)?;
            folder.check_model()?;
            let path = folder.model_path();
            return Ok(Self { run: Some((folder, config)), path });
        }
        if !is_there(name)? {
            return Err(Error::file(name, "there is neither a run nor a model file: list the runs there are"));
        }
        Ok(Self { run: None, path: name.to_path_buf() })
    }

    /// Reads it. Errors: those of [`run::load_model`]; a model that is not the run's own.
    pub fn load(&self) -> Result<LoadedModel> {
        match &self.run {
            Some((folder, config)) => folder.load_model(config),
            None => run::load_model(&self.path),
        }
    }
}

/// The integer network of a run, or one in a file of its own.
pub struct NamedIntegers {
    /// The run, where its folder was named.
    pub run: Option<(RunFolder, RunConfig)>,
    /// The file.
    path: PathBuf,
}

impl NamedIntegers {
    /// Errors: nothing is there, a folder that holds no run.
    pub fn find(name: &Path) -> Result<Self> {
        if is_folder(name)? {
            let run = RunFolder::existing(name)?;
            let path = run.0.integer_path();
            return Ok(Self { run: Some(run), path });
        }
        if !is_there(name)? {
            return Err(Error::file(name, "there is neither a run nor a model file: list the runs there are"));
        }
        Ok(Self { run: None, path: name.to_path_buf() })
    }

    /// Reads it. Errors: a run without one, a damaged file, a float model.
    pub fn load(&self) -> Result<LoadedIntegers> {
        match &self.run {
            Some((folder, _)) => folder.load_integers(),
            None => LoadedIntegers::load(&self.path),
        }
    }
}

/// The images that options name; those of the run or of the model's training where they name none.
///
/// `trained_on` tells where a model's images were.
pub fn images_of(
    what: &Path,
    run: Option<&RunConfig>,
    data: &DataArguments,
    trained_on: impl FnOnce(&Path) -> Result<DataConfig>,
) -> Result<Dataset> {
    match (&data.data, run) {
        (Some(_), None) => data.open_for(trained_on(&data.folder()).ok().and_then(|trained| trained.framing)),
        (_, Some(config)) => Ok(data.open_again(config.data.clone(), what)?.1),
        (None, None) => Ok(data.open_again(trained_on(&data.folder())?, what)?.1),
    }
}
