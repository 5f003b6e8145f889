use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Which edges the cells of a space have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Edges to later nodes.
    #[default]
    Forward,
    /// Edges back to earlier nodes, too, a timestep later (SNASNet-Bw, Kim et al. 2022). Any of these may be left out.
    Backward,
}

impl CellKind {
    /// Every kind.
    pub const ALL: [CellKind; 2] = [CellKind::Forward, CellKind::Backward];

    /// Whether no edge goes back.
    pub fn is_forward(&self) -> bool {
        *self == CellKind::Forward
    }

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            CellKind::Forward => "forward",
            CellKind::Backward => "backward",
        }
    }
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CellKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = CellKind::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| Error::unknown("cell", text, CellKind::ALL.map(CellKind::name)))
    }
}
