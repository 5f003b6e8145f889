//! Frames that are kept beside the recordings that they are of.
//!
//! A line that says what it is, a line of JSON about the frames, then their bytes in blocks, each compressed by LZ4 behind its length, and
//! last the CRC-32 of all that.

use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::collection::Collection;
use super::count::{Frames, check_room, layout};
use super::stamp::{Stamp, content};
use crate::data::events::Sensor;
use crate::progress::Progress;
use crate::random::fingerprint;
use crate::record::files;
use crate::weights::Framing;
use crate::{Error, Result};

/// The first line. Its number changes with the format, and with what makes other frames of the same recordings.
const FIRST: &[u8] = b"frames of recordings 1\n";
/// Bytes of frames in a block.
const BLOCK: usize = 1 << 22;

/// The file of the frames of a collection.
pub(super) struct Kept<'a> {
    collection: &'a Collection,
    framing: Framing,
    path: PathBuf,
}

/// What the file says of its frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// How they were made.
    framing: Framing,
    /// Stands for the recordings that each sample is of, and its class.
    samples: String,
    /// What the files looked like: see [`Stamp`].
    stamp: String,
    /// What they held.
    content: String,
    /// The sensor of the recordings.
    sensor: Sensor,
    /// Counts that are 255 and were more.
    saturated: usize,
}

/// Why the frames of a file are not taken.
enum Fault {
    /// They are of other recordings.
    Outdated,
    /// The file is not what it should be.
    Damaged(&'static str),
}

impl<'a> Kept<'a> {
    pub fn of(collection: &'a Collection, framing: Framing) -> Self {
        let Framing { frames, split, scale, merges_polarities } = framing;
        let together = if merges_polarities { "-together" } else { "" };
        let name = format!("{}-{frames}-{split}-{scale}{together}.frames", collection.source.name());
        Self { collection, framing, path: collection.folder.join(".frames").join(name) }
    }

    /// The frames, if they are there and of these very recordings. Recordings that only look different, as copied ones do, are
    /// compared by their content.
    ///
    /// Errors: recordings that cannot be looked at, frames that do not fit the memory, a stop that was asked for.
    pub fn read(&self, progress: &mut dyn Progress) -> Result<Option<Frames>> {
        let Ok(bytes) = fs::read(&self.path) else { return Ok(None) };
        match self.decode(&bytes, progress)? {
            Ok(frames) => Ok(Some(frames)),
            Err(Fault::Outdated) => Ok(None),
            Err(Fault::Damaged(what)) => {
                progress.note(&format!("{}: {what}: the frames are made anew", self.path.display()));
                Ok(None)
            }
        }
    }

    fn decode(&self, bytes: &[u8], progress: &mut dyn Progress) -> Result<std::result::Result<Frames, Fault>> {
        let (head, body) = match self.head(bytes) {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        let stamp = Stamp::of(self.collection)?;
        if stamp.print != head.stamp || !stamp.is_older_than(&self.path) {
            if content(self.collection, progress)? != head.content {
                return Ok(Err(Fault::Outdated));
            }
            // From now on a look at them is enough. Where that cannot be written, they are compared again.
            let _ = self.write_parts(&Head { stamp: stamp.print, ..head.clone() }, body);
        }
        let shape = layout(self.framing, head.sensor).1.outer();
        let sample = shape.len().checked_mul(self.framing.frames);
        let sizes = self.collection.counts().map(|count| sample.and_then(|sample| sample.checked_mul(count)));
        let [Some(train), Some(test)] = sizes else { return Ok(Err(Fault::Damaged("damaged"))) };
        check_room(train.saturating_add(test), "the frames")?;
        let pixels = decompress(body, [train, test]).ok_or(Fault::Damaged("damaged"));
        Ok(pixels.map(|[train, test]| Frames { sensor: head.sensor, shape, train, test, saturated: head.saturated }))
    }

    /// What the file says of its frames, and their blocks.
    fn head<'b>(&self, bytes: &'b [u8]) -> std::result::Result<(Head, &'b [u8]), Fault> {
        let damaged = || Fault::Damaged("damaged");
        let (rest, sum) = bytes.split_last_chunk().ok_or_else(damaged)?;
        if !rest.starts_with(FIRST) {
            return Err(Fault::Damaged("of another version"));
        }
        if crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
            return Err(damaged());
        }
        let rest = &rest[FIRST.len()..];
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(damaged)?;
        let head: Head = serde_json::from_slice(&rest[..end]).map_err(|_| damaged())?;
        if head.framing != self.framing || head.samples != self.samples() {
            return Err(Fault::Outdated);
        }
        Ok((head, &rest[end + 1..]))
    }

