//! The operations of the cells.

use clap::Args;
use spikenas::space::{Architecture, Cell, CellKind, Digits, Operation, SearchSpace};
use spikenas::{Error, Result};

/// The operations of the space.
#[derive(Args, Clone)]
#[command(next_help_heading = "Search space")]
pub struct SpaceArguments {
    /// Operations on an edge, joined by commas: zeroize, skip, conv1x1, conv3x3, avgpool3x3; or a set: snasnet,
    /// spikenas-3o, spikenas-2o, spikenas-bench
    #[arg(long, value_name = "NAMES", default_value = "spikenas-3o", value_parser = parse_operations)]
    pub ops: Operations,
    /// Which edges the cells have: forward, to later nodes, or backward, back to earlier ones, too, which add a timestep later
    /// (SNASNet-Bw)
    #[arg(long, value_name = "KIND", default_value = "forward")]
    pub cell: CellKind,
}

/// Operations of a space, and the digits in which its architectures are written.
#[derive(Clone)]
pub struct Operations(pub Vec<Operation>, pub Digits);

/// Reads operations of a space.
pub fn parse_operations(text: &str) -> Result<Operations> {
    let digits = if text == "spikenas-bench" { Digits::SpikenasBench } else { Digits::Snasnet };
    Ok(Operations(SearchSpace::parse_operations(text)?, digits))
}

/// The operations that an architecture given as an option may use, and its digits.
#[derive(Args, Clone)]
#[command(next_help_heading = "Architecture")]
pub struct DigitArguments {
    /// Operations that the architecture may use: names joined by commas, or a set; spikenas-bench reads the digits as that set's
    /// [default: all of SNASNet's]
    #[arg(long, value_name = "NAMES", value_parser = parse_operations)]
    pub ops: Option<Operations>,
    /// Edges that it may have: forward refuses those back to earlier nodes, the digits below the diagonal [default: backward, which
    /// takes both]
    #[arg(long, value_name = "KIND")]
    pub cell: Option<CellKind>,
}

impl DigitArguments {
    /// Reads an architecture; one with another operation is refused.
    pub fn architecture(&self, text: &str) -> Result<Architecture> {
        let digits = self.ops.as_ref().map_or(Digits::Snasnet, |Operations(_, digits)| *digits);
        let architecture = Architecture::parse(text, digits)?;
        let cells = architecture.cells().iter();
        if self.cell == Some(CellKind::Forward) && cells.clone().any(Cell::has_feedback) {
            return Err(Error::invalid(format!(
                "`{architecture}` has edges back to earlier nodes, which --cell leaves out"
            )));
        }
        let Some(Operations(allowed, _)) = &self.ops else { return Ok(architecture) };
        // An edge back may always be left out.
        let back = cells.clone().flat_map(Cell::back).filter(|&operation| operation != Operation::Zeroize);
        match cells.flat_map(Cell::operations).chain(back).find(|operation| !allowed.contains(operation)) {
            Some(other) => Err(Error::invalid(format!("`{architecture}` has {other}, which --ops leaves out"))),
            None => Ok(architecture),
        }
    }
}
