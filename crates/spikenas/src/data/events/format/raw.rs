use super::bytes::Bytes;
use super::fault::{Fault, Result};
use super::percent_header::Header;
use super::{evt2, evt3};
use crate::data::events::Recording;

/// Lines that begin with `%` and name an encoding, then its words.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut bytes = Bytes::new(bytes);
    let header = Header::read(&mut bytes)?;
    let events = match header.evt.as_deref() {
        Some("2.0") => evt2::decode(bytes)?,
        Some("3.0") => evt3::decode(bytes)?,
        Some(other) => return Err(Fault::new(0, format!("EVT {other}: EVT 2.0 and 3.0 are read"))),
        None => return Err(Fault::new(0, "no line of the header says which EVT it is")),
    };
    Ok(Recording { sensor: header.sensor(), events })
}
