use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::difference::{comparable, list_differences};
use super::files;
use super::version::check_toml_unchanged;
use crate::{Error, Result};

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
