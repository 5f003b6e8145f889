//! What runs a graph: forward and backward passes, tests, steps of an optimiser.
//!
//! An [`Engine`] is a device. It makes [`Network`]s, which are trained and tested, and shows images to [`Untrained`] ones, of
//! which an [`Observer`] receives the spikes. [`cpu`] runs wholly on the project's own kernels; other devices are
//! [Burn](https://burn.dev)'s, behind the features `wgpu` and `cuda`. All are tested against the same golden numbers.

#[cfg(feature = "burn")]
pub mod burn;
mod concerns;
pub mod cpu;
mod device;
mod evaluation;
mod loss;
mod network;
mod observer;
mod open;
mod optimiser;
mod tally;
mod testing;
mod threads;

pub use device::{Draws, Engine, Untrained};
pub use evaluation::{ClassResult, Evaluation, LayerRate, OverTime, Taken, TestedImage};
pub use loss::{Loss, LossKind, count_correct, predicted, shares};
pub use network::{Fired, Gradients, Lesson, Mode, Network, NormOver, Output, Shown};
pub use observer::{Firing, LayerId, Observer};
pub use open::{DEVICES, engine};
pub use optimiser::{Decayed, Optimiser, OptimiserState, Rule};
pub(crate) use tally::Tally;
pub use testing::{BATCH, check_images, evaluate};
pub use threads::threads;

pub use crate::room::{available_memory, check_memory, prepare_memory};
