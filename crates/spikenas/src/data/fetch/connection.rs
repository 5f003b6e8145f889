use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// Bytes that come at a time, at most.
const PIECE: usize = 1 << 16;
/// Pieces that may lie ready before the next is read.
const AHEAD: usize = 16;

/// The answer to a request, before its body.
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// The first byte of a partial answer.
    pub(super) first: Option<u64>,
    /// Bytes of the body, where the server says so.
    pub(super) length: Option<u64>,
}

pub(super) enum Message {
    Head(Head),
    Piece(Vec<u8>),
    End,
}

/// One request, in a thread of its own: whoever waits for it can look up at any time, however silent the server is.
pub(super) struct Connection(Receiver<Result<Message, ureq::Error>>);

impl Connection {
    /// Asks for a file from byte `first` on.
    pub(super) fn open(agent: Agent, url: &str, first: u64) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(AHEAD);
        let url = url.to_string();
        thread::Builder::new().name("download".into()).spawn(move || {
            // Nobody listens any more if this fails.
            let _ = converse(&agent, &url, first, &sender).or_else(|error| sender.send(Err(error)));
        })?;
        Ok(Self(receiver))
    }

    /// The next message, or none if there was none for this long.
    pub(super) fn next(&self, patience: Duration) -> Option<Result<Message, ureq::Error>> {
        match self.0.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Err(ureq::Error::Io(std::io::ErrorKind::ConnectionAborted.into())))
            }
        }
    }
}

/// Sends the head of an answer, its body in pieces, and the end.
fn converse(
    agent: &Agent,
    url: &str,
    first: u64,
    sender: &SyncSender<Result<Message, ureq::Error>>,
) -> Result<(), ureq::Error> {
    let mut request = agent.get(url);
    if first > 0 {
        request = request.header("Range", format!("bytes={first}-"));
    }
    let response = request.call()?;
    let (first, length) = (range_start(&response), response.body().content_length());
    let mut is_heard = sender.send(Ok(Message::Head(Head { status: response.status(), first, length }))).is_ok();
    let mut body = response.into_body().into_reader();
    while is_heard {
        let mut piece = vec![0; PIECE];
        let count = body.read(&mut piece)?;
        piece.truncate(count);
        let message = if count == 0 { Message::End } else { Message::Piece(piece) };
        is_heard = sender.send(Ok(message)).is_ok() && count > 0;
    }
    Ok(())
}

/// The first byte of a partial answer: `Content-Range: bytes FIRST-LAST/SIZE`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("Content-Range")?.to_str().ok()?;
    range.trim().strip_prefix("bytes")?.split('-').next()?.trim().parse().ok()
}
