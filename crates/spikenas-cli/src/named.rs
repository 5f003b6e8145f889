//! What `RUN|FILE` on the command line names.

use std::path::{Path, PathBuf};

use spikenas::record::files::is_there;
use spikenas::workflow::run::{self, LoadedModel, RunConfig, RunFolder};
use spikenas::{Error, Result};

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
        if name.is_dir() {
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
