use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How a recording is cut into parts, a frame each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// As many events in each; the last has the rest, too.
    #[default]
    Number,
    /// As many microseconds in each; the last has the rest, too.
    Time,
}

impl Split {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Split::Number => "number",
            Split::Time => "time",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Split {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Split::Number, Split::Time];
        let found = all.into_iter().find(|split| split.name() == text);
        found.ok_or_else(|| Error::unknown("way to cut recordings", text, all.map(Split::name)))
    }
}

/// How recordings of events become the frames that a network is shown, whatever their sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Framing {
    /// Frames of a recording, a timestep of the network each.
    pub frames: usize,
    /// What each of them has.
    pub split: Split,
    /// Pixels of a side that are added up to one.
    pub scale: u16,
    /// Whether both polarities are counted together.
    pub merges_polarities: bool,
}

impl Default for Framing {
    fn default() -> Self {
        Self { frames: 10, split: Split::Number, scale: 1, merges_polarities: false }
    }
}

impl Framing {
    /// The most frames: a network has no more timesteps.
    const MOST_FRAMES: usize = 1024;

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        match self {
            Self { frames, .. } if !(1..=Self::MOST_FRAMES).contains(frames) => {
                Err(Error::invalid(format!("frames {frames} is out of range: give 1 to {}", Self::MOST_FRAMES)))
            }
            Self { scale: 0, .. } => Err(Error::invalid("scale 0 is out of range: give 1 or more")),
            _ => Ok(()),
        }
    }
}

/// `10 frames by number, 2x2 pixels added up, polarities together`
impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, split, scale, merges_polarities } = self;
        write!(f, "{} by {split}", crate::counted(*frames, "frame"))?;
        if *scale > 1 {
            write!(f, ", {scale}x{scale} pixels added up")?;
        }
        if *merges_polarities { f.write_str(", polarities together") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framing_is_read_as_it_is_written_and_what_is_not_said_is_the_default() {
        let framing = Framing { frames: 16, split: Split::Time, scale: 2, merges_polarities: true };
        let json = r#"{"frames":16,"split":"time","scale":2,"merges_polarities":true}"#;
        assert_eq!(serde_json::to_string(&framing).unwrap(), json);
        assert_eq!(serde_json::from_str::<Framing>(json).unwrap(), framing);
        assert_eq!(serde_json::from_str::<Framing>("{}").unwrap(), Framing::default());
        assert_eq!(framing.to_string(), "16 frames by time, 2x2 pixels added up, polarities together");
        assert_eq!("time".parse::<Split>().unwrap(), Split::Time);
        assert!("times".parse::<Split>().unwrap_err().to_string().contains("did you mean time?"));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let error = |framing: Framing| framing.check().unwrap_err().to_string();
        assert!(error(Framing { frames: 0, ..Framing::default() }).starts_with("frames 0 is out of range"));
        assert!(error(Framing { frames: 1025, ..Framing::default() }).ends_with("give 1 to 1024"));
        assert!(error(Framing { scale: 0, ..Framing::default() }).starts_with("scale 0"));
    }
}
