use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Neighbours that are dealt together, at most: neighbours have most in common.
const BLOCK: usize = 32;
/// Blocks that each shard gets at least, where there are enough, so that all have about as much to do.
const ROUNDS: usize = 8;

/// One of several parts of a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    count: usize,
}

impl Shard {
    /// The most parts.
    pub const MOST: usize = 10_000;

    /// The part of a number, from 1 on, of so many.
    ///
    /// Errors: no such part, or too many.
    pub fn new(number: usize, count: usize) -> Result<Self> {
        if !(1..=Self::MOST).contains(&count) {
            return Err(Error::invalid(format!("shard {number}/{count}: a search has 1 to {} shards", Self::MOST)));
        }
        if !(1..=count).contains(&number) {
            return Err(Error::invalid(format!("shard {number}/{count}: they are numbered from 1 to {count}")));
        }
        Ok(Self { number, count })
    }

    /// Its number, from 1 on.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// Another part of the same work.
    pub(crate) fn with_number(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// Whether what stands at a place of a list, counted from 0, is of this part.
    pub fn owns(self, place: usize, length: usize) -> bool {
        self.owner(place, length) == self.number
    }

    /// The number of the part to which a place of a list belongs: a matter of the list's length alone, so that all processes
    /// agree.
    ///
    /// Blocks of neighbours are dealt in turn, and each round begins with the next part: otherwise, lists in which cost comes and
    /// goes regularly would give one part all that is expensive.
    pub fn owner(self, place: usize, length: usize) -> usize {
        let block = place / (length / (self.count * ROUNDS)).clamp(1, BLOCK);
        (block + block / self.count) % self.count + 1
    }

    /// The name of its folder.
    pub(super) fn folder(self) -> String {
        format!("{}-of-{}", self.number, self.count)
    }

    /// The part whose folder has this name.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        let (number, count) = name.split_once("-of-")?;
        Self::new(number.parse().ok()?, count.parse().ok()?).ok().filter(|shard| shard.folder() == name)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || Error::invalid(format!("shard `{text}`: give the part and their number, such as 2/3"));
        let (number, count) = text.split_once('/').ok_or_else(malformed)?;
        let whole = |text: &str| text.parse::<usize>().map_err(|_| malformed());
        Self::new(whole(number)?, whole(count)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_list_belongs_to_one_part_and_the_parts_are_about_equal() {
        for (length, count) in [(729, 3), (64, 2), (10, 3), (2, 5), (15_625, 40), (0, 1)] {
            let mut sizes = vec![0; count];
            for place in 0..length {
                let owners: Vec<usize> =
                    (1..=count).filter(|&n| Shard::new(n, count).unwrap().owns(place, length)).collect();
                assert_eq!(owners.len(), 1, "{place} of {length}");
                sizes[owners[0] - 1] += 1;
            }
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            assert!(most - least <= (length / (count * ROUNDS)).max(1), "{length} by {count}: {sizes:?}");
        }
    }

    #[test]
    fn what_is_expensive_at_regular_places_is_not_all_of_one_part() {
        let of = |number: usize| Shard::new(number, 2).unwrap();
        // Cells of two operations: of 64, every second block of four has the third edge from the end on the dearer one.
        let dear = |shard: Shard| (0..64).filter(|&place| shard.owns(place, 64) && place / 4 % 2 == 1).count();
        assert_eq!([dear(of(1)), dear(of(2))], [16, 16]);
    }

    #[test]
    fn parts_are_read_and_those_that_are_none_are_refused() {
        let shard: Shard = "2/3".parse().unwrap();
        assert_eq!((shard.to_string(), Shard::of_folder(&shard.folder())), ("2 of 3".into(), Some(shard)));
        for wrong in ["0/3", "4/3", "1/0", "1/10001", "x", "", "1", "1/", "/2", "-1/2", "1/2/3", "1.5/2", "1 /2"] {
            let error = wrong.parse::<Shard>().unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("shard"), "{wrong}: {error}");
        }
        for none in ["2-of-1", "02-of-3", "+1-of-2", "x", "1-of-"] {
            assert_eq!(Shard::of_folder(none), None, "{none}");
        }
    }
}
