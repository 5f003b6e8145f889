//! Long work of the library for a caller in Python: it runs on a thread of its own, and the thread that called looks after
//! signals.
//!
//! The caller's thread has the interpreter released but for moments: it tells of progress and calls functions of Python that
//! the work asks for, so that these run where their caller is, and looks for signals every [`LOOK_EVERY`]. Ctrl-C asks the work
//! to stop at its next safe place. Where that is not within [`LINGER`], the exception comes all the same: what is left of the
//! step ends in the background, with its folder locked, keeps what it keeps, and touches nothing of Python any more. The next
//! work waits for it.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use spikenas::graph::Graph;
use spikenas::score::{Listener, Score, Scorer};
use spikenas::{Error, Progress, Result, engine};

use crate::error::raised;
use crate::values::to_python;

/// How often the caller's thread looks for signals.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a signal waits for the work to stop by itself.
const LINGER: Duration = Duration::from_millis(30);
/// How often somebody looks whether work has ended.
const TICK: Duration = Duration::from_millis(2);
/// The stack of a main thread.
const STACK: usize = 8 << 20;

/// Tells whether work that was left behind has ended.
type HasEnded = Box<dyn Fn() -> bool + Send>;
/// Work that was left behind.
static LEFT: Mutex<Vec<HasEnded>> = Mutex::new(Vec::new());

/// What a caller in Python hears of work, and how it is to be done.
pub struct Caller<'py> {
    /// Has `begin(stage, total)`, `advance(steps, message)`, `end()` and `note(message)`; nobody hears where it is None.
    pub progress: Option<Bound<'py, PyAny>>,
    /// The score of an architecture: a function of its text, the settings of its network and the shape of an image.
    pub objective: Option<Bound<'py, PyAny>>,
    /// The threads of the work, where they are not those of the process.
    pub threads: Option<usize>,
}

impl<'py> Caller<'py> {
    /// A caller who listens to work and gives it no score.
    pub fn listening(progress: Option<Bound<'py, PyAny>>, threads: Option<usize>) -> Self {
        Self { progress, objective: None, threads }
    }

