use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::graph::{NetworkConfig, Shape};
use crate::weights::Framing;
use crate::{Error, Result};

/// Where images or recordings come from. Written by its name, such as `sample` or `cifar10`, or as the path of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Source {
    /// 3,000 images of CIFAR-10, built into the program.
    #[default]
    Sample,
    /// CIFAR-10, binary version, under the data folder.
    Cifar10,
    /// CIFAR-100, binary version, with its 100 fine labels, under the data folder.
    Cifar100,
    /// Fashion-MNIST, as IDX files, in the folder `fashion-mnist` under the data folder, or where Debian's package puts it.
    FashionMnist,
    /// MNIST, as IDX files, in the folder `mnist` under the data folder.
    Mnist,
    /// `FOLDER/{train,test}/CLASS/*`, of images or of recordings of events, or four IDX files, `FOLDER/{train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz]`.
    Folder(PathBuf),
    /// The memory of the program that made the run: nobody else can read them.
    Memory,
}

impl Source {
    /// Shape of every image of CIFAR.
    pub(super) const CIFAR_SHAPE: Shape = Shape { channels: 3, height: 32, width: 32 };

    /// What the source is called, wherever a folder lies.
    pub fn name(&self) -> &'static str {
        match self {
            Source::Sample => "sample",
            Source::Cifar10 => "cifar10",
            Source::Cifar100 => "cifar100",
            Source::FashionMnist => "fashion-mnist",
            Source::Mnist => "mnist",
            Source::Folder(_) => "folder",
            Source::Memory => "in-memory",
        }
    }

    /// What it is called in few words: a folder by its last name alone.
    pub fn label(&self) -> String {
        match self {
            Source::Folder(path) => path.file_name().map_or("images".into(), |name| name.to_string_lossy().into()),
            other => other.name().into(),
        }
    }

    /// The network preset that the images imply.
    pub fn preset(&self) -> &'static str {
        match self {
            Source::Sample => "sample",
            Source::Cifar10 | Source::FashionMnist | Source::Mnist | Source::Folder(_) | Source::Memory => "cifar10",
            Source::Cifar100 => "cifar100",
        }
    }

    /// Whether the images are a person's own, of classes that no preset knows.
    pub fn has_own_classes(&self) -> bool {
        matches!(self, Source::Folder(_) | Source::Memory)
    }

    /// The network around the cells that the images imply: that of their preset, and but for CIFAR's one of narrow layers, which
    /// trains in minutes.
    pub fn network(&self) -> Result<NetworkConfig> {
        let network = NetworkConfig::preset(self.preset())?;
        Ok(match self {
            Source::Sample | Source::Cifar10 | Source::Cifar100 => network,
            _ => NetworkConfig { widths: [16, 32], ..network },
        })
    }

    /// Shape of every image, where the name tells.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Source::Sample | Source::Cifar10 | Source::Cifar100 => Some(Self::CIFAR_SHAPE),
            Source::FashionMnist | Source::Mnist => Some(Shape { channels: 1, height: 28, width: 28 }),
            Source::Folder(_) | Source::Memory => None,
        }
    }

    /// How its recordings become frames where nobody says, if it has recordings.
    pub fn framing(&self) -> Framing {
        Framing::default()
    }

    /// Whether its files are looked for under the data folder.
    pub fn is_in_data_folder(&self) -> bool {
        !matches!(self, Source::Sample | Source::Folder(_) | Source::Memory)
    }

    /// Whether a mirrored image is known to be of the same class: of CIFAR's and of clothes. Digits and letters are not.
    pub fn may_be_mirrored(&self) -> bool {
        !matches!(self, Source::Mnist) && !self.has_own_classes()
    }
}

impl FromStr for Source {
    type Err = Error;

    /// A folder that bears the name of a dataset is written with its path, such as `./sample`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "" => Err(Error::invalid(
                "data '' names no dataset: give sample, cifar10, cifar100, fashion-mnist, mnist or a folder of images",
            )),
            "sample" => Ok(Source::Sample),
            "cifar10" => Ok(Source::Cifar10),
            "cifar100" => Ok(Source::Cifar100),
            "fashion-mnist" => Ok(Source::FashionMnist),
            "mnist" => Ok(Source::Mnist),
            "in-memory" => Ok(Source::Memory),
            path => Ok(Source::Folder(path.into())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Folder(path) => path.display().fmt(f),
            named => f.write_str(named.name()),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl TryFrom<String> for Source {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_survive_a_round_trip() {
        for text in ["sample", "cifar10", "cifar100", "fashion-mnist", "mnist", "in-memory", "./sample", "some/folder"]
        {
            let source: Source = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
        }
        assert_eq!("./sample".parse::<Source>().unwrap(), Source::Folder("./sample".into()));
    }

    #[test]
    fn images_in_memory_are_a_person_s_own_and_cannot_be_opened() {
        assert!(Source::Memory.has_own_classes() && !Source::Memory.may_be_mirrored());
        let error = crate::Dataset::open(&Source::Memory, "data".as_ref()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("in the memory of the program"), "{error}");
    }

    #[test]
    fn an_empty_name_is_refused() {
        assert!("".parse::<Source>().unwrap_err().is_usage());
    }
}
