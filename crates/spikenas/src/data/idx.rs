//! IDX files, as MNIST and its successors have them: grey images and their labels, gzipped or not.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::{Dataset, Images, Normalisation, Source};
use crate::graph::Shape;
use crate::record::files;
use crate::{Error, Result};

/// What the names of the training files and of the test files begin with.
const SPLITS: [&[&str]; 2] = [&["train"], &["t10k", "test"]];
/// How their names go on, with the magic number of each kind: unsigned bytes in three dimensions, and in one.
const IMAGES: Kind = Kind { ends: ["images-idx3-ubyte", "images.idx3-ubyte"], magic: 0x0803, what: "images" };
const LABELS: Kind = Kind { ends: ["labels-idx1-ubyte", "labels.idx1-ubyte"], magic: 0x0801, what: "labels" };
/// Bytes that a gzipped one may become: far more than images do.
const MOST_PER_BYTE: u64 = 100;

struct Kind {
    ends: [&'static str; 2],
    magic: u32,
    what: &'static str,
}

/// A dataset of IDX files with a name.
#[derive(Debug)]
pub(super) struct Named {
    name: &'static str,
    classes: [&'static str; 10],
    /// Training and test images of a complete copy.
    pub(super) images: [usize; 2],
    /// A folder beside that of all datasets, and how to get the files.
    elsewhere: Option<&'static str>,
    way_out: &'static str,
}

impl Named {
    /// Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017).
    pub(super) const FASHION_MNIST: Self = Self {
        name: "fashion-mnist",
        classes: [
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ],
        images: [60_000, 10_000],
        elsewhere: Some("/usr/share/datasets/fashion-mnist"),
        way_out: "install Debian's package dataset-fashion-mnist, or put the four files of https://github.com/zalandoresearch/fashion-mnist there",
    };
    /// MNIST (LeCun, Bottou, Bengio and Haffner, 1998).
    pub(super) const MNIST: Self = Self {
        name: "mnist",
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        images: [60_000, 10_000],
        elsewhere: None,
        way_out: "put its four files there",
    };
    /// That of a source, if it is one of them.
    pub(super) fn of(source: &Source) -> Option<&'static Self> {
        match source {
            Source::FashionMnist => Some(&Self::FASHION_MNIST),
            Source::Mnist => Some(&Self::MNIST),
            _ => None,
        }
    }

