use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::stop::check_stop;
use crate::progress::Progress;
use crate::{Error, Result};

/// MD5 sum of a whole file, in hexadecimal.
pub(super) fn md5_sum(
    mut file: &File,
    path: &Path,
    progress: &mut dyn Progress,
    kept: impl Fn() -> String,
) -> Result<String> {
    file.rewind().map_err(Error::io(path))?;
    let mut hasher = md5::Context::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        check_stop(progress, &kept)?;
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(format!("{:x}", hasher.finalize())),
            count => hasher.consume(&buffer[..count]),
        }
    }
}
