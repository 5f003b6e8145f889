use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::{Error, Result};

/// Tries before giving up.
const TRIES: u32 = 5;
/// A connection that brings nothing for this long is broken.
const SILENCE: Duration = Duration::from_secs(60);
/// No archive is larger than this; more would only fill the disk.
const MOST_BYTES: u64 = 1 << 30;

/// A file on its way from a server.
pub(super) struct Download<'a> {
    url: &'a str,
    path: &'a Path,
    part: File,
    agent: Agent,
    /// Whether the server has answered before: then the address is right, and silence will pass.
    reached: bool,
}

/// Why a try ended without the whole file.
enum Failure {
    /// Another try may help.
    Passing(String),
    /// It will not.
    Lasting(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Lasting(error)
    }
}

impl<'a> Download<'a> {
    /// Opens the part file, with what an earlier download left in it, and locks it against others.
    pub(super) fn open(url: &'a str, path: &'a Path) -> Result<Self> {
        let part = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let part = part.map_err(Error::io(path))?;
        // Some file systems have no locks: only the protection is lost there.
        if let Err(TryLockError::WouldBlock) = part.try_lock() {
            return Err(Error::file(path, "another download writes to this file: wait for its end"));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build()
            .into();
        Ok(Self { url, path, part, agent, reached: false })
    }

    /// Downloads what is missing, trying again with growing pauses, and checks the sum. A file that is empty in the end
    /// or whose sum is wrong is removed.
    pub(super) fn run(
        mut self,
        md5: &str,
        pause: Duration,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<File> {
        if let Err(error) = self.persist(md5, pause, progress) {
            if self.len()? == 0 {
                self.remove()?;
            }
            return Err(error);
        }
        let found = self.sum()?;
        if found != md5 {
            self.remove()?;
            return Err(self.failed(format!("md5 sum {found}, not {md5}: try again, or another address")));
        }
        Ok(self.part)
    }

    /// Tries until the file is complete; gives up after [`TRIES`] tries in vain, or for a reason that will not pass.
    fn persist(&mut self, md5: &str, pause: Duration, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<()> {
        let mut tries = 1;
        while let Err(failure) = self.attempt(md5, progress) {
            match failure {
                Failure::Lasting(error) => return Err(error),
                Failure::Passing(reason) if tries == TRIES => {
                    let kept = self.len()?;
                    let reason = format!("{reason} ({TRIES} tries): {kept} bytes are kept, run it again to go on");
                    return Err(self.failed(reason));
                }
                Failure::Passing(_) => std::thread::sleep(pause * tries),
            }
            tries += 1;
        }
        Ok(())
    }

    /// One request, for the bytes that are missing.
    fn attempt(&mut self, md5: &str, progress: &mut dyn FnMut(u64, Option<u64>)) -> std::result::Result<(), Failure> {
        let mut have = self.len()?;
        let mut request = self.agent.get(self.url);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| self.without_response(&error))?;
        self.reached = true;
        match response.status() {
            StatusCode::OK => have = self.start_afresh()?,
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(have) => {}
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 && self.sum()? == md5 => return Ok(()),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                self.start_afresh()?;
                return Err(Failure::Passing("the server does not continue the file".into()));
            }
            status => return Err(self.refused(status)),
        }
        self.receive(have, response.into_body(), progress)
    }

    /// Appends a body to the part file, which holds `have` bytes.
    fn receive(
        &mut self,
        mut have: u64,
        body: Body,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> std::result::Result<(), Failure> {
        let total = body.content_length().map(|length| have.saturating_add(length));
        let mut reader = body.into_reader();
        let mut buffer = vec![0; 1 << 16];
        progress(have, total);
        loop {
            if total.unwrap_or(have) > MOST_BYTES {
                return Err(self.failed(format!("more than {MOST_BYTES} bytes: not the archive")).into());
            }
            let count = reader
                .read(&mut buffer)
                .map_err(|error| Failure::Passing(format!("the connection broke off after {have} bytes ({error})")))?;
            if count == 0 {
                break;
            }
            self.part.write_all(&buffer[..count]).map_err(Error::io(self.path))?;
            have += count as u64;
            progress(have, total);
        }
        match total {
            Some(total) if have < total => {
                Err(Failure::Passing(format!("the connection broke off after {have} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that are there; the next write goes behind them.
    fn len(&mut self) -> Result<u64> {
        self.part.seek(SeekFrom::End(0)).map_err(Error::io(self.path))
    }

    /// Empties the part file.
    fn start_afresh(&mut self) -> Result<u64> {
        self.part.set_len(0).and_then(|()| self.part.seek(SeekFrom::Start(0))).map_err(Error::io(self.path))
    }

    fn remove(&self) -> Result<()> {
        std::fs::remove_file(self.path).map_err(Error::io(self.path))
    }

    /// MD5 sum of what is there, in hexadecimal.
    fn sum(&mut self) -> Result<String> {
        self.part.seek(SeekFrom::Start(0)).map_err(Error::io(self.path))?;
        let mut hasher = md5::Context::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.part.read(&mut buffer).map_err(Error::io(self.path))? {
                0 => return Ok(format!("{:x}", hasher.finalize())),
                count => hasher.consume(&buffer[..count]),
            }
        }
    }

    fn without_response(&self, error: &ureq::Error) -> Failure {
        if self.reached || broke_off(error) {
            return Failure::Passing(error.to_string());
        }
        let way_out = "check the address and the connection, or give another address";
        self.failed(format!("no answer ({error}): {way_out}")).into()
    }

    fn refused(&self, status: StatusCode) -> Failure {
        let reason = format!("the server answered {status}");
        let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        if passing || status.is_server_error() {
            Failure::Passing(reason)
        } else {
            self.failed(format!("{reason}: give another address")).into()
        }
    }

    fn failed(&self, reason: String) -> Error {
        Error::Download { url: self.url.into(), reason }
    }
}

/// Whether there was a connection, and it ended too early.
fn broke_off(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        ureq::Error::Io(error) => {
            [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&error.kind())
        }
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
        _ => false,
    }
}

/// The first byte of a partial answer: `Content-Range: bytes FIRST-LAST/SIZE`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("Content-Range")?.to_str().ok()?;
    range.trim().strip_prefix("bytes")?.split('-').next()?.trim().parse().ok()
}
