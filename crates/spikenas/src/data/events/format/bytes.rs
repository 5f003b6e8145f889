use super::fault::{Fault, Result};

/// The bytes of a file, from a place on.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// The place of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }

    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next bytes. Errors: fewer are left.
    pub fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8]> {
        let bytes = self.rest().get(..count).ok_or_else(|| Fault::cut(self.at, what))?;
        self.at += count;
        Ok(bytes)
    }

    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let at = self.at;
        self.take(N, what)?.try_into().map_err(|_| Fault::cut(at, what))
    }

    pub fn u32(&mut self, what: &str) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// The next line, without its end, if it begins with a mark. Errors: it has no end.
    pub fn marked_line(&mut self, mark: u8) -> Result<Option<&'a [u8]>> {
        if self.rest().first() != Some(&mark) {
            return Ok(None);
        }
        let Some(end) = self.rest().iter().position(|&byte| byte == b'\n') else {
            return Err(Fault::cut(self.at, "a line of the header"));
        };
        let line = &self.rest()[..end];
        self.at += end + 1;
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Records of a fixed size, to the end. Errors: the last is cut off.
    pub fn records<const N: usize>(self, what: &str) -> Result<&'a [[u8; N]]> {
        let (records, rest) = self.rest().as_chunks();
        if rest.is_empty() { Ok(records) } else { Err(Fault::cut(self.all.len() - rest.len(), what)) }
    }
}
