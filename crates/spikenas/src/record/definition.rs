use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::difference::{comparable, list_differences};
use super::files;
use super::version::check_toml_unchanged;
use crate::{Error, Result};

/// Times that a record is looked for which other processes are writing, and the time between them.
const LOOKS: usize = 20;
const A_LOOK: Duration = Duration::from_millis(20);

/// Writes a record that several processes may begin with at once, all the same one, where `is_written` does not find it.
///
/// Errors: those of `write`, where the record does not come to be there.
pub(crate) fn begin_record(
    mut is_written: impl FnMut() -> Result<bool>,
    mut write: impl FnMut() -> Result<()>,
) -> Result<()> {
    for _ in 0..LOOKS {
        if is_written()? || write().is_ok() {
            return Ok(());
        }
        // Very many are writing it, or it cannot be written.
        std::thread::sleep(A_LOOK);
    }
    write()
}

/// Whether a folder may hold several runs that a definition describes, in its file `name`: it is there and the same, or the folder is unused.
/// `adopt` changes the old definition where it may differ from the new one.
///
/// Errors name the folder: it belongs to another `what`, and what differs; or it holds something else.
pub(crate) fn check_definition<T: Serialize + DeserializeOwned>(
    folder: &Path,
    (what, name): (&str, &str),
    new: &T,
    adopt: impl FnOnce(&mut T),
) -> Result<()> {
    let path = folder.join(name);
    let Some(text) = files::read_text_if_there(&path)? else {
        if files::is_there(folder)? && !files::is_unused(folder, name)? {
            return Err(Error::file(folder, format!("is not empty and holds no {what}: choose another folder")));
        }
        return Ok(());
    };
    let mut old: T = files::parse_toml(&path, &text)?;
    check_toml_unchanged(&path, &text)?;
    adopt(&mut old);
    let differences = list_differences(&comparable(&old)?, &comparable(new)?);
    if differences.is_empty() {
        return Ok(());
    }
    let differences = differences.join(", ");
    let reason = format!("belongs to another {what} ({differences}): choose another folder or repeat the options");
    Err(Error::file(folder, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_many_processes_begin_with_is_there_for_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("definition.toml");
        std::thread::scope(|scope| {
            for _ in 0..40 {
                let begin = || begin_record(|| files::is_there(&path), || files::write_text(&path, "the same"));
                scope.spawn(move || begin().unwrap());
            }
        });
        assert_eq!(files::read_text(&path).unwrap(), "the same");
        let nowhere = folder.path().join("none").join("definition.toml");
        let error = begin_record(|| files::is_there(&nowhere), || files::write_text(&nowhere, "")).unwrap_err();
        assert!(error.to_string().contains("definition.toml"), "{error}");
    }
}
