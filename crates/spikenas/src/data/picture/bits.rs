//! The bits of a JPEG's scan, and the Huffman codes in them (ITU T.81, annexes C and F).

use super::fault::{Fault, Result};

/// The bytes of a scan as bits. `FF 00` stands for one byte `FF`; any other byte after `FF` is a marker and ends the scan.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position, buffer: 0, count: 0 }
    }

    /// Takes in whole bytes while there is room and no marker.
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.position..) {
                Some([0xff, 0, ..]) => {
                    self.position += 1;
                    0xff
                }
                Some([0xff, ..] | []) | None => return,
                Some([byte, ..]) => *byte,
            };
            self.position += 1;
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits, filled up with zeros, and how many of them there are.
    fn peek(&mut self) -> (u32, u32) {
        if self.count < 16 {
            self.fill();
        }
        let bits = if self.count >= 16 { self.buffer >> (self.count - 16) } else { self.buffer << (16 - self.count) };
        (bits as u32 & 0xffff, self.count)
    }

    /// The next `count` bits, at most 16, as a number.
    pub(super) fn take(&mut self, count: u32) -> Result<u32> {
        let (bits, there) = self.peek();
        if count > there {
            return Err(self.end());
        }
        self.count -= count;
        Ok(bits >> (16 - count))
    }

    /// The value of the next Huffman code.
    pub(super) fn decode(&mut self, table: &Huffman) -> Result<u8> {
        let (bits, there) = self.peek();
        let Some((length, value)) = table.find(bits) else {
            return Err(if there < 16 { self.end() } else { Fault::Damaged("a scan holds a code that is none") });
        };
        if length > there {
            return Err(self.end());
        }
        self.count -= length;
        Ok(value)
    }

    /// Why there are no more bits.
    fn end(&self) -> Fault {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        if rest.len() < 2 { Fault::Cut } else { Fault::Damaged("a scan ends before its last block") }
    }

    /// Drops what is left of the last byte; returns the position of the marker that must follow.
    pub(super) fn marker(&mut self) -> Result<usize> {
        self.fill();
        match (self.count / 8, self.bytes.get(self.position)) {
            (_, None) => Err(Fault::Cut),
            (0, Some(_)) => Ok(self.position),
            _ => Err(Fault::Damaged("a scan goes on after its last block")),
        }
    }

    /// Goes on behind a marker.
    pub(super) fn restart(&mut self, position: usize) {
        (self.position, self.buffer, self.count) = (position, 0, 0);
    }
}

/// A table of Huffman codes.
pub(super) struct Huffman {
    /// For each length from 1 to 16: the first code that is longer, filled up to 16 bits, and what to add to a code of this
    /// length for the index of its value.
    lengths: [(u32, i32); 16],
    values: Vec<u8>,
}

impl Huffman {
    /// The canonical codes with so many of each length (C.2), for these values.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Result<Self> {
        let (mut code, mut index) = (0_u32, 0_i32);
        let mut lengths = [(0, 0); 16];
        for (length, &count) in (1..).zip(counts) {
            let first = index - code as i32;
            code += u32::from(count);
            index += i32::from(count);
            if code > 1 << length {
                return Err(Fault::Damaged("a table has more codes than fit their lengths"));
            }
            lengths[length - 1] = (code << (16 - length), first);
            code <<= 1;
        }
        Ok(Self { lengths, values: values.to_vec() })
    }

    /// Length and value of the code at the front of 16 bits.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let (length, &(_, first)) = (1..).zip(&self.lengths).find(|(_, (limit, _))| bits < *limit)?;
        let index = (bits >> (16 - length)) as i32 + first;
        Some((length, *self.values.get(index as usize)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes 0, 10, 110 for 5, 6, 7.
    fn table() -> Huffman {
        let mut counts = [0; 16];
        counts[..3].copy_from_slice(&[1, 1, 1]);
        Huffman::new(&counts, &[5, 6, 7]).unwrap()
    }

    #[test]
    fn codes_and_bits_are_read_across_stuffed_bytes() {
        // 10 110 0 11 | 1111 1111 (stuffed) | 0 0 0 ...
        let mut bits = Bits::new(&[0b1011_0011, 0xff, 0, 0b0001_1111, 0xff, 0xd9], 0);
        assert_eq!([(); 3].map(|()| bits.decode(&table()).unwrap()), [6, 7, 5]);
        assert_eq!(bits.take(10).unwrap(), 0b11_1111_1111);
        assert_eq!(bits.take(3).unwrap(), 0);
        assert_eq!(bits.marker().unwrap(), 4);
    }

    #[test]
    fn an_end_by_a_marker_an_end_of_the_file_and_codes_that_are_none_are_told_apart() {
        assert_eq!(
            Bits::new(&[0xff, 0xd9], 0).take(1).unwrap_err(),
            Fault::Damaged("a scan ends before its last block")
        );
        assert_eq!(Bits::new(&[0x80], 0).take(9).unwrap_err(), Fault::Cut);
        let none = Fault::Damaged("a scan holds a code that is none");
        assert_eq!(Bits::new(&[0xf0, 0, 0, 0], 0).decode(&table()).unwrap_err(), none);
        let over = Fault::Damaged("a scan goes on after its last block");
        assert_eq!(Bits::new(&[0, 0xff, 0xd9], 0).marker().unwrap_err(), over);
    }

    #[test]
    fn more_codes_than_a_length_allows_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Huffman::new(&counts, &[1, 2, 3]).is_err());
    }
}
