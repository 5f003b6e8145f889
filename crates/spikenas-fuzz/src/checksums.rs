//! Puts right the checksums of an input, or takes them out where a file may be without: a change behind one is then read, and not
//! only refused.

use safetensors::SafeTensors;

/// Reads an input as it is, and with its checksums put right where it has any; whether either was accepted.
pub(crate) fn both(input: &[u8], mend: fn(&[u8]) -> Vec<u8>, read: impl Fn(&[u8]) -> bool) -> bool {
    let (accepted, mended) = (read(input), mend(input));
    if mended == input { accepted } else { read(&mended) || accepted }
}

/// Records of JSON, on one line or several, and of TOML: without checksums, as old versions wrote them.
pub(crate) fn of_text(input: &[u8]) -> Vec<u8> {
    let Ok(text) = str::from_utf8(input) else { return input.into() };
    let mut rest = text;
    let mut without = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("\"crc\"") {
        let value = after.trim_start().strip_prefix(':').map(str::trim_start).and_then(|value| value.strip_prefix('"'));
        let end = value.and_then(|value| value.split_once('"'));
        let (Some((_, end)), Some(before)) = (end, before.trim_end().strip_suffix(',')) else { break };
        without += before;
        rest = end;
    }
    without += rest;
    let toml = without.rfind("\n# crc ").map(|end| without[..=end].to_string());
    toml.unwrap_or(without).into_bytes()
}

/// Files of tensors, whose metadata has the checksum of itself and of all tensors.
pub(crate) fn of_tensors(input: &[u8]) -> Vec<u8> {
    resealed(input).unwrap_or_else(|| input.into())
}

fn resealed(input: &[u8]) -> Option<Vec<u8>> {
    const LENGTH: usize = 8;
    let (_, header) = SafeTensors::read_metadata(input).ok()?;
    let about = header.metadata().as_ref()?.get("spikenas")?;
    let (before, rest) = about.split_once("\"checksum\":\"")?;
    let after = rest.get(LENGTH..)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(format!("{before}\"checksum\":\"00000000{after}").as_bytes());
    let mut tensors = SafeTensors::deserialize(input).ok()?.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, tensor) in tensors {
        hasher.update(format!("\n{name} {:?} {:?}\n", tensor.dtype(), tensor.shape()).as_bytes());
        hasher.update(tensor.data());
    }
    // In the header, the text of the metadata is a string of JSON.
    let key = br#"\"checksum\":\""#;
    let place = input.windows(key.len()).position(|part| part == key)? + key.len();
    let mut bytes = input.to_vec();
    bytes.get_mut(place..place + LENGTH)?.copy_from_slice(format!("{:08x}", hasher.finalize()).as_bytes());
    Some(bytes)
}

/// A file that ends with the checksum of all before.
pub(crate) fn of_end(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    if let Some((content, sum)) = bytes.split_last_chunk_mut::<4>() {
        *sum = crc32fast::hash(content).to_le_bytes();
    }
    bytes
}

/// Each chunk of a PNG file.
pub(crate) fn of_png(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let mut at = 8;
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let end = at + 8 + u32::from_be_bytes(*length) as usize;
        let Some(sum) = bytes.get(at + 4..end).map(crc32fast::hash) else { break };
        let Some(place) = bytes.get_mut(end..end + 4) else { break };
        place.copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
    bytes
}

/// Each header of a tar file: 512 bytes, in which the sum of all stands in octal digits.
pub(crate) fn of_tar(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for header in bytes.as_chunks_mut::<512>().0.iter_mut().filter(|header| header[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
    }
    bytes
}

/// Each file of a zip archive that is not compressed: its sum stands in the directory at the end.
pub(crate) fn of_zip(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let entry = |at: &usize| input[*at..].starts_with(b"PK\x01\x02");
    for at in (0..input.len()).filter(entry) {
        let Some(entry) = input[at..].first_chunk::<46>() else { continue };
        let number = |place: usize| u32::from_le_bytes(entry[place..place + 4].try_into().unwrap_or_default()) as usize;
        let (size, local) = (number(20), number(42));
        // The header before a file has 30 bytes, a name and more.
        let lengths = input.get(local..).and_then(|rest| rest.get(26..30));
        let start = lengths.map(|lengths| {
            let of = |at: usize| usize::from(u16::from_le_bytes([lengths[at], lengths[at + 1]]));
            local + 30 + of(0) + of(2)
        });
        let content = start.and_then(|start| input.get(start..)?.get(..size));
        if let (Some(content), [0, 0]) = (content, [entry[10], entry[11]]) {
            bytes[at + 16..at + 20].copy_from_slice(&crc32fast::hash(content).to_le_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reader;

    #[test]
    fn records_lose_their_checksums_and_nothing_else() {
        let text = |input: &str| String::from_utf8(of_text(input.as_bytes())).unwrap();
        assert_eq!(text("{\"a\":1,\"crc\":\"00ff00ff\"}\n{\"b\":2}\n"), "{\"a\":1}\n{\"b\":2}\n");
        assert_eq!(text("{\n  \"a\": 1,\n  \"crc\": \"00ff00ff\"\n}\n"), "{\n  \"a\": 1\n}\n");
        assert_eq!(text("a = 1\n# crc 00ff00ff\n"), "a = 1\n");
        for other in ["", "{\"crc\":1}", "\"crc\"", "{\"a\":1,\"crc\":\"", "# crc 1"] {
            assert_eq!(text(other), other);
        }
    }

    #[test]
    fn files_of_tensors_get_the_checksum_that_the_library_writes() {
        let whole = (Reader::named("weights").unwrap().valid)().remove(0);
        let mut damaged = whole.clone();
        let place = whole.windows(8).position(|part| part == b"checksum").unwrap() + 13;
        damaged[place..place + 4].copy_from_slice(b"0000");
        assert!(damaged != whole && of_tensors(&damaged) == whole);
    }

    #[test]
    fn files_of_zip_get_the_sums_that_zip_writes() {
        let valid = (Reader::named("recording").unwrap().valid)();
        let archives: Vec<&Vec<u8>> = valid.iter().filter(|input| input.starts_with(b"PK")).collect();
        assert_eq!(archives.len(), 3, "two that are not compressed, and one that is");
        for whole in &archives[..2] {
            let mut damaged = whole.to_vec();
            let place = whole.windows(4).position(|part| part == b"PK\x01\x02").unwrap() + 16;
            damaged[place..place + 4].copy_from_slice(b"0000");
            assert!(damaged != **whole && of_zip(&damaged) == **whole);
        }
        assert!(archives.iter().all(|whole| of_zip(whole) == **whole));
    }

    #[test]
    fn headers_of_tar_get_the_sums_that_tar_writes() {
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut tar::Header::new_gnu(), "name", &[][..]).unwrap();
        let whole = archive.into_inner().unwrap();
        let mut damaged = whole.clone();
        damaged[148..154].copy_from_slice(b"000000");
        assert!(damaged != whole && of_tar(&damaged) == whole);
    }
}
