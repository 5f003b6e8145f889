//! Errors of the library as exceptions with its one line.

use pyo3::exceptions::{PyException, PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{create_exception, intern};

create_exception!(spikenas, Error, PyException, "What went wrong, in one line: a file, a training, the system.");

static ARGUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// `spikenas.ArgumentError`, which is a `spikenas.Error` and a `ValueError`.
pub fn argument_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = ARGUMENT.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [py.get_type::<Error>(), py.get_type::<PyValueError>()])?;
        let body = PyDict::new(py);
        body.set_item(intern!(py, "__module__"), "spikenas")?;
        body.set_item(intern!(py, "__doc__"), "An argument is malformed or out of range.")?;
        let made = py.get_type::<PyType>().call1(("ArgumentError", bases, body))?;
        Ok::<_, PyErr>(made.cast_into::<PyType>()?.unbind())
    })?;
    Ok(made.bind(py))
}

/// The exception for an error of the library.
pub fn raised(error: spikenas::Error) -> PyErr {
    let text = error.to_string();
    match error {
        spikenas::Error::Invalid(_) => Python::attach(|py| match argument_error(py) {
            Ok(kind) => PyErr::from_type(kind.clone(), text),
            Err(error) => error,
        }),
        spikenas::Error::Memory(_) => PyMemoryError::new_err(text),
        spikenas::Error::Interrupted(_) => pyo3::exceptions::PyKeyboardInterrupt::new_err(text),
        _ => Error::new_err(text),
    }
}

/// An argument that is wrong.
pub fn invalid(text: impl Into<String>) -> PyErr {
    raised(spikenas::Error::invalid(text))
}
