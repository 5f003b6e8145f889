use serde::{Deserialize, Serialize};

use crate::search::Method;
use crate::spread::Spread;
use crate::{Error, Result};

/// What is replayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    /// The methods.
    pub methods: Vec<Method>,
    /// Evaluations of a search at most: different candidates that are looked up.
    pub evaluations: usize,
    /// Seeds of what the methods draw; each is a search of its own.
    pub seeds: Vec<u64>,
}

/// The most evaluations; more than any table has.
const MOST: usize = 1_000_000;

impl ReplayConfig {
    /// Every method that a table can replay: a supernet needs images.
    pub fn methods() -> Vec<Method> {
        Method::ALL.into_iter().filter(|method| !method.trains()).collect()
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        let evaluations = self.evaluations;
        if !(1..=MOST).contains(&evaluations) {
            return Err(Error::invalid(format!("evaluations {evaluations} is out of range: give 1 to {MOST}")));
        }
        if self.methods.is_empty() || self.seeds.is_empty() {
            return Err(Error::invalid("a replay needs at least one method and one seed"));
        }
        if let Some(method) = self.methods.iter().find(|method| method.trains()) {
            return Err(Error::invalid(format!(
                "method {method}: a table has nothing to train on, choose another method"
            )));
        }
        Ok(())
    }

    /// Numbers of evaluations after which it is told what was found: 1, 2 and 5 times powers of ten, from 10 on, and the last.
    pub fn points(&self) -> Vec<usize> {
        let decades = (1..).map(|power| 10_usize.pow(power)).take_while(|&decade| decade < self.evaluations);
        let points = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]);
        points.filter(|&point| point < self.evaluations).chain([self.evaluations]).collect()
    }
}

/// What each method found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// Format version.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Architectures of the table.
    pub architectures: usize,
    /// The highest truth of the table, in percent.
    pub best: f64,
    /// The truth of the architecture that the searches would find if they saw all of the table: the highest by what they see.
    pub findable: f64,
    /// Numbers of evaluations after which it is told what was found.
    pub evaluations: Vec<usize>,
    /// Each method.
    pub methods: Vec<Replayed>,
}

/// What a method found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// The method.
    pub method: Method,
    /// Searches: one for each seed, or one where nothing is drawn.
    pub searches: usize,
    /// The truth in percent of the best candidate after so many evaluations; nothing where none of them is in the table.
    pub found: Vec<Option<Spread>>,
    /// Searches that came to the highest of all that they see.
    pub came_to_the_best: usize,
}
