//! A camera of events in front of a picture: recordings where there is no camera.
//!
//! Each pixel remembers the logarithm of the light that it last told of, and makes an event whenever the light has changed by its
//! contrast threshold since, as in ESIM (Rebecq et al., CoRL 2018) and v2e (Hu, Liu and Delbruck, CVPR workshops 2021). What changes the
//! light is a motion in three saccades, as those that N-MNIST was recorded with (Orchard et al., Frontiers in Neuroscience 9:437, 2015).
//! What is made here is a simulation: no latency, bandwidth or leak of real pixels is in it.

mod lens;
mod pixel;
mod record;
mod saccades;
mod settings;

pub use record::Camera;
pub use saccades::DURATION_US;
pub use settings::CameraSettings;
