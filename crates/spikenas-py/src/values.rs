//! Settings and records as plain values of Python, and back: through JSON, as in the library's own files.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::invalid;

/// A value as dictionaries, lists, numbers and strings.
pub fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|e| invalid(e.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// What a dictionary says; `what` names it where a key is unknown or does not fit.
pub fn from_python<T: DeserializeOwned>(value: &Bound<'_, PyDict>, what: &str) -> PyResult<T> {
    serde_json::from_value(Value::Object(fields(value)?)).map_err(|e| invalid(format!("{what}: {e}")))
}

/// A value with some of its keys replaced; `what` names it where a key is unknown or does not fit.
pub fn with_settings<T: Serialize + DeserializeOwned>(
    value: &T,
    settings: Option<&Bound<'_, PyDict>>,
    what: &str,
) -> PyResult<T> {
    let wrong = |e: serde_json::Error| invalid(format!("settings of the {what}: {e}"));
    let mut all = serde_json::to_value(value).map_err(wrong)?;
    if let (Some(settings), Value::Object(all)) = (settings, &mut all) {
        all.extend(fields(settings)?);
    }
    serde_json::from_value(all).map_err(wrong)
}

/// The keys of a dictionary with their values.
fn fields(value: &Bound<'_, PyDict>) -> PyResult<Map<String, Value>> {
    let text = value.py().import("json")?.call_method1("dumps", (value,));
    let text: String = text.map_err(|error| invalid(format!("a setting: {}", error.value(value.py()))))?.extract()?;
    // What Python writes and JSON does not know: NaN and infinities.
    serde_json::from_str(&text).map_err(|_| invalid("a setting is not a finite number"))
}