    /// Reads both splits, whole or in part.
    pub(super) fn open(&self, data_dir: &Path) -> Result<Dataset> {
        let own = data_dir.join(self.name);
        let places = [Some(own.clone()), self.elsewhere.map(PathBuf::from)];
        for place in places.into_iter().flatten() {
            if is_idx_folder(&place)? {
                let classes = self.classes.map(String::from).to_vec();
                return read(&place, self.name.into(), Some(classes));
            }
        }
        Err(Error::file(&own, format!("no IDX files: {}", self.way_out)))
    }
}

/// Whether a folder holds a file of training images.
pub(super) fn is_idx_folder(folder: &Path) -> Result<bool> {
    Ok(find(folder, SPLITS[0], &IMAGES)?.is_some())
}

/// Reads the four files of a folder; classes are numbers, up to the largest label, where they have no names.
///
/// Errors: a file that is not there, or not whole; images of two sizes; as many labels as there are images, but for those.
pub(super) fn read(folder: &Path, name: String, classes: Option<Vec<String>>) -> Result<Dataset> {
    let [train, test] = SPLITS.map(|begins| split(folder, begins));
    let (train, test) = (train?, test?);
    if train.shape != test.shape {
        let [a, b] = [train.shape, test.shape].map(|Shape { height, width, .. }| format!("{width}x{height}"));
        return Err(Error::file(folder, format!("training images of {a}, test images of {b}: give one size")));
    }
    let largest = train.labels.iter().chain(&test.labels).copied().max().unwrap_or(0);
    let classes = classes.unwrap_or_else(|| (0..=largest).map(|class| class.to_string()).collect());
    if usize::from(largest) >= classes.len() {
        return Err(Error::file(
            folder,
            format!("a label {largest}, and {} classes: replace the labels", classes.len()),
        ));
    }
    Ok(Dataset {
        name,
        classes,
        normalisation: Normalisation::of(&train),
        train,
        test,
        recorded: None,
        notes: Vec::new(),
    })
}

fn split(folder: &Path, begins: &[&str]) -> Result<Images> {
    let existing = |kind: &Kind| {
        let wanted =
            || Error::file(folder, format!("no file {}-{}, nor one that ends in .gz", begins[0], kind.ends[0]));
        find(folder, begins, kind)?.ok_or_else(wanted)
    };
    let (of_images, of_labels) = (existing(&IMAGES)?, existing(&LABELS)?);
    let ([images, height, width], pixels) = dimensions(&of_images, &IMAGES)?;
    let ([count], labels) = dimensions(&of_labels, &LABELS)?;
    if images == 0 || height == 0 || width == 0 {
        return Err(Error::file(&of_images, format!("{images} images of {width}x{height}: replace it")));
    }
    if count != images {
        return Err(Error::file(&of_labels, format!("{count} labels of {images} images: give as many")));
    }
    let shape = Shape { channels: 1, height, width };
    Ok(Images { shape, frames: 1, pixels, labels: labels.into_iter().map(u16::from).collect() })
}

/// The file of a kind in a folder, if it is there.
fn find(folder: &Path, begins: &[&str], kind: &Kind) -> Result<Option<PathBuf>> {
    for (begin, end) in begins.iter().flat_map(|begin| kind.ends.map(|end| (begin, end))) {
        for suffix in ["", ".gz"] {
            let path = folder.join(format!("{begin}-{end}{suffix}"));
            if files::is_there(&path)? {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// The sizes of a file's array and its bytes.
fn dimensions<const N: usize>(path: &Path, kind: &Kind) -> Result<([usize; N], Vec<u8>)> {
    let mut bytes = contents(path)?;
    let damaged = |what: String| Error::file(path, format!("{what}: replace it"));
    let word =
        |index: usize| bytes.get(4 * index..).and_then(|rest| rest.first_chunk()).map(|&word| u32::from_be_bytes(word));
    match word(0) {
        Some(magic) if magic == kind.magic => {}
        Some(magic) => {
            return Err(damaged(format!(
                "its magic number is {magic:#06x}, that of {} {:#06x}",
                kind.what, kind.magic
            )));
        }
        None => return Err(damaged("cut off within its magic number".into())),
    }
    let mut sizes = [0; N];
    for (index, size) in sizes.iter_mut().enumerate() {
        *size = word(index + 1).ok_or_else(|| damaged("cut off within its sizes".into()))? as usize;
    }
    let head = 4 * (N + 1);
    let length = sizes.iter().try_fold(1_usize, |length, &size| length.checked_mul(size));
    let found = bytes.len() - head;
    if length != Some(found) {
        return Err(damaged(format!("{found} bytes where its sizes, {sizes:?}, make others")));
    }
    bytes.drain(..head);
    Ok((sizes, bytes))
}

/// A file, unpacked where it is gzipped.
fn contents(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let most = bytes.len() as u64 * MOST_PER_BYTE;
    GzDecoder::new(bytes.as_slice())
        .take(most + 1)
        .read_to_end(&mut unpacked)
        .map_err(|e| Error::file(path, format!("damaged ({e}): replace it")))?;
    if unpacked.len() as u64 > most {
        return Err(Error::file(
            path,
            format!("damaged (it becomes more than {MOST_PER_BYTE} times as long): replace it"),
        ));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn idx(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        [magic].iter().chain(sizes).flat_map(|word| word.to_be_bytes()).chain(bytes.iter().copied()).collect()
    }

    /// Two training images of 2x3 and a test image, the training images gzipped.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
        let pixels: Vec<u8> = (0..12).collect();
        let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
        zipped.write_all(&idx(0x0803, &[2, 2, 3], &pixels)).unwrap();
        write("train-images-idx3-ubyte.gz", &zipped.finish().unwrap());
        write("train-labels-idx1-ubyte", &idx(0x0801, &[2], &[1, 0]));
        write("t10k-images.idx3-ubyte", &idx(0x0803, &[1, 2, 3], &pixels[6..]));
        write("t10k-labels.idx1-ubyte", &idx(0x0801, &[1], &[2]));
        dir
    }

    #[test]
    fn four_files_are_a_dataset_of_one_channel_however_they_are_written() {
        let dir = folder();
        assert!(is_idx_folder(dir.path()).unwrap());
        let dataset = read(dir.path(), "own".into(), None).unwrap();
        assert_eq!(dataset.train.shape, Shape { channels: 1, height: 2, width: 3 });
        assert_eq!((dataset.train.image(1), dataset.train.labels.as_slice()), (&[6, 7, 8, 9, 10, 11][..], &[1, 0][..]));
        assert_eq!((dataset.test.len(), dataset.classes), (1, vec!["0".to_string(), "1".into(), "2".into()]));
        assert_eq!(dataset.normalisation.mean.len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let broken = |name: &str, bytes: &[u8]| {
            let dir = folder();
            std::fs::write(dir.path().join(name), bytes).unwrap();
            read(dir.path(), "own".into(), None).unwrap_err().to_string()
        };
        let labels = "train-labels-idx1-ubyte";
        assert!(
            broken(labels, &idx(0x0803, &[2], &[1, 0])).contains("its magic number is 0x0803, that of labels 0x0801")
        );
        assert!(broken(labels, &idx(0x0801, &[2], &[1])).contains("1 bytes where its sizes, [2], make others"));
        assert!(broken(labels, &idx(0x0801, &[3], &[1, 0, 1])).contains("3 labels of 2 images"));
        assert!(broken(labels, &[0, 0]).contains("cut off within its magic number"));
        assert!(broken("train-images-idx3-ubyte.gz", &[0x1f, 0x8b, 8]).contains("damaged"));
        let dir = folder();
        std::fs::remove_file(dir.path().join("t10k-labels.idx1-ubyte")).unwrap();
        let missing = read(dir.path(), "own".into(), None).unwrap_err().to_string();
        assert!(missing.ends_with("no file t10k-labels-idx1-ubyte, nor one that ends in .gz"), "{missing}");
    }
}
