use std::path::Path;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::StatusCode;

use super::checksum::md5_sum;
use super::connection::{Connection, Head, Message};
use super::stop::{check_stop, kept};
use crate::progress::Progress;
use crate::record::{Growing, files};
use crate::{Error, Result};

/// Tries before giving up.
const TRIES: u32 = 5;
/// A connection that brings nothing for this long is broken.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a wait looks up whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// No archive is larger than this; more would only fill the disk.
const MOST_BYTES: u64 = 1 << 32;

/// A file on its way from a server.
pub(super) struct Download<'a> {
    url: &'a str,
    path: &'a Path,
    part: Growing,
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
    /// A download into a part file that may hold what an earlier one left.
    pub(super) fn new(url: &'a str, path: &'a Path, part: Growing) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build()
            .into();
        Self { url, path, part, agent, reached: false }
    }

    /// Downloads what is missing, trying again with growing pauses, and checks the sum. A file that is empty in the end
    /// or whose sum is wrong is removed; one that an earlier download began is downloaded as a whole before that.
    pub(super) fn run(mut self, md5: &str, pause: Duration, progress: &mut dyn Progress) -> Result<Growing> {
        let mut is_begun = self.len()? > 0;
        loop {
            if let Err(error) = self.persist(md5, pause, progress) {
                if self.len()? == 0 {
                    self.remove()?;
                }
                return Err(error);
            }
            let found = self.sum(progress)?;
            if found == md5 {
                return Ok(self.part);
            }
            if !is_begun {
                self.remove()?;
                return Err(self.failed(format!("md5 sum {found}, not {md5}: try again, or give another address")));
            }
            // A loss of power may have left zeros in what was there.
            self.start_afresh()?;
            is_begun = false;
        }
    }

    /// Tries until the file is complete; gives up after [`TRIES`] tries in vain, or for a reason that will not pass.
    fn persist(&mut self, md5: &str, pause: Duration, progress: &mut dyn Progress) -> Result<()> {
        let mut tries = 1;
        while let Err(failure) = self.attempt(md5, progress) {
            match failure {
                Failure::Lasting(error) => return Err(error),
                Failure::Passing(reason) if tries == TRIES => {
                    let kept = self.len()?;
                    let reason = format!("{reason} ({TRIES} tries): {kept} bytes are kept, run it again to go on");
                    return Err(self.failed(reason));
                }
                Failure::Passing(_) => self.wait(pause * tries, progress)?,
            }
            tries += 1;
        }
        Ok(())
    }

    /// Lets time pass, unless it is asked to stop.
    fn wait(&mut self, pause: Duration, progress: &dyn Progress) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < pause {
            check_stop(progress, || kept(self.len(), self.path))?;
            std::thread::sleep(LOOK_EVERY.min(pause));
        }
        Ok(())
    }

    /// One request, for the bytes that are missing.
    fn attempt(&mut self, md5: &str, progress: &mut dyn Progress) -> std::result::Result<(), Failure> {
        let mut have = self.len()?;
        let connection = Connection::open(self.agent.clone(), self.url, have).map_err(Error::io(self.path))?;
        let head = loop {
            match self.next(&connection, progress)?.map_err(|error| self.without_response(&error))? {
                Message::Head(head) => break head,
                Message::Piece(_) | Message::End => {}
            }
        };
        self.reached = true;
        match head.status {
            StatusCode::OK => {
                self.start_afresh()?;
                have = 0;
            }
            StatusCode::PARTIAL_CONTENT if head.first == Some(have) => {}
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 && self.sum(progress)? == md5 => return Ok(()),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                self.start_afresh()?;
                return Err(Failure::Passing("the server does not continue the file".into()));
            }
            status => return Err(self.refused(status)),
        }
        self.receive(have, &head, &connection, progress)
    }

    /// The next message of a connection; an error if it is asked to stop before there is one.
    fn next(
        &mut self,
        connection: &Connection,
        progress: &dyn Progress,
    ) -> Result<std::result::Result<Message, ureq::Error>> {
        loop {
            check_stop(progress, || kept(self.len(), self.path))?;
            if let Some(message) = connection.next(LOOK_EVERY) {
                return Ok(message);
            }
        }
    }

    /// Appends a body to the part file, which holds `have` bytes.
    fn receive(
        &mut self,
        mut have: u64,
        head: &Head,
        connection: &Connection,
        progress: &mut dyn Progress,
    ) -> std::result::Result<(), Failure> {
        let total = head.length.map(|length| have.saturating_add(length));
        progress.begin("downloading (bytes)", total.unwrap_or(0) as usize);
        progress.advance(have as usize, "");
        loop {
            if total.unwrap_or(have) > MOST_BYTES {
                return Err(self.failed(format!("more than {MOST_BYTES} bytes: not the archive")).into());
            }
            let broke_off = |error| Failure::Passing(format!("the connection broke off after {have} bytes ({error})"));
            match self.next(connection, progress)?.map_err(broke_off)? {
                Message::Piece(piece) => {
                    self.part.append(&piece).map_err(Error::io(self.path))?;
                    have += piece.len() as u64;
                    progress.advance(piece.len(), "");
                }
                Message::Head(_) | Message::End => break,
            }
        }
        progress.end();
        match total {
            Some(total) if have < total => {
                Err(Failure::Passing(format!("the connection broke off after {have} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that are there.
    fn len(&self) -> Result<u64> {
        self.part.length().map_err(Error::io(self.path))
    }

    /// Empties the part file.
    fn start_afresh(&mut self) -> Result<()> {
        self.part.cut(0).map_err(Error::io(self.path))
    }

    fn remove(&self) -> Result<()> {
        files::remove(self.path)
    }

    fn sum(&self, progress: &mut dyn Progress) -> Result<String> {
        md5_sum(self.part.file(), self.path, progress, || kept(self.len(), self.path))
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
