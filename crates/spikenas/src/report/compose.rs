use super::document::Report;
use super::records::Records;
use super::{compare, correlation, run, several, study};
use crate::Result;

impl Report {
    /// The report of one run or study, or of several compared.
    pub fn new(records: &[Records]) -> Result<Self> {
        match records {
            [Records::Run(run)] => run::report(run),
            [Records::Study(study)] => study::report(study),
            [Records::Correlation(correlation, faults)] => correlation::report(correlation, faults),
            [records @ Records::Seeds(seeds)] => several::report(records, seeds),
            several => compare::report(several),
        }
    }
}
