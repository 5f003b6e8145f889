//! An engine whose networks are objects of Python: the library's trainings, tests and records on whatever Python computes with.
//!
//! The object has `name` and `network(graph, tensors)`; what the networks have is listed in the package's `torch/engine.py`. An
//! exception of theirs unwinds through the library as a panic would, so that nothing is kept of the step in which it was raised,
//! and is raised again by whoever called the library: see [`shielded`].

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use spikenas::data::Batch;
use spikenas::engine::{
    Decayed, Draws, Engine, Fired, Gradients, Lesson, LossKind, Mode, Network, NormOver, Observer, Optimiser,
    OptimiserState, Output, Rule, Shown, Untrained,
};
use spikenas::graph::{Graph, Shape};
use spikenas::random::{Generator, Rng};
use spikenas::weights::Weights;
use spikenas::{Error, Result};

use crate::arrays::{array, to_arrays, to_tensors};
use crate::error::raised;
use crate::values::to_python;

/// Does work of the library without the interpreter's lock; an exception of an engine in it is raised here.
pub fn shielded<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(result) => result.map_err(raised),
        Err(payload) => match payload.downcast::<PyErr>() {
            Ok(error) => Err(*error),
            Err(panic) => resume_unwind(panic),
        },
    }
}

/// What a call of Python gave; its exception unwinds.
pub fn given<T>(result: PyResult<T>) -> T {
    result.unwrap_or_else(|error| resume_unwind(Box::new(error)))
}

/// An engine that is an object of Python.
pub struct PythonEngine {
    object: Py<PyAny>,
    name: String,
}

impl PythonEngine {
    /// The engine of an object; its name stands in records.
    pub fn new(object: Bound<'_, PyAny>) -> PyResult<Self> {
        let name = object.getattr("name")?.extract()?;
        Ok(Self { object: object.unbind(), name })
    }
}

impl Engine for PythonEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        weights.check(graph)?;
        let object = Python::attach(|py| {
            let arguments = (to_python(py, graph)?, to_arrays(py, weights.tensors())?);
            Ok(self.object.bind(py).call_method1("network", arguments)?.unbind())
        });
        Ok(Box::new(PythonNetwork {
            object: given(object),
            graph: graph.clone(),
            batches_tracked: weights.batches_tracked,
        }))
    }

    fn untrained(&self, _draws: &Draws) -> Box<dyn Untrained> {
        Box::new(NoScores { engine: self.name.clone() })
    }
}

/// Untrained networks, which engines of Python do not show: scores need the spikes in the kernels' packed form.
struct NoScores {
    engine: String,
}

impl Untrained for NoScores {
    fn observe(&self, _: usize, _: &[&Graph], _: &[f32], _: &mut dyn Observer) -> Result<()> {
        Err(Error::invalid(format!("device `{}` trains and tests and does not score: score on the cpu", self.engine)))
    }
}

/// A network that is an object of Python.
struct PythonNetwork {
    object: Py<PyAny>,
    graph: Graph,
    /// Forward passes in training mode so far.
    batches_tracked: u64,
}

impl PythonNetwork {
    /// Calls a method, and takes what it gives.
    fn call<T>(
        &self,
        method: &str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyTuple>>,
        take: impl for<'py> FnOnce(Bound<'py, PyAny>) -> PyResult<T>,
    ) -> T {
        given(Python::attach(|py| take(self.object.bind(py).call_method1(method, arguments(py)?)?)))
    }

    /// Images, [images, channels, rows, columns], or frames by sample, [samples, frames, channels, rows, columns].
    fn images<'py>(&self, py: Python<'py>, images: &[f32]) -> PyResult<Bound<'py, PyAny>> {
        let Shape { channels, height, width } = self.graph.input;
        let (count, frames) = (images.len() / self.graph.sample_len(), self.graph.config.frames_of_sample());
        if frames == 1 {
            return Ok(array(py, images.to_vec(), &[count, channels, height, width])?.into_any());
        }
        array(py, images.to_vec(), &[frames, count, channels, height, width])?.call_method1("swapaxes", (0, 1))
    }
}

fn none<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
    Ok(PyTuple::empty(py))
}

