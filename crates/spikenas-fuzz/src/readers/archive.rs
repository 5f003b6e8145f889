//! The archive of a dataset, as it is unpacked: gzip around tar.

use std::fs::File;
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use spikenas::Silent;
use spikenas::data::unpack;

use crate::promises::accepted;
use crate::{checksums, scratch};

/// The folder that the archive must hold.
const FOLDER: &str = "cifar-10-batches-bin";

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in [("test_batch.bin", &[7; 40][..]), ("readme.html", b"<p>")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{FOLDER}/{name}"), content).expect("an archive in memory");
    }
    let tar = tar.into_inner().expect("an archive in memory");
    vec![compressed(&tar), tar]
}

/// As it is, and as what is compressed, so that what lies behind the compression is reached.
pub(crate) fn read(input: &[u8]) -> bool {
    let inside = checksums::both(input, checksums::of_tar, |input| read_one(&compressed(input)));
    read_one(input) || inside
}

fn read_one(input: &[u8]) -> bool {
    let (path, data_dir) = (scratch::file("archive.tar.gz", input), scratch::folder("data", |_| ()));
    let file = File::open(&path).expect("a file that was written");
    let unpacked = accepted(unpack(&file, &path, FOLDER, &data_dir, &mut Silent));
    if let Some(folder) = &unpacked {
        assert_eq!(*folder, data_dir.join(FOLDER));
        std::fs::remove_dir_all(folder).expect("the folder that was unpacked");
    }
    let left: Vec<_> = std::fs::read_dir(&data_dir).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    unpacked.is_some()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("bytes in memory")
}
