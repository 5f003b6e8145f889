//! Finds, trains and tests spiking neural networks that fit a memory budget.
//!
//! The way of the data: [`space`] (what may be chosen) -> [`plan`] (layers and shapes) -> [`memory`] (what it costs),
//! [`data`] (images) -> [`score`] (how good an untrained network looks) -> [`search`] (the best under a budget) ->
//! [`network`] and [`train`] (the trained network) -> [`metrics`] and [`record`] (the evidence) -> [`report`] (for people).
//! [`run`] does this for one dataset and budget, [`study`] for several at a time.
#![forbid(unsafe_code)]

pub mod config;
pub mod correlate;
pub mod data;
mod error;
pub mod files;
mod journal;
pub mod memory;
pub mod metrics;
pub mod network;
pub mod plan;
mod progress;
pub mod proxy;
pub mod random;
pub mod record;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod space;
pub mod study;
pub mod train;
pub mod weights;

pub use error::{Error, Result};
pub use progress::{Progress, Silent};
