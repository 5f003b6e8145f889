use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result};

/// A configuration as JSON, through text: f32 settings are taken in their shortest form.
pub(crate) fn comparable(config: &impl Serialize) -> Result<Value> {
    let text = serde_json::to_string(config).map_err(|e| Error::invalid(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| Error::invalid(e.to_string()))
}

/// `key old -> new` for every leaf in which two JSON values differ.
pub(crate) fn list_differences(old: &Value, new: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    collect_differences("", old, new, &mut differences);
    differences
}

fn collect_differences(key: &str, old: &Value, new: &Value, out: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let path = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                collect_differences(&path, &of(a), &of(b), out);
            }
        }
        _ if old != new => out.push(format!("{key} {old} -> {new}")),
        _ => {}
    }
}
