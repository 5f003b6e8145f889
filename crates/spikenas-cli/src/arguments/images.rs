//! Which images.

use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::data::{DataConfig, Dataset, Framing, Source};
use spikenas::graph::Shape;
use spikenas::random::fingerprint;
use spikenas::{Error, Result};

use super::framing::FramingArguments;
use crate::output::say;
use crate::progress::Terminal;

/// Which images.
#[derive(Args, Clone)]
#[command(next_help_heading = "Images")]
pub struct DataArguments {
    /// sample (built in), cifar10, cifar100, fashion-mnist, mnist; nmnist, cifar10-dvs, cifar10-dvs-tebn, dvs-gesture, n-caltech101, shd
    /// (recordings of events); or a folder: with train/CLASS/* and test/CLASS/*, PNG, JPEG or recordings
    /// of events, or with four IDX files [default: sample]
    #[arg(short = 'd', long, value_name = "NAME|PATH")]
    pub data: Option<Source>,
    /// Folder that holds cifar-10-batches-bin, cifar-100-binary, fashion-mnist, mnist, and those of recordings [default: data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub framing: FramingArguments,
}

impl DataArguments {
    /// Reads the images.
    pub fn open(&self) -> Result<Dataset> {
        self.check()?;
        self.read(&self.source(), None)
    }

    /// Reads the images that a run or a model was made of, from where these options say they lie now; returns where that is, too.
    pub fn open_again(&self, recorded: DataConfig, owner: &Path) -> Result<(DataConfig, Dataset)> {
        let source = self.data.clone().unwrap_or(recorded.source);
        let folder = self.data_dir.clone().unwrap_or(recorded.folder);
        Self { data: Some(source.clone()), ..self.clone() }.check()?;
        let framing = self.framing.framing(&source, recorded.framing);
        let place = DataConfig { framing, ..DataConfig::at(source, folder) };
        let mut progress = Terminal::new();
        let dataset = match &self.data {
            Some(source) => Dataset::open_framed(source, &place.folder, framing, &mut progress)?,
            None => place.open(owner, &mut progress)?,
        };
        say_notes(&dataset);
        Ok((DataConfig::of(&place.source, &place.folder, &dataset), dataset))
    }

    /// Reads the images that a model is tested on, with its frames.
    pub fn open_for(&self, model: Option<Framing>) -> Result<Dataset> {
        self.check()?;
        self.read(&self.source(), model)
    }

    fn read(&self, source: &Source, recorded: Option<Framing>) -> Result<Dataset> {
        let framing = self.framing.framing(source, recorded);
        let dataset = Dataset::open_framed(source, &self.folder(), framing, &mut Terminal::new())?;
        say_notes(&dataset);
        Ok(dataset)
    }

    /// Refuses a folder for CIFAR's that would not be looked at.
    pub fn check(&self) -> Result<()> {
        match (self.source(), &self.data_dir) {
            (source, Some(folder)) if !source.is_in_data_folder() => Err(Error::invalid(format!(
                "data-dir {}: it is for datasets with a name, such as cifar10 or nmnist, give --data with one of them",
                folder.display()
            ))),
            _ => Ok(()),
        }
    }

    /// The configuration that says so.
    pub fn config(&self, dataset: &Dataset) -> DataConfig {
        DataConfig::of(&self.source(), &self.folder(), dataset)
    }

    /// Where the images come from.
    pub fn source(&self) -> Source {
        self.data.clone().unwrap_or_default()
    }

    /// The folder that holds CIFAR's binary versions.
    pub fn folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| "data".into())
    }
}

/// The most bytes of a name of images in the name of a folder; file systems take 255 in all.
const NAME: usize = 100;

/// What images are called in the name of a folder: a long name is cut, with a number that stands for all of it.
pub fn short_name(source: &Source) -> String {
    let name = source.label();
    if name.len() <= NAME {
        return name;
    }
    let begin = &name[..name.floor_char_boundary(NAME - 17)];
    format!("{begin}-{:016x}", fingerprint(name.bytes()))
}

/// Says on stderr what is odd about images.
fn say_notes(dataset: &Dataset) {
    dataset.notes.iter().for_each(|note| say(&format!("note: {}: {note}", dataset.name)));
}

/// Reads the shape of an image: channels, rows, columns.
pub fn parse_shape(text: &str) -> Result<Shape> {
    let numbers: Option<Vec<usize>> = text.split('x').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[channels, height, width]) if (1..=4).contains(&channels) => Ok(Shape { channels, height, width }),
        _ => Err(Error::invalid("give channels (1 to 4), rows and columns, such as 3x32x32")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_short_enough_and_differ_as_the_images_do() {
        let name = |text: &str| short_name(&text.parse().unwrap());
        assert_eq!(name("sample"), "sample");
        assert_eq!(name("some/pets/"), "pets");
        assert_eq!(name("/"), "images");
        let long = "é".repeat(120);
        assert!(name(&long).len() <= NAME && name(&long).starts_with("éééé"), "{}", name(&long));
        assert_ne!(name(&long), name(&format!("{long}é")));
    }
}
