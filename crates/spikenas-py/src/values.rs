//! Settings and records as plain values of Python, and back: through JSON, as in the library's own files.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::invalid;

/// A value as dictionaries, lists, numbers and strings.
pub fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|e| invalid(e.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
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
        let py = settings.py();
        let text: String = py.import("json")?.call_method1("dumps", (settings,))?.extract()?;
        let settings: serde_json::Map<String, Value> = serde_json::from_str(&text).map_err(wrong)?;
        all.extend(settings);
    }
    serde_json::from_value(all).map_err(wrong)
}
