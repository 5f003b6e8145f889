//! Whether the model in a run's folder is the run's own.

use std::path::Path;

use super::config::RunConfig;
use super::folder::RunFolder;
use super::testing::{LoadedModel, load_model};
use crate::record::{comparable, list_differences};
use crate::weights::{Model, NetworkDescription};
use crate::{Error, Result};

const WAY_OUT: &str = "bring the run's own model back, or test this one as a file";

/// Whether a model says that it is of a network; one that does not say is taken at its word.
pub(super) fn check_network(model: &Model, path: &Path, expected: &NetworkDescription) -> Result<()> {
    let Some(found) = &model.network else { return Ok(()) };
    let differences = list_differences(&comparable(found)?, &comparable(expected)?);
    if differences.is_empty() {
        return Ok(());
    }
    let both = differences.join("; ").replace(" -> ", ", that of the run ");
    Err(Error::file(path, format!("is the model of another network ({both}): {WAY_OUT}")))
}

impl RunFolder {
    /// The run's model, ready to be applied.
    ///
    /// Errors: its file is damaged, or says that it is of another network or learned from other images than the run.
    pub fn load_model(&self, config: &RunConfig) -> Result<LoadedModel> {
        let loaded = load_model(&self.model_path())?;
        let LoadedModel { path, model, graph } = &loaded;
        let search = self.search_record()?;
        let searched = search.as_ref().map(|search| &search.architecture);
        let architecture = config.architecture.as_ref().or(searched).unwrap_or(&graph.architecture);
        let expected = NetworkDescription {
            architecture: architecture.clone().with_cells(config.network.cells)?,
            config: config.network.clone(),
            input: search.as_ref().and_then(|search| search.input).unwrap_or(graph.input),
        };
        check_network(model, path, &expected)?;
        if let (Some(origin), Some(fingerprint)) = (&model.origin, &config.data.fingerprint)
            && origin.data.fingerprint != *fingerprint
        {
            let (name, own) = (&origin.data.name, &config.data.source);
            let found = &origin.data.fingerprint;
            return Err(Error::file(
                path,
                format!(
                    "learned from other images ({name}, fingerprint {found}) than those of the run ({own}, fingerprint {fingerprint}): \
                     {WAY_OUT}"
                ),
            ));
        }
        Ok(loaded)
    }
}
