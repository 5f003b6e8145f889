//! CIFAR-10 and CIFAR-100 in their binary version: records of one or two labels and three planes of 32x32.

use std::path::{Path, PathBuf};

use super::{Dataset, Images, Normalisation, Source};
use crate::graph::Shape;
use crate::record::files;
use crate::{Error, Result};

/// The layout of one of the two datasets on the disk.
#[derive(Debug)]
pub(super) struct Layout {
    /// Its name as a [`Source`].
    pub(super) name: &'static str,
    /// The folder of the official archive.
    pub(super) folder: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
    classes: usize,
    class_names: &'static str,
    /// Labels at the start of a record; the last one counts.
    labels: usize,
    /// The usual normalisation.
    pub(super) normalisation: Normalisation,
    /// Training and test images of each class in a complete copy.
    pub(super) images_per_class: [usize; 2],
}

impl Layout {
    /// CIFAR-10.
    pub(super) const CIFAR10: Self = Self {
        name: "cifar10",
        folder: "cifar-10-batches-bin",
        train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        test: &["test_batch.bin"],
        classes: 10,
        class_names: "batches.meta.txt",
        labels: 1,
        normalisation: Normalisation::CIFAR10,
        images_per_class: [5000, 1000],
    };
    /// CIFAR-100 with its fine labels.
    pub(super) const CIFAR100: Self = Self {
        name: "cifar100",
        folder: "cifar-100-binary",
        train: &["train.bin"],
        test: &["test.bin"],
        classes: 100,
        class_names: "fine_label_names.txt",
        labels: 2,
        normalisation: Normalisation::CIFAR100,
        images_per_class: [500, 100],
    };
    /// Shape of every image of both.
    pub(super) const SHAPE: Shape = Source::CIFAR_SHAPE;

    /// The layout of a source, if it is one of the two.
    pub(super) fn of(source: &Source) -> Option<Self> {
        match source {
            Source::Cifar10 => Some(Self::CIFAR10),
            Source::Cifar100 => Some(Self::CIFAR100),
            _ => None,
        }
    }

    /// Reads both splits, whole or in part. An empty training file is fine where another holds images.
    pub(super) fn open(&self, data_dir: &Path) -> Result<Dataset> {
        let folder = data_dir.join(self.folder);
        if !files::is_folder(&folder)? {
            return Err(Error::file(&folder, format!("no such folder: {}", self.way_out(data_dir))));
        }
        Ok(Dataset {
            name: self.name.into(),
            classes: self.class_names(&folder)?,
            train: self.split(data_dir, self.train)?,
            test: self.split(data_dir, self.test)?,
            normalisation: self.normalisation.clone(),
            recorded: None,
            notes: Vec::new(),
        })
    }

    /// Names of the classes where no file gives them: CIFAR-10's own, numbers for CIFAR-100.
    pub(super) fn default_classes(&self) -> Vec<String> {
        let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
        if self.classes == names.len() {
            names.map(String::from).to_vec()
        } else {
            (0..self.classes).map(|class| class.to_string()).collect()
        }
    }

    fn class_names(&self, folder: &Path) -> Result<Vec<String>> {
        let path = folder.join(self.class_names);
        if !files::is_there(&path)? {
            return Ok(self.default_classes());
        }
        let text = files::read_text(&path)?;
        let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(String::from).collect();
        if names.len() == self.classes {
            Ok(names)
        } else {
            Err(Error::file(&path, format!("{} class names, not {}: mend or remove it", names.len(), self.classes)))
        }
    }

    fn split(&self, data_dir: &Path, names: &[&str]) -> Result<Images> {
        let folder = data_dir.join(self.folder);
        let mut images = Images { shape: Self::SHAPE, frames: 1, pixels: Vec::new(), labels: Vec::new() };
        for name in names {
            let path = folder.join(name);
            if !files::is_there(&path)? {
                return Err(Error::file(&path, format!("no such file: {}", self.way_out(data_dir))));
            }
            let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
            self.add_records(&bytes, path, &mut images)?;
        }
        if images.is_empty() {
            let reason = format!("{} hold no images: {}", names.join(", "), self.way_out(data_dir));
            return Err(Error::file(&folder, reason));
        }
        Ok(images)
    }