    /// Keeps frames that were just counted of files with this stamp; not where the files have changed since.
    ///
    /// Errors: recordings that cannot be read, a stop that was asked for, a folder that cannot be written to.
    pub fn write(&self, frames: &Frames, before: &Stamp, progress: &mut dyn Progress) -> Result<()> {
        let content = content(self.collection, progress)?;
        if Stamp::of(self.collection)? != *before {
            return Err(Error::file(&self.collection.folder, "the recordings change as they are read"));
        }
        let head = Head {
            framing: self.framing,
            samples: self.samples(),
            stamp: before.print.clone(),
            content,
            sensor: frames.sensor,
            saturated: frames.saturated,
        };
        self.write_parts(&head, &compress([&frames.train, &frames.test]))
    }

    fn write_parts(&self, head: &Head, body: &[u8]) -> Result<()> {
        let head = serde_json::to_vec(head).map_err(|e| Error::file(&self.path, e.to_string()))?;
        let parts = [FIRST, &head, b"\n", body];
        let mut sum = crc32fast::Hasher::new();
        parts.iter().for_each(|part| sum.update(part));
        let sum = sum.finalize().to_le_bytes();
        self.path.parent().map_or(Ok(()), files::create_folder)?;
        files::write_atomically(&self.path, |out| {
            parts.iter().chain([&&sum[..]]).try_for_each(|part| out.write_all(part))
        })
    }

    /// Stands for all that tells which samples there are.
    fn samples(&self) -> String {
        let folder = &self.collection.folder;
        let units = self.collection.units.iter().flat_map(|unit| {
            let path = unit.place.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            format!("{name} {:?}\n", unit.samples).into_bytes()
        });
        format!("{:016x}", fingerprint(units))
    }
}

/// Blocks of both splits, one after the other, each behind its length.
fn compress(splits: [&[u8]; 2]) -> Vec<u8> {
    let blocks: Vec<&[u8]> = splits.into_iter().flat_map(|split| split.chunks(BLOCK)).collect();
    let compressed: Vec<Vec<u8>> = blocks.into_par_iter().map(lz4_flex::block::compress).collect();
    let with_length = |block: &Vec<u8>| [&(block.len() as u32).to_le_bytes()[..], block].concat();
    compressed.iter().flat_map(with_length).collect()
}

/// Both splits of so many bytes; none where the blocks have others.
fn decompress(mut body: &[u8], sizes: [usize; 2]) -> Option<[Vec<u8>; 2]> {
    // LZ4 makes no more of a byte, so that no memory is taken for what cannot be there.
    const MOST_PER_BYTE: usize = 255;
    if sizes[0].saturating_add(sizes[1]) > body.len().saturating_mul(MOST_PER_BYTE) {
        return None;
    }
    let [mut train, mut test] = sizes.map(|size| vec![0; size]);
    let mut blocks = Vec::new();
    for place in train.chunks_mut(BLOCK).chain(test.chunks_mut(BLOCK)) {
        let (length, rest) = body.split_first_chunk()?;
        let (block, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        blocks.push((block, place));
        body = rest;
    }
    let fits = |(block, place): (&[u8], &mut [u8])| {
        lz4_flex::block::decompress_into(block, place).is_ok_and(|size| size == place.len())
    };
    (body.is_empty() && blocks.into_par_iter().all(fits)).then_some([train, test])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_as_they_were_and_damage_is_seen() {
        let splits = [(0..BLOCK + 7).map(|at| (at / 900 % 11) as u8).collect::<Vec<u8>>(), vec![9; 3]];
        let body = compress([&splits[0], &splits[1]]);
        assert!(body.len() < BLOCK / 10, "{}", body.len());
        let sizes = [splits[0].len(), splits[1].len()];
        assert_eq!(decompress(&body, sizes), Some(splits));
        assert_eq!(decompress(&body, [sizes[0], 4]), None);
        assert_eq!(decompress(&body[..body.len() - 1], sizes), None);
        assert_eq!(decompress(&[&body[..], &[0]].concat(), sizes), None);
    }
}
