use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::graph::Graph;
use crate::score::{Listener, Score, Scorer};
use crate::space::Architecture;
use crate::{Error, Result};

/// Scores candidates by looking them up, so many times; minus infinity where there is nothing.
pub(super) struct Lookup<'a> {
    values: &'a HashMap<Architecture, f64>,
    most: usize,
    /// Candidates in the order in which they were looked up.
    seen: Mutex<Vec<Architecture>>,
}

impl<'a> Lookup<'a> {
    pub fn new(values: &'a HashMap<Architecture, f64>, most: usize) -> Self {
        Self { values, most, seen: Mutex::default() }
    }

    /// Whether no more can be looked up.
    pub fn is_spent(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len() >= self.most
    }

    /// All that was looked up.
    pub fn into_seen(self) -> Vec<Architecture> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scorer for Lookup<'_> {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        for (index, Graph { architecture, .. }) in graphs.iter().enumerate() {
            if self.is_spent() {
                return Err(Error::Interrupted(format!("{} evaluations are spent", self.most)));
            }
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(architecture.clone());
            let value = self.values.get(architecture).copied().unwrap_or(f64::NEG_INFINITY);
            listener.scored(index, Score { value, firing_rate: None, ..Score::default() })?;
        }
        Ok(())
    }
}
