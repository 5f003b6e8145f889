use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::checksum::md5_sum;
use super::download::Download;
use super::fetched::Fetched;
use super::origin::{Origin, lock};
use crate::data::recordings::{Archive, NamedRecordings};
use crate::progress::Progress;
use crate::record::files;
use crate::{Error, Result};

/// How long to wait before the second try of a download; before the third, twice as long, and so on.
const PAUSE: Duration = Duration::from_secs(2);

/// Brings the archives of a dataset of recordings into its folder, those that are not there.
pub(super) fn fetch(
    named: &NamedRecordings,
    data_dir: &Path,
    from: Option<&str>,
    progress: &mut dyn Progress,
) -> Result<Fetched> {
    let folder = named.place(data_dir);
    if (named.list)(&folder)?.is_some_and(|found| named.expected.is_met(found.counts())) {
        return Ok(Fetched::AlreadyThere(folder));
    }
    if from.is_none() && !named.can_be_fetched() {
        let (name, page) = (named.source.name(), named.page);
        let archives: Vec<&str> = named.archives.iter().map(|archive| archive.name).collect();
        let reason = format!("data '{name}' cannot be fetched: get {} by hand from {page}", archives.join(", "));
        return Err(Error::invalid(reason));
    }
    files::create_folder(&folder)?;
    for archive in named.archives {
        bring(archive, &folder, from, PAUSE, progress)?;
    }
    Ok(Fetched::Downloaded(folder))
}

/// Brings an archive into a folder, unless it is there.
///
/// Errors: another file of its name is there; those of a download; a file on this machine that is not the archive.
pub(super) fn bring(
    archive: &Archive,
    folder: &Path,
    from: Option<&str>,
    pause: Duration,
    progress: &mut dyn Progress,
) -> Result<()> {
    let Archive { name, md5, url } = *archive;
    let place = folder.join(name);
    if files::is_there(&place)? {
        return check(&place, md5, progress);
    }
    let address = match (from, url) {
        (Some(from), _) => format!("{}/{name}", from.trim_end_matches('/')),
        (None, Some(url)) => url.into(),
        (None, None) => return Err(Error::invalid(format!("{name} has no address: give one"))),
    };
    match Origin::of(&address)? {
        Origin::Web(url) => {
            let part = folder.join(format!("{name}.part"));
            let whole = Download::new(url, &part, lock(&part)?).run(md5, pause, progress)?;
            whole.settle(&place).map_err(Error::io(&place))
        }
        Origin::Local(path) => {
            check(&path, md5, progress)?;
            files::copy(&path, &place)
        }
    }
}

/// Errors: a file that cannot be read, or has another sum.
fn check(path: &Path, md5: &str, progress: &mut dyn Progress) -> Result<()> {
    let file = File::open(path).map_err(Error::io(path))?;
    let found = md5_sum(&file, path, progress, || "the archives that are whole are kept; fetch it again".into())?;
    if found == md5 {
        Ok(())
    } else {
        Err(Error::file(path, format!("md5 sum {found}, not {md5}: this is not the archive, move it away")))
    }
}
