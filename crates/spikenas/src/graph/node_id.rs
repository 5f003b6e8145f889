use serde::{Deserialize, Serialize};

/// Place of a node in its graph: nodes read only nodes before them, but for feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    /// The place as a number.
    pub fn index(self) -> usize {
        self.0
    }
}