    fn add_records(&self, bytes: &[u8], path: PathBuf, images: &mut Images) -> Result<()> {
        let size = self.labels + Self::SHAPE.len();
        if !bytes.len().is_multiple_of(size) {
            let reason =
                format!("{} bytes is no multiple of {size}, a record's size: the file is cut off", bytes.len());
            return Err(Error::file(path, reason));
        }
        for (number, record) in bytes.chunks_exact(size).enumerate() {
            let (labels, pixels) = record.split_at(self.labels);
            let label = labels[self.labels - 1];
            if usize::from(label) >= self.classes {
                let most = self.classes - 1;
                let reason =
                    format!("record {number} has label {label}, the last class is {most}: the file is damaged");
                return Err(Error::file(path, reason));
            }
            images.labels.push(label.into());
            images.pixels.extend_from_slice(pixels);
        }
        Ok(())
    }

    fn way_out(&self, data_dir: &Path) -> String {
        format!("get it by fetching {} into {}", self.name, data_dir.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of one image whose planes are filled with 10, 20, 30.
    fn record(labels: &[u8]) -> Vec<u8> {
        let planes = [10, 20, 30].map(|level| [level; 1024]).concat();
        [labels, planes.as_slice()].concat()
    }

    /// A data folder with these files of the dataset.
    fn data_dir(layout: &Layout, files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(layout.folder);
        std::fs::create_dir(&folder).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        dir
    }

    fn cifar10(first: Vec<u8>, test: Vec<u8>) -> tempfile::TempDir {
        let mut files: Vec<_> = Layout::CIFAR10.train.iter().map(|&name| (name, Vec::new())).collect();
        files[0].1 = first;
        files.push(("test_batch.bin", test));
        data_dir(&Layout::CIFAR10, &files)
    }

    fn failure(dir: &tempfile::TempDir) -> String {
        Layout::CIFAR10.open(dir.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_part_copy_is_read_in_order_with_built_in_class_names() {
        let dir = cifar10([record(&[9]), record(&[3])].concat(), record(&[0]));
        let dataset = Layout::CIFAR10.open(dir.path()).unwrap();
        assert_eq!((dataset.train.labels.as_slice(), dataset.test.labels.as_slice()), (&[9, 3][..], &[0][..]));
        assert_eq!(dataset.train.image(1)[1023..1025], [10, 20]);
        assert_eq!(dataset.classes[9], "truck");
    }

    #[test]
    fn cifar100_counts_the_fine_label_and_takes_its_names_from_the_file() {
        let names: String = (0..100).map(|i| format!("class{i}\n")).collect::<String>() + "\n";
        let files = [
            ("train.bin", record(&[19, 99])),
            ("test.bin", record(&[0, 1])),
            ("fine_label_names.txt", names.into_bytes()),
        ];
        let dataset = Layout::CIFAR100.open(data_dir(&Layout::CIFAR100, &files).path()).unwrap();
        assert_eq!((dataset.train.labels[0], dataset.test.labels[0]), (99, 1));
        assert_eq!((dataset.classes.len(), dataset.classes[99].as_str()), (100, "class99"));
        assert_eq!(dataset.train.image(0)[0], 10);
    }

    #[test]
    fn a_missing_folder_says_how_to_get_it() {
        let dir = tempfile::tempdir().unwrap();
        let expected = format!("get it by fetching cifar10 into {}", dir.path().display());
        assert!(failure(&dir).ends_with(&expected), "{}", failure(&dir));
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = cifar10(record(&[1]), record(&[1]));
        std::fs::remove_file(dir.path().join("cifar-10-batches-bin/data_batch_3.bin")).unwrap();
        assert!(failure(&dir).contains("data_batch_3.bin: no such file"), "{}", failure(&dir));
    }

    #[test]
    fn a_file_cut_off_says_its_size() {
        let dir = cifar10(record(&[1])[..3000].to_vec(), record(&[1]));
        assert!(failure(&dir).contains("data_batch_1.bin: 3000 bytes is no multiple of 3073"), "{}", failure(&dir));
    }

    #[test]
    fn a_split_without_images_is_refused() {
        let dir = cifar10(record(&[1]), Vec::new());
        assert!(failure(&dir).contains("test_batch.bin hold no images"), "{}", failure(&dir));
    }

    #[test]
    fn a_label_out_of_range_names_its_record() {
        let dir = cifar10([record(&[9]), record(&[10])].concat(), record(&[1]));
        assert!(failure(&dir).contains("record 1 has label 10, the last class is 9"), "{}", failure(&dir));
    }

    #[test]
    fn a_list_of_too_few_class_names_is_refused() {
        let dir = cifar10(record(&[1]), record(&[1]));
        std::fs::write(dir.path().join("cifar-10-batches-bin/batches.meta.txt"), "cat\ndog\n\n").unwrap();
        assert!(failure(&dir).contains("2 class names, not 10"), "{}", failure(&dir));
    }
}
