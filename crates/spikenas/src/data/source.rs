use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::graph::{NetworkConfig, Shape};
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
    /// N-MNIST, in the folder `nmnist` under the data folder.
    Nmnist,
    /// CIFAR10-DVS, in the folder `cifar10-dvs` under the data folder, a tenth of each class drawn for the test.
    Cifar10Dvs,
    /// The same with the split of TEBN: the first hundred recordings of each class are for the test.
    Cifar10DvsTebn,
    /// DVS128 Gesture, in the folder `dvs-gesture` under the data folder.
    DvsGesture,
    /// N-Caltech101, in the folder `n-caltech101` under the data folder.
    NCaltech101,
    /// Spiking Heidelberg Digits, in the folder `shd` under the data folder.
    Shd,
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
            Source::Nmnist => "nmnist",
            Source::Cifar10Dvs => "cifar10-dvs",
            Source::Cifar10DvsTebn => "cifar10-dvs-tebn",
            Source::DvsGesture => "dvs-gesture",
            Source::NCaltech101 => "n-caltech101",
            Source::Shd => "shd",
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
            Source::Cifar100 => "cifar100",
            _ => "cifar10",
        }
    }

    /// Whether they are of classes that no preset knows: a person's own, or recordings.
    pub fn has_own_classes(&self) -> bool {
        matches!(self, Source::Folder(_) | Source::Memory) || self.has_recordings()
    }

    /// Whether it is a dataset of recordings of events with a name; a folder may be one of recordings, too.
    pub fn has_recordings(&self) -> bool {
        matches!(
            self,
            Source::Nmnist
                | Source::Cifar10Dvs
                | Source::Cifar10DvsTebn
                | Source::DvsGesture
                | Source::NCaltech101
                | Source::Shd
        )
    }

    /// Whether there is a preset that was made for these very images.
    pub fn has_own_preset(&self) -> bool {
        matches!(self, Source::Sample | Source::Cifar10 | Source::Cifar100)
    }

    /// The network around the cells that the images imply: that of their preset, and of others the narrow one of the sample, which trains
    /// in minutes.
    pub fn network(&self) -> Result<NetworkConfig> {
        NetworkConfig::preset(if self.has_own_preset() { self.preset() } else { "sample" })
    }

    /// Shape of every image, where the name tells.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Source::Sample | Source::Cifar10 | Source::Cifar100 => Some(Self::CIFAR_SHAPE),
            Source::FashionMnist | Source::Mnist => Some(Shape { channels: 1, height: 28, width: 28 }),
            _ => None,
        }
    }

    /// Whether its files are looked for under the data folder.
    pub fn is_in_data_folder(&self) -> bool {
        !matches!(self, Source::Sample | Source::Folder(_) | Source::Memory)
    }

    /// Whether a mirrored image is known to be of the same class: of CIFAR's, recorded ones too, and of clothes. Digits, letters and
    /// gestures of a left hand are not.
    pub fn may_be_mirrored(&self) -> bool {
        match self {
            Source::Mnist => false,
            Source::Cifar10Dvs | Source::Cifar10DvsTebn => true,
            _ => !self.has_own_classes(),
        }
    }

    /// Whether images are changed at random where nobody says. What is centred and fills its image is not: a small network of Fashion-MNIST
    /// learned more of its images as they are (`docs/recipe.md`).
    pub fn is_augmented(&self) -> bool {
        !matches!(self, Source::FashionMnist | Source::Mnist)
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
            "nmnist" => Ok(Source::Nmnist),
            "cifar10-dvs" => Ok(Source::Cifar10Dvs),
            "cifar10-dvs-tebn" => Ok(Source::Cifar10DvsTebn),
            "dvs-gesture" => Ok(Source::DvsGesture),
            "n-caltech101" => Ok(Source::NCaltech101),
            "shd" => Ok(Source::Shd),
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
        let images =
            ["sample", "cifar10", "cifar100", "fashion-mnist", "mnist", "in-memory", "./sample", "some/folder"];
        let recordings = ["nmnist", "cifar10-dvs", "cifar10-dvs-tebn", "dvs-gesture", "n-caltech101", "shd"];
        for text in images.into_iter().chain(recordings) {
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
