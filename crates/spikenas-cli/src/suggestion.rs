//! What was probably meant, where a path does not exist.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use spikenas::{Error, nearest};

/// Where runs are kept by default.
const RUNS: &str = "runs";
/// Names of a folder that are looked at, at most.
const MOST: usize = 10_000;

/// A question to add to an error about a path that does not exist: ` (did you mean runs/sample-2c3o-seed1?)`.
pub fn suggestion(error: &Error) -> Option<String> {
    let path = match error {
        Error::Io { path, source } if source.kind() == ErrorKind::NotFound => path,
        Error::File { path, .. } if !path.exists() => path,
        _ => return None,
    };
    near(path).map(|near| format!(" (did you mean {near}?)"))
}

/// The nearest path that exists, or the name of a dataset.
fn near(path: &Path) -> Option<String> {
    if let Some(name) = path.to_str().filter(|name| !name.contains('/'))
        && let Some(dataset) = nearest(name, ["sample", "cifar10", "cifar100"])
    {
        return Some(dataset.into());
    }
    let in_runs = path.is_relative().then(|| Path::new(RUNS).join(path)).filter(|path| path.exists());
    let near = in_runs.or_else(|| near_name(path)).or_else(|| near_name(&Path::new(RUNS).join(path)))?;
    Some(near.display().to_string())
}

/// The path with the first of its names that does not exist put right.
fn near_name(path: &Path) -> Option<PathBuf> {
    let missing = path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).last()?;
    let rest = path.strip_prefix(missing).ok()?;
    let parent = missing.parent()?;
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let entries = std::fs::read_dir(folder).ok()?.take(MOST).flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let name = nearest(missing.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    let named = parent.join(name);
    let near = if rest.as_os_str().is_empty() { named } else { named.join(rest) };
    near.exists().then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_anywhere_in_a_path_is_put_right() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("sample-seed1/deep")).unwrap();
        let near = |path: &str| near_name(&place.path().join(path));
        assert_eq!(near("smaple-seed1"), Some(place.path().join("sample-seed1")));
        assert_eq!(near("sample-sed1/deep"), Some(place.path().join("sample-seed1/deep")));
        assert_eq!(near("sample-seed1/depe"), Some(place.path().join("sample-seed1/deep")));
        assert_eq!(near("sample-sed1/other"), None);
        assert_eq!(near("something else"), None);
    }
}
