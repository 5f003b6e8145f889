/// A table of a flatbuffer (Google's format): fields by their number, of which a table may lack any.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    buffer: &'a [u8],
    at: usize,
    /// Where the places of its fields begin, and their number.
    fields: (usize, usize),
}

impl<'a> Table<'a> {
    /// The root of a buffer; none where its places lead out of it.
    pub fn root(buffer: &'a [u8]) -> Option<Self> {
        let at = u32_at(buffer, 0)? as usize;
        let back = i64::from(u32_at(buffer, at)?.cast_signed());
        let fields = usize::try_from(at as i64 - back).ok()?;
        let bytes = usize::from(u16::from_le_bytes(*buffer.get(fields..)?.first_chunk()?));
        Some(Self { buffer, at, fields: (fields + 4, bytes.saturating_sub(4) / 2) })
    }

    /// Where a field stands.
    fn field(self, number: usize) -> Option<usize> {
        let (start, count) = self.fields;
        let place = (number < count).then_some(start + 2 * number)?;
        let offset = u16::from_le_bytes(*self.buffer.get(place..)?.first_chunk()?);
        (offset > 0).then(|| self.at + usize::from(offset))
    }

    /// Whether it has a field: a vector of nothing may be left out.
    pub fn has(self, field: usize) -> bool {
        self.field(field).is_some()
    }

    /// The bytes of a number.
    pub fn number<const N: usize>(self, field: usize) -> Option<[u8; N]> {
        self.buffer.get(self.field(field)?..)?.first_chunk().copied()
    }

    /// The bytes of a vector, or of a text, of elements of a size; none where it leads out of the buffer.
    pub fn vector(self, field: usize, size: usize) -> Option<&'a [u8]> {
        let place = self.field(field)?;
        let start = place + u32_at(self.buffer, place)? as usize;
        let length = (u32_at(self.buffer, start)? as usize).checked_mul(size)?;
        self.buffer.get(start + 4..)?.get(..length)
    }
}

fn u32_at(buffer: &[u8], at: usize) -> Option<u32> {
    buffer.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}