    /// Does work of the library, with the interpreter released; its error is raised.
    pub fn attend<T: Send + 'static>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&mut Worker) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        if self.threads.is_some() {
            engine::threads(self.threads).map_err(raised)?;
        }
        wait_for_others(py)?;
        let desk = Arc::new(Desk::default());
        let (sender, mut receiver) = mpsc::channel();
        let mut worker = Worker { desk: desk.clone(), questions: sender };
        let threads = self.threads;
        let work = move || in_pool(threads, move || work(&mut worker));
        let handle = thread::Builder::new().name("spikenas".into()).stack_size(STACK).spawn(work)?;
        match self.look_after(py, &desk, &mut receiver) {
            Ok(()) => {
                let result = ended(py, handle);
                self.tell(&desk)?;
                result.map_err(raised)
            }
            Err(error) => {
                desk.is_cancelled.store(true, SeqCst);
                // Work that waits for an answer hears that there will be none.
                drop(receiver);
                Err(stopped(py, handle, error))
            }
        }
    }

    /// Tells of progress and answers questions until the work has ended.
    fn look_after(&self, py: Python<'py>, desk: &Desk, receiver: &mut Receiver<Question>) -> PyResult<()> {
        let mut looked = Instant::now();
        loop {
            let waiting = &mut *receiver;
            let question = py.detach(move || waiting.recv_timeout(LOOK_EVERY));
            // Questions may come one upon the other.
            if looked.elapsed() >= LOOK_EVERY || question.is_err() {
                py.check_signals()?;
                self.tell(desk)?;
                looked = Instant::now();
            }
            match question {
                Ok(question) => self.answer(py, question)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Tells what there is to tell.
    fn tell(&self, desk: &Desk) -> PyResult<()> {
        let events = std::mem::take(&mut *desk.events());
        let Some(progress) = &self.progress else { return Ok(()) };
        for event in events {
            match event {
                Event::Begin(stage, total) => progress.call_method1("begin", (stage, total))?,
                Event::Advance(steps, message) => progress.call_method1("advance", (steps, message))?,
                Event::End => progress.call_method0("end")?,
                Event::Note(message) => progress.call_method1("note", (message,))?,
            };
        }
        Ok(())
    }

    /// Asks the caller's function for the score of an architecture.
    fn answer(&self, py: Python<'py>, Question { graph, answer }: Question) -> PyResult<()> {
        let Some(objective) = &self.objective else { return Ok(()) };
        let input = graph.input;
        let shape = (input.channels, input.height, input.width);
        let arguments = (graph.architecture.to_string(), to_python(py, &graph.config)?, shape);
        let value = objective.call1(arguments)?.extract::<f64>()?;
        // Nobody waits any more where the work has ended.
        let _ = answer.send(value);
        Ok(())
    }
}

/// The result of work whose end is near; a panic goes on.
fn ended<T: Send>(py: Python<'_>, handle: JoinHandle<Result<T>>) -> Result<T> {
    py.detach(|| handle.join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What to raise where a signal, or an exception of a function of Python, stops work: it is waited for a moment, and then left
/// behind.
fn stopped<T: Send + 'static>(py: Python<'_>, handle: JoinHandle<Result<T>>, error: PyErr) -> PyErr {
    let begin = Instant::now();
    while !handle.is_finished() && begin.elapsed() < LINGER {
        py.detach(|| thread::sleep(TICK));
    }
    let told = match handle.is_finished() {
        true => ended(py, handle).err().map(|error| error.to_string()),
        false => {
            left().push(Box::new(move || handle.is_finished()));
            Some(
                "interrupted: the step in progress ends in the background and is kept; repeat the call to go on".into(),
            )
        }
    };
    match told.filter(|_| error.is_instance_of::<PyKeyboardInterrupt>(py)) {
        Some(text) => PyKeyboardInterrupt::new_err(text),
        None => error,
    }
}

fn left() -> MutexGuard<'static, Vec<HasEnded>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for work that was left behind.
fn wait_for_others(py: Python<'_>) -> PyResult<()> {
    loop {
        left().retain(|has_ended| !has_ended());
        if left().is_empty() {
            return Ok(());
        }
        py.detach(|| thread::sleep(TICK));
        py.check_signals()?;
    }
}

/// Does work with so many threads, or with those of the process.
fn in_pool<T: Send>(threads: Option<usize>, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let Some(threads) = threads else { return work() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let failed = |e| Error::io("threads")(std::io::Error::other(format!("{threads} cannot be started ({e})")));
    pool.map_err(failed)?.install(work)
}

/// What work has to tell.
enum Event {
    Begin(String, usize),
    Advance(usize, String),
    End,
    Note(String),
}

/// Where work leaves what it has to tell, and looks whether to stop.
#[derive(Default)]
struct Desk {
    events: Mutex<Vec<Event>>,
    is_cancelled: AtomicBool,
}

impl Desk {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of the work. It waits for nobody but where it asks for a score.
pub struct Worker {
    desk: Arc<Desk>,
    questions: Sender<Question>,
}

/// An architecture whose score is asked for.
struct Question {
    graph: Box<Graph>,
    answer: SyncSender<f64>,
}

impl Worker {
    /// The score that the caller's function gives.
    pub fn objective(&self) -> Objective {
        Objective { questions: self.questions.clone() }
    }
}

impl Progress for Worker {
    fn begin(&mut self, stage: &str, total: usize) {
        self.desk.events().push(Event::Begin(stage.into(), total));
    }

    /// Steps that nobody heard of yet are told together.
    fn advance(&mut self, steps: usize, message: &str) {
        let mut events = self.desk.events();
        match events.last_mut() {
            Some(Event::Advance(sum, last)) => {
                *sum += steps;
                message.clone_into(last);
            }
            _ => events.push(Event::Advance(steps, message.into())),
        }
    }

    fn end(&mut self) {
        self.desk.events().push(Event::End);
    }

    fn note(&mut self, message: &str) {
        self.desk.events().push(Event::Note(message.into()));
    }

    fn is_cancelled(&self) -> bool {
        self.desk.is_cancelled.load(SeqCst)
    }
}

/// A score that a function of Python computes, one architecture after the other, each without its dead edges.
pub struct Objective {
    questions: Sender<Question>,
}

impl Objective {
    fn ask(&self, graph: &Graph) -> Option<f64> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.questions.send(Question { graph: Box::new(graph.clone()), answer }).ok()?;
        answered.recv().ok()
    }
}

impl Scorer for Objective {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        for (index, graph) in graphs.iter().enumerate() {
            let Some(value) = self.ask(graph) else {
                listener.step()?;
                return Err(Error::Interrupted("the score was not told".into()));
            };
            if value.is_nan() {
                let architecture = &graph.architecture;
                return Err(Error::NotFinite(format!("the score of `{architecture}` is not a number")));
            }
            listener.scored(index, Score { value, ..Score::default() })?;
        }
        Ok(())
    }

    fn ignores_dead_edges(&self) -> bool {
        true
    }
}
