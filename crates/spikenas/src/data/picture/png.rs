//! Whether a PNG is whole, to its last chunk; decoders do without the end and without some checksums.

/// Goes through all chunks to the end marker and compares their checksums; returns the EXIF data, if there are any.
///
/// Errors: what is wrong.
pub(super) fn check(bytes: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    const CUT: &str = "the PNG is cut off (its end marker is missing)";
    let mut rest = bytes.get(8..).ok_or(CUT)?;
    let mut exif = None;
    loop {
        let (&length, after) = rest.split_first_chunk().ok_or(CUT)?;
        let length = u32::from_be_bytes(length) as usize;
        let (chunk, after) = after.split_at_checked(length.saturating_add(4)).ok_or(CUT)?;
        let (&checksum, after) = after.split_first_chunk().ok_or(CUT)?;
        if crc32fast::hash(chunk) != u32::from_be_bytes(checksum) {
            return Err("the PNG is damaged (a checksum is wrong)");
        }
        match chunk.split_at(4) {
            (b"IEND", _) => return Ok(exif),
            (b"eXIf", content) => exif = exif.or(Some(content.strip_prefix(b"Exif\0\0").unwrap_or(content))),
            _ => {}
        }
        rest = after;
    }
}
