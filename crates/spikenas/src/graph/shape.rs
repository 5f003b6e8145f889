use serde::{Deserialize, Serialize};

/// Shape of one feature map or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// Number of elements.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(super) fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }
}
