//! A trained network in the forms of other tools.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::integers::LoadedIntegers;
use super::testing::LoadedModel;
use crate::cost::{DeviceLedger, Schedule};
use crate::data::{Dataset, Images};
use crate::engine::{Engine, check_images};
use crate::export::c::{CExport, Name};
use crate::export::nir::NirExport;
use crate::record::files;
use crate::{Error, Result};

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// The file or folder.
    pub path: PathBuf,
    /// The files in the folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What the network takes on a device, where it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLedger>,
}

impl Exported {
    fn file(path: &Path) -> Self {
        Self { path: path.to_path_buf(), files: Vec::new(), device: None }
    }
}

/// Whether nothing is where an export is to go. Errors: something is.
pub fn check_export(out: &Path) -> Result<()> {
    if files::is_there(out)? { Err(Error::file(out, "is there already: choose another place")) } else { Ok(()) }
}

impl LoadedIntegers {
    /// The first test images of a dataset, whose scores and spikes are written, too; at least one.
    fn golden(&self, dataset: &Dataset, count: usize) -> Result<Images> {
        check_images(&self.model.network.graph, &dataset.test)?;
        Ok(dataset.test.clone().first(count.max(1)))
    }

    /// Writes it as C99 into a folder: a header, the network, and a test of so many test images.
    ///
    /// Errors: those of [`CExport::new`], images that do not fit, a folder that cannot be written.
    pub fn to_c(
        &self,
        out: &Path,
        name: &Name,
        schedule: Option<Schedule>,
        dataset: &Dataset,
        golden: usize,
    ) -> Result<Exported> {
        let images = self.golden(dataset, golden)?;
        let export = CExport::new(&self.model.network, name, self.classes(), schedule, &images.pixels)?;
        let names = [format!("{name}.h"), format!("{name}.c"), format!("{name}_test.c")];
        let texts = [&export.header, &export.source, &export.test];
        let contents: Vec<(&str, &str)> =
            names.iter().zip(texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        files::write_folder(out, &contents)?;
        Ok(Exported { path: out.to_path_buf(), files: names.to_vec(), device: Some(export.ledger) })
    }

    /// Writes it as a safetensors file by itself.
    pub fn to_safetensors(&self, out: &Path) -> Result<Exported> {
        self.model.save(out)?;
        Ok(Exported::file(out))
    }

    /// Writes it as a NIR file, with the scores and spikes of so many test images.
    ///
    /// Errors: a network that no simulator computes alike, images that do not fit, a file that cannot be written.
    pub fn to_nir(&self, out: &Path, dataset: &Dataset, golden: usize) -> Result<Exported> {
        let images = self.golden(dataset, golden)?;
        let export = NirExport::integer(&self.model.network, self.classes(), &images.pixels);
        export.map_err(|e| Error::file(&self.path, e.to_string()))?.write(out)?;
        Ok(Exported::file(out))
    }
}

impl LoadedModel {
    /// Writes it as a NIR file, with the scores and spikes of so many test images.
    ///
    /// Errors: images that do not fit, a file that cannot be written.
    pub fn to_nir(&self, out: &Path, dataset: &Dataset, golden: usize, engine: &dyn Engine) -> Result<Exported> {
        let origin = self.model.origin.as_ref();
        let classes = origin.map_or(&dataset.classes, |origin| &origin.classes);
        let normalisation = origin.map_or(&dataset.normalisation, |origin| &origin.normalisation);
        let images = dataset.test.clone().first(golden.max(1));
        let network = (&self.graph, &self.model.weights);
        NirExport::float(network, normalisation, classes, &images, engine)?.write(out)?;
        Ok(Exported::file(out))
    }

    /// Writes it as a safetensors file by itself, with all that applying it needs.
    pub fn to_safetensors(&self, out: &Path) -> Result<Exported> {
        self.model.weights.save(out, &self.graph, self.model.origin.as_ref())?;
        Ok(Exported::file(out))
    }
}
