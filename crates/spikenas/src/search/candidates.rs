use std::collections::HashMap;

use crate::space::Architecture;

/// Different candidates in the order in which they came first, each with the number of times that it came.
#[derive(Default)]
pub(super) struct Candidates {
    counts: Vec<(Architecture, usize)>,
    places: HashMap<Architecture, usize>,
}

impl Candidates {
    /// All that came, equal ones as often as they did.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Different ones.
    pub fn different(&self) -> usize {
        self.counts.len()
    }

    /// Each with the number of times that it came.
    pub fn iter(&self) -> impl Iterator<Item = (&Architecture, usize)> {
        self.counts.iter().map(|(architecture, count)| (architecture, *count))
    }
}

impl FromIterator<Architecture> for Candidates {
    fn from_iter<I: IntoIterator<Item = Architecture>>(architectures: I) -> Self {
        let mut candidates = Self::default();
        for architecture in architectures {
            match candidates.places.get(&architecture) {
                Some(&place) => candidates.counts[place].1 += 1,
                None => {
                    candidates.places.insert(architecture.clone(), candidates.counts.len());
                    candidates.counts.push((architecture, 1));
                }
            }
        }
        candidates
    }
}
