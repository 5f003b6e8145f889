//! The scans of a JPEG: whether each holds exactly the blocks that it should (ITU T.81, annexes F and G).

use super::bits::{Bits, Huffman};
use super::fault::{Fault, Result};

/// The picture that the scans make up.
pub(super) struct Frame {
    pub(super) is_progressive: bool,
    /// Pixels across and down.
    pub(super) size: [usize; 2],
    pub(super) components: Vec<Component>,
}

/// One of its channels.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of a unit across and down.
    pub(super) sampling: [usize; 2],
    /// Blocks in a row, filled up to whole units.
    stride: usize,
    /// Bits of each coefficient that are still to come.
    missing_bits: [u8; 64],
    /// Which coefficients of each block are not zero; of progressive pictures.
    nonzero: Vec<u64>,
}

/// More bits than any scan leaves: none has come.
const ALL: u8 = u8::MAX;

/// What a scan's header says.
pub(super) struct Scan {
    /// Index of each component in the frame, and its tables for the first coefficient and for the others.
    pub(super) components: Vec<(usize, [usize; 2])>,
    /// The first and the last coefficient, in zigzag order.
    pub(super) spectrum: [usize; 2],
    /// Bits that were missing before, 0 where none had come; and bits that are missing afterwards.
    pub(super) missing_bits: [u8; 2],
    /// Units between two restart markers; 0 for none.
    pub(super) restart: usize,
}

/// Tables for first coefficients, then for the others.
pub(super) type Tables = [[Option<Huffman>; 4]; 2];

impl Frame {
    /// A frame of components with these names and samplings.
    pub(super) fn new(is_progressive: bool, size: [usize; 2], components: &[(u8, [usize; 2])]) -> Self {
        let component =
            |&(id, sampling)| Component { id, sampling, stride: 0, missing_bits: [ALL; 64], nonzero: vec![] };
        let mut frame = Self { is_progressive, size, components: components.iter().map(component).collect() };
        let [across, down] = frame.units(None);
        for Component { sampling, stride, nonzero, .. } in &mut frame.components {
            *stride = across * sampling[0];
            nonzero.resize(if is_progressive { *stride * down * sampling[1] } else { 0 }, 0);
        }
        frame
    }

    /// Units across and down: blocks in a scan of one component, else groups of blocks of all.
    fn units(&self, alone: Option<usize>) -> [usize; 2] {
        [0, 1].map(|axis| {
            let most = self.components.iter().map(|c| c.sampling[axis]).max().unwrap_or(1);
            let blocks = alone.map_or(1, |index| self.components[index].sampling[axis]);
            (self.size[axis] * blocks).div_ceil(8 * most)
        })
    }

    /// Whether the scans so far hold the whole picture.
    pub(super) fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.missing_bits == [0; 64])
    }

    /// Reads a scan from its first byte to the marker after it, whose position is returned.
    pub(super) fn read(&mut self, scan: &Scan, tables: &Tables, bytes: &[u8], position: usize) -> Result<usize> {
        self.note_progress(scan)?;
        let alone = match scan.components[..] {
            [(index, _)] => Some(index),
            _ => None,
        };
        let [across, down] = self.units(alone);
        let mut reader = Reader { bits: Bits::new(bytes, position), scan, run: 0 };
        for unit in 0..across * down {
            if scan.restart > 0 && unit > 0 && unit.is_multiple_of(scan.restart) {
                reader.restart(bytes, unit / scan.restart - 1)?;
            }
            let (column, row) = (unit % across, unit / across);
            for &(index, [first, others]) in &scan.components {
                let tables = [&tables[0][first], &tables[1][others]].map(Option::as_ref);
                let Component { sampling, stride, nonzero, .. } = &mut self.components[index];
                let [wide, high] = if alone.is_some() { [1, 1] } else { *sampling };
                for block in 0..wide * high {
                    let place = (row * high + block / wide) * *stride + column * wide + block % wide;
                    // Sequential pictures keep no track of what is not zero.
                    match nonzero.get_mut(place) {
                        Some(nonzero) => reader.progressive_block(tables, nonzero)?,
                        None => reader.whole_block(tables)?,
                    }
                }
            }
        }
        reader.end()
    }

    /// Takes down which bits a scan brings; each must come once, in its order.
    fn note_progress(&mut self, scan: &Scan) -> Result<()> {
        let ([first, last], [before, after]) = (scan.spectrum, scan.missing_bits);
        let is_possible = match (self.is_progressive, first) {
            (false, _) => (first, last, before, after) == (0, 63, 0, 0),
            (true, 0) => last == 0,
            (true, _) => first <= last && last < 64 && scan.components.len() == 1,
        };
        let expected = if before == 0 { ALL } else { before };
        let is_next = before == 0 && after < 14 || before == after + 1;
        for &(index, _) in &scan.components {
            let missing = &mut self.components[index].missing_bits;
            if !(is_possible && is_next && missing[first..=last].iter().all(|&bits| bits == expected)) {
                return Err(Fault::Damaged("its scans do not follow one another"));
            }
            missing[first..=last].fill(after);
        }
        Ok(())
    }
}

/// The blocks of a scan.
struct Reader<'a> {
    bits: Bits<'a>,
    scan: &'a Scan,
    /// Blocks to come in which nothing new is said.
    run: u32,
}

