use serde::Serialize;

use super::budget::Bits;
use super::device::{DeviceLedger, LeakKind, Schedule, WeightBits};
use super::ledger::{Ledger, LedgerEntry, ParameterCount, Unreachable};
use crate::Result;
use crate::graph::{Graph, Shape};
use crate::space::Architecture;

/// The memory of a network, itemised: its parameters at a precision, and where a device can run it, what it takes there.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// The architecture.
    pub architecture: Architecture,
    /// Shape of an image.
    pub input: Shape,
    /// Parameters of its parts.
    pub parameters: ParameterCount,
    /// The precision.
    pub bits_per_parameter: Bits,
    /// Bits of all parameters.
    pub memory_bits: u64,
    /// The same in whole bytes.
    pub memory_bytes: u64,
    /// Parameters on no path from input to output.
    pub unreachable: u64,
    /// The same network without them, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_unreachable: Option<Architecture>,
    /// Each layer that has parameters.
    pub layers: Vec<LedgerEntry>,
    /// Of the integer network, with weights of the bits where they are 2, 4 or 8, and of 8 otherwise; nothing where no device can run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLedger>,
}

impl Memory {
    /// The memory of a network at a precision, and of its integer network with a leak and a schedule, or with those that suit it.
    ///
    /// Errors: a leak or a schedule that the network cannot have.
    pub fn new(graph: &Graph, bits: Bits, leak: Option<LeakKind>, schedule: Option<Schedule>) -> Result<Self> {
        let ledger = Ledger::new(graph);
        let parameters = ledger.count();
        let unreachable = Unreachable::of(graph);
        let weight_bits = WeightBits::try_from(bits.get()).unwrap_or_default();
        let on_device = || DeviceLedger::new(graph, weight_bits, leak, schedule);
        Ok(Self {
            architecture: graph.architecture.clone(),
            input: graph.input,
            parameters,
            bits_per_parameter: bits,
            memory_bits: bits.memory_bits(parameters.network),
            memory_bytes: bits.memory_bytes(parameters.network),
            unreachable: unreachable.as_ref().map_or(0, |u| u.parameters),
            without_unreachable: unreachable.map(|u| u.without),
            layers: ledger.layers,
            device: (!graph.has_feedback()).then(on_device).transpose()?,
        })
    }
}
