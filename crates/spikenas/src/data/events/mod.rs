//! Recordings of event cameras: their files, and the frames that a network is shown.
//!
//! [`Recording::read`] takes a file of any [`Format`], strictly: what is cut off or cannot be is an error with its place, and where a
//! format cannot tell, events come out in range. [`FrameRule`] counts events into frames, as SpikingJelly does, number for number.
//! [`Recording::encode`] makes such a file, and [`Camera`] makes recordings of images.

mod camera;
mod event;
mod format;
mod frames;
mod read;
mod write;

pub use camera::{Camera, CameraSettings, DURATION_US};
pub use event::{Event, Recording, Sensor};
pub use format::Format;
pub use frames::FrameRule;

pub use crate::weights::Split;
