//! Whether a JPEG is whole: decoders make up what is missing.

use super::bits::Huffman;
use super::fault::{Fault, Result};
use super::scan::{Frame, Scan, Tables};
use super::size::MOST_PIXELS;

/// Goes through all segments and scans to the end marker; returns the EXIF data, if there are any.
///
/// Every block of every scan must be there, and nothing between them: flipped bits that change a length or a code are found,
/// others are not. Scans of arithmetic codes and of lossless pictures are passed over: no decoder here reads them.
pub(super) fn check(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let mut jpeg = Jpeg { bytes, position: 2, frame: None, tables: Tables::default(), restart: 0, exif: None };
    loop {
        match jpeg.marker()? {
            0xd9 => break,
            code => jpeg.segment(code)?,
        }
    }
    match &jpeg.frame {
        Some(frame) if !frame.is_complete() => Err(Fault::Damaged("scans are missing before its end marker")),
        _ => Ok(jpeg.exif),
    }
}

struct Jpeg<'a> {
    bytes: &'a [u8],
    position: usize,
    frame: Option<Frame>,
    tables: Tables,
    restart: usize,
    exif: Option<&'a [u8]>,
}

impl<'a> Jpeg<'a> {
    /// The code of the marker at the position, which goes on behind it.
    fn marker(&mut self) -> Result<u8> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let code = *rest.get(fill).ok_or(Fault::Cut)?;
        if fill == 0 {
            return Err(Fault::Damaged("there are bytes outside of its segments"));
        }
        self.position += fill + 1;
        Ok(code)
    }

    /// Reads the segment of a marker, and the scan after it.
    fn segment(&mut self, code: u8) -> Result<()> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = rest.first_chunk().map(|&length| usize::from(u16::from_be_bytes(length))).ok_or(Fault::Cut)?;
        if length < 2 {
            return Err(Fault::Damaged("a segment is shorter than its length"));
        }
        let content = rest.get(2..length).ok_or(Fault::Cut)?;
        self.position += length;
        let read = match code {
            0xc0..=0xc2 => self.frame(code == 0xc2, content)?,
            0xc4 => self.tables(content)?,
            0xda => self.scan(content)?,
            0xdd => content.first_chunk().map(|&units| self.restart = usize::from(u16::from_be_bytes(units))),
            0xe1 => {
                self.exif = self.exif.or(content.strip_prefix(b"Exif\0\0"));
                Some(())
            }
            0x00..0xc0 | 0xd0..=0xd8 => None,
            _ => Some(()),
        };
        read.ok_or(Fault::Damaged("a segment is malformed"))
    }

    /// Reads a frame header (B.2.2); `None` where it is malformed.
    fn frame(&mut self, is_progressive: bool, content: &[u8]) -> Result<Option<()>> {
        let (Some(&[_, h1, h0, w1, w0, count]), None) = (content.first_chunk(), &self.frame) else { return Ok(None) };
        let size = [[w1, w0], [h1, h0]].map(|size| usize::from(u16::from_be_bytes(size)));
        if size[0] * size[1] > MOST_PIXELS {
            return Err(Fault::Huge(size));
        }
        let (components, rest) = content[6..].as_chunks();
        let components: Vec<_> =
            components.iter().map(|&[id, hv, _]| (id, [hv >> 4, hv & 15].map(usize::from))).collect();
        let are_in_range =
            components.iter().all(|(_, sampling)| sampling.iter().all(|blocks| (1..=4).contains(blocks)));
        if size.contains(&0) || !(1..=4).contains(&count) || components.len() != usize::from(count) || !rest.is_empty()
        {
            return Ok(None);
        }
        Ok(are_in_range.then(|| self.frame = Some(Frame::new(is_progressive, size, &components))))
    }

    /// Reads tables of Huffman codes (B.2.4.2).
    fn tables(&mut self, mut content: &[u8]) -> Result<Option<()>> {
        while let Some((&place, rest)) = content.split_first() {
            let (Some((counts, rest)), 0 | 1, 0..4) = (rest.split_first_chunk::<16>(), place >> 4, place & 15) else {
                return Ok(None);
            };
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let Some((values, rest)) = rest.split_at_checked(count) else { return Ok(None) };
            self.tables[usize::from(place >> 4)][usize::from(place & 15)] = Some(Huffman::new(counts, values)?);
            content = rest;
        }
        Ok(Some(()))
    }

    /// Reads a scan header (B.2.3) and the scan.
    fn scan(&mut self, content: &[u8]) -> Result<Option<()>> {
        let Some(frame) = &mut self.frame else {
            // A frame that no decoder here reads: on to the next marker that does not belong to the scan.
            let belongs = |pair: &[u8]| pair[0] != 0xff || matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
            let rest = &self.bytes[self.position..];
            self.position += rest.windows(2).position(|pair| !belongs(pair)).ok_or(Fault::Cut)?;
            return Ok(Some(()));
        };
        let Some((&count, rest)) = content.split_first() else { return Ok(None) };
        let Some((selected, rest)) = rest.split_at_checked(2 * usize::from(count)) else { return Ok(None) };
        let &[first, last, bits] = rest else { return Ok(None) };
        let mut components = Vec::new();
        for &[id, tables] in selected.as_chunks().0 {
            let index = frame.components.iter().position(|component| component.id == id);
            let tables = [tables >> 4, tables & 15].map(usize::from);
            match index {
                Some(index) if tables.iter().all(|&table| table < 4) => components.push((index, tables)),
                _ => return Ok(None),
            }
        }
        if components.is_empty() {
            return Ok(None);
        }
        let spectrum = [first, last].map(usize::from);
        let scan = Scan { components, spectrum, missing_bits: [bits >> 4, bits & 15], restart: self.restart };
        self.position = frame.read(&scan, &self.tables, self.bytes, self.position)?;
        Ok(Some(()))
    }
}