const NO_TABLE: Fault = Fault::Damaged("a scan has no table of its codes");
const TOO_FAR: Fault = Fault::Damaged("a block has more than 64 coefficients");

impl Reader<'_> {
    /// Reads a block of a sequential picture (F.2.2).
    fn whole_block(&mut self, [first, others]: [Option<&Huffman>; 2]) -> Result<()> {
        self.first_coefficient(first)?;
        let others = others.ok_or(NO_TABLE)?;
        let mut place = 1;
        while place < 64 {
            let code = self.bits.decode(others)?;
            match (code >> 4, code & 15) {
                (15, 0) => place += 16,
                (_, 0) => return Ok(()),
                (zeros, size) => {
                    place += usize::from(zeros) + 1;
                    self.bits.take(size.into())?;
                }
            }
            if place > 64 {
                return Err(TOO_FAR);
            }
        }
        Ok(())
    }

    fn first_coefficient(&mut self, table: Option<&Huffman>) -> Result<()> {
        match self.bits.decode(table.ok_or(NO_TABLE)?)? {
            size @ 0..16 => self.bits.take(size.into()).map(|_| ()),
            _ => Err(Fault::Damaged("a coefficient has more than 15 bits")),
        }
    }

    /// Reads what a scan of a progressive picture says about a block (G.1.2).
    fn progressive_block(&mut self, [first, others]: [Option<&Huffman>; 2], nonzero: &mut u64) -> Result<()> {
        match (self.scan.spectrum[0], self.scan.missing_bits[0]) {
            (0, 0) => self.first_coefficient(first),
            (0, _) => self.bits.take(1).map(|_| ()),
            (_, 0) => self.new_coefficients(others.ok_or(NO_TABLE)?, nonzero),
            _ => self.refined_coefficients(others.ok_or(NO_TABLE)?, nonzero),
        }
    }

    /// Reads the length of a run of blocks without anything new, this one included.
    fn start_run(&mut self, size: u8) -> Result<()> {
        self.run = (1 << size) + self.bits.take(size.into())?;
        Ok(())
    }

    fn new_coefficients(&mut self, table: &Huffman, nonzero: &mut u64) -> Result<()> {
        let [mut place, last] = self.scan.spectrum;
        while self.run == 0 && place <= last {
            let code = self.bits.decode(table)?;
            match (code >> 4, code & 15) {
                (15, 0) => place += 16,
                (size, 0) => self.start_run(size)?,
                (zeros, size) => {
                    place += usize::from(zeros);
                    self.bits.take(size.into())?;
                    *nonzero |= 1u64.checked_shl(place as u32).unwrap_or(0);
                    place += 1;
                }
            }
            if place > last + 1 {
                return Err(TOO_FAR);
            }
        }
        self.run = self.run.saturating_sub(1);
        Ok(())
    }

    fn refined_coefficients(&mut self, table: &Huffman, nonzero: &mut u64) -> Result<()> {
        let [mut place, last] = self.scan.spectrum;
        while self.run == 0 && place <= last {
            let code = self.bits.decode(table)?;
            let (zeros, is_new) = match (code >> 4, code & 15) {
                (size @ 0..15, 0) => {
                    self.start_run(size)?;
                    break;
                }
                (zeros, 0) => (zeros, false),
                (zeros, 1) => {
                    self.bits.take(1)?;
                    (zeros, true)
                }
                _ => return Err(Fault::Damaged("a refinement has more than one bit")),
            };
            // The zero behind those that are passed over becomes the new coefficient, if there is one.
            self.pass_zeros(&mut place, zeros, *nonzero)?;
            if place > last {
                return Err(TOO_FAR);
            }
            if is_new {
                *nonzero |= 1 << place;
            }
            place += 1;
        }
        if self.run > 0 {
            let refined = (place..=last).filter(|&place| *nonzero >> place & 1 == 1).count();
            (0..refined).try_for_each(|_| self.bits.take(1).map(|_| ()))?;
            self.run -= 1;
        }
        Ok(())
    }

    /// Goes on to the zero after `zeros` others; each coefficient on the way that is not zero brings a bit.
    fn pass_zeros(&mut self, place: &mut usize, mut zeros: u8, nonzero: u64) -> Result<()> {
        while *place <= self.scan.spectrum[1] {
            if nonzero >> *place & 1 == 1 {
                self.bits.take(1)?;
            } else if zeros == 0 {
                return Ok(());
            } else {
                zeros -= 1;
            }
            *place += 1;
        }
        Ok(())
    }

    /// Goes behind a restart marker; they are numbered from 0 to 7, over and over.
    fn restart(&mut self, bytes: &[u8], number: usize) -> Result<()> {
        let position = self.end()?;
        let fill = bytes[position..].iter().take_while(|&&byte| byte == 0xff).count();
        match bytes.get(position + fill) {
            None => Err(Fault::Cut),
            Some(&code) if usize::from(code) == 0xd0 + number % 8 => {
                self.bits.restart(position + fill + 1);
                Ok(())
            }
            Some(_) => Err(Fault::Damaged("a restart marker is missing")),
        }
    }

    /// Ends the scan, or the part of it before a restart; returns the position of the marker that must follow.
    fn end(&mut self) -> Result<usize> {
        if self.run > 0 {
            return Err(Fault::Damaged("a run of blocks is longer than its scan"));
        }
        self.bits.marker()
    }
}
