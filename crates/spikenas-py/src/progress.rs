use pyo3::prelude::*;
use spikenas::Progress;

/// Tells an object of Python how far long work is, and asks it whether to stop.
///
/// The object has `begin(stage, total)`, `advance(steps, message)`, `end()`, `note(message)` and `is_cancelled()`. An exception
/// of it stops the work as one of an engine does.
pub struct PythonProgress {
    pub object: Py<PyAny>,
}

impl PythonProgress {
    /// One that asks an object, which there has to be.
    pub fn of(object: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let object =
            object.ok_or_else(|| crate::error::invalid("an engine of Python needs somebody to ask whether to stop"))?;
        Ok(Self { object: object.unbind() })
    }

    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        arguments: impl pyo3::call::PyCallArgs<'py>,
    ) -> Bound<'py, PyAny> {
        let result = self.object.bind(py).call_method1(method, arguments);
        result.unwrap_or_else(|error| std::panic::resume_unwind(Box::new(error)))
    }
}

impl Progress for PythonProgress {
    fn begin(&mut self, stage: &str, total: usize) {
        Python::attach(|py| drop(self.call(py, "begin", (stage, total))));
    }

    fn advance(&mut self, steps: usize, message: &str) {
        Python::attach(|py| drop(self.call(py, "advance", (steps, message))));
    }

    fn end(&mut self) {
        Python::attach(|py| drop(self.call(py, "end", ())));
    }

    fn note(&mut self, message: &str) {
        Python::attach(|py| drop(self.call(py, "note", (message,))));
    }

    fn is_cancelled(&self) -> bool {
        Python::attach(|py| self.call(py, "is_cancelled", ()).is_truthy().unwrap_or(true))
    }
}