/// Named tensors, flat.
fn flat(arrays: Bound<'_, PyAny>) -> PyResult<Gradients> {
    let tensors = to_tensors(arrays.cast::<PyDict>()?)?;
    Ok(tensors.into_iter().map(|(name, tensor)| (name, tensor.values)).collect())
}

/// Whether batch norms take statistics of all timesteps together.
fn pooled(over: NormOver) -> bool {
    over == NormOver::All
}

impl Network for PythonNetwork {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn weights(&self) -> Weights {
        let tensors = self.call("weights", none, |arrays| to_tensors(arrays.cast::<PyDict>()?));
        Weights::new(tensors, self.batches_tracked)
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        self.call(
            "replace",
            |py| {
                let arrays = PyDict::new(py);
                for (name, values) in tensors {
                    arrays.set_item(name, PyArray1::from_slice(py, values))?;
                }
                (arrays,).into_pyobject(py)
            },
            |_| Ok(()),
        );
    }

    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>> {
        weights.check(graph)?;
        let object = self.call(
            "sibling",
            |py| (to_python(py, graph)?, to_arrays(py, weights.tensors())?).into_pyobject(py),
            |object| Ok(object.unbind()),
        );
        Ok(Box::new(Self { object, graph: graph.clone(), batches_tracked: weights.batches_tracked }))
    }

    fn into_parts(self: Box<Self>) -> (Weights, Gradients) {
        (self.weights(), self.gradients())
    }

    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        let (name, passes, over) = match mode {
            Mode::Train => ("train", 0, NormOver::Timestep),
            Mode::Estimate { passes, over } => ("estimate", passes, over),
            Mode::Evaluate => ("evaluate", 0, NormOver::Timestep),
        };
        let (logits, fired): (Vec<f32>, Vec<(String, Vec<u64>)>) = self.call(
            "forward",
            |py| (self.images(py, images)?, name, passes, pooled(over)).into_pyobject(py),
            |output| output.extract(),
        );
        self.batches_tracked += u64::from(mode == Mode::Train);
        let fired = fired.into_iter().map(|(layer, counts)| Fired { layer, counts }).collect();
        Ok(Output { logits, fired })
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        let labels: Vec<i64> = batch.labels.iter().map(|&label| label as i64).collect();
        let loss = match lesson.loss {
            LossKind::Mean => "mean",
            LossKind::Timestep => "timestep",
        };
        let settings = (
            lesson.dropout,
            lesson.label_smoothing,
            loss,
            lesson.share,
            pooled(lesson.norm_over),
            lesson.surrogate_alpha,
        );
        // The key of the pass's own generator: torch takes 63 bits.
        let seed = rng.next_u64() >> 1;
        let (loss, correct) = self.call(
            "learn",
            |py| {
                let labels = PyArray1::from_vec(py, labels);
                (self.images(py, &batch.images)?, labels, settings, seed).into_pyobject(py)
            },
            |shown| shown.extract(),
        );
        self.batches_tracked += 1;
        Ok(Shown { loss, correct })
    }

    fn gradients(&self) -> Gradients {
        self.call("gradients", none, flat)
    }

    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64) {
        let (rule, momentum) = match optimiser.rule {
            Rule::Sgd { momentum } => ("sgd", momentum),
            Rule::Adam => ("adam", 0.0),
            Rule::AdamW => ("adamw", 0.0),
            Rule::Muon { momentum } => ("muon", momentum),
        };
        let decays_all = optimiser.decayed == Decayed::All;
        let arguments = (rule, momentum, optimiser.weight_decay, decays_all, learning_rate);
        self.call("step", |py| arguments.into_pyobject(py), |_| Ok(()));
    }

    fn optimiser_state(&self) -> OptimiserState {
        self.call("optimiser_state", none, |state| {
            let (steps, buffers): (u64, Bound<'_, PyDict>) = state.extract()?;
            Ok(OptimiserState { steps, buffers: to_tensors(&buffers)? })
        })
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        state.check(&self.graph)?;
        self.call(
            "set_optimiser_state",
            |py| (state.steps, to_arrays(py, &state.buffers)?).into_pyobject(py),
            |_| Ok(()),
        );
        Ok(())
    }
}
