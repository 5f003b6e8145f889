use super::name::Name;
use super::{header::header, source::source, test::test};
use crate::Result;
use crate::cost::{DeviceLedger, DevicePlan, Schedule};
use crate::quantise::IntegerNetwork;

/// The files of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CExport {
    /// `NAME.h`.
    pub header: String,
    /// `NAME.c`.
    pub source: String,
    /// `NAME_test.c`: a program that returns 0 if every golden image gives its golden scores, and 1 otherwise.
    pub test: String,
    /// What of the memory is the export's: everything but the image, which its user keeps.
    pub ledger: DeviceLedger,
}

impl CExport {
    /// Exports a network under a name, with golden images for the test, one after the other.
    ///
    /// Takes the schedule that needs less RAM where none is given.
    pub fn new(
        network: &IntegerNetwork,
        name: &Name,
        classes: &[String],
        schedule: Option<Schedule>,
        images: &[u8],
    ) -> Result<Self> {
        let IntegerNetwork { graph, stages, bits, leak, .. } = network;
        let plan = DevicePlan::least(stages, graph.config.timesteps, *leak, schedule);
        let ledger = DeviceLedger::of_plan(graph, stages, &plan, *bits, *leak);
        Ok(Self {
            header: header(network, name, classes, &plan, &ledger),
            source: source(network, name, &plan),
            test: test(network, name, images),
            ledger,
        })
    }
}
