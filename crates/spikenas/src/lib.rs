//! Finds, trains and tests spiking neural networks that fit a memory budget.
//!
//! Give it a dataset and a budget; it gives you a trained network that fits:
//!
//! ```no_run
//! use spikenas::search::Layout;
//! use spikenas::{Dataset, Project, Silent, Source};
//!
//! let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
//! project.config.search.budget = Some("40k".parse()?);
//! project.config.search.layout = Some(Layout::of(0));
//! let found = project.search(&mut Silent)?;
//! project.config = project.config.settled(&found);
//! let trained = project.train(&found.architecture, &mut Silent)?;
//! let test = project.test(&trained, &mut Silent)?;
//! println!("{}: {:.2} % with {} parameters", found.architecture, test.accuracy, found.parameters.network);
//! trained.save("model.safetensors".as_ref())?;
//! # Ok::<(), spikenas::Error>(())
//! ```
//!
//! # The way of the data
//!
//! [`space`] (what may be chosen) -> [`graph`] (the layers, their shapes and tensors: all that the rest knows of a network) ->
//! [`cost`] (what it takes) and [`weights`] (its numbers); [`data`] (images) -> [`engine`] (what runs a graph) ->
//! [`quantise`] (the same in whole numbers) -> [`export`] (for devices and other tools); [`score`] (how good
//! an untrained network looks) -> [`search`] (the best under a budget) -> [`train`] -> [`supernet`] (all
//! operations in one network, which lends its weights to candidates) -> [`workflow`] (all stages over one dataset) -> [`record`]s -> `report` (pages for people, of records alone). A module imports only from those
//! before it.
//!
//! # Your own parts
//!
//! A score is a [`score::Scorer`], images are a [`data::Dataset`], a device is an [`engine::Engine`]; `examples/` has a
//! score, a dataset, a search and a training.
//!
//! # Threads, machines, repeatability
//!
//! Everything runs on rayon's global pool; results have the same bits for any number of threads. Kernels are chosen at run time for
//! AVX-512, AVX2 or any other machine; the environment variable `SPIKENAS_ISA` (`avx2`, `portable`) caps them. Backward passes round
//! products once where the machine can, so that trainings differ between instruction sets in the last bits.
//!
//! # Features
//!
//! - `report` (default): pages, figures and tables of records; needs `maud` and `plotters`.
//! - `fetch` (default): downloads of datasets; needs `ureq` with `rustls`.
//! - `wgpu`: training on graphics cards by Burn, on Vulkan, Metal and DirectX 12. A build of many minutes.
//! - `cuda`: the same on NVIDIA cards; passed through to Burn and not verified, and its build downloads an LLVM.
//! - `burn`: Burn's own operations on the CPU, which the engine on the kernels is compared with.
#![forbid(unsafe_code)]

pub mod cost;
mod counted;
pub mod data;
pub mod engine;
mod error;
pub mod export;
pub mod graph;
mod progress;
pub mod quantise;
pub mod random;
pub mod record;
#[cfg(feature = "report")]
pub mod report;
mod room;
pub mod score;
pub mod search;
pub mod space;
mod spread;
pub mod supernet;
pub mod train;
pub mod weights;
pub mod workflow;

pub use counted::counted;
pub use data::{Dataset, Source};
pub use error::{Error, Result, nearest};
pub use graph::{Graph, NetworkConfig};
pub use progress::{Progress, Silent};
pub use space::Architecture;
pub use spread::Spread;
pub use workflow::{Project, Trained};
