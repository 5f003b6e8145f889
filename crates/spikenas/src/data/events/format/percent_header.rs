use super::bytes::Bytes;
use super::fault::Result;
use crate::data::events::Sensor;

/// What the lines of a Prophesee file say, each of which begins with `%`.
#[derive(Default)]
pub(super) struct Header {
    /// `2`, of `% Version 2`.
    pub version: Option<String>,
    /// `3.0`, of `% evt 3.0` or `% format EVT3;height=720;width=1280`.
    pub evt: Option<String>,
    width: Option<u16>,
    height: Option<u16>,
}

impl Header {
    /// Reads the lines up to `% end`, or to the first byte that begins none.
    pub fn read(bytes: &mut Bytes<'_>) -> Result<Self> {
        let mut header = Self::default();
        while let Some(line) = bytes.marked_line(b'%')? {
            let line = String::from_utf8_lossy(&line[1..]);
            let (key, value) = line.trim().split_once([' ', ':']).unwrap_or((line.trim(), ""));
            let value = value.trim();
            match key.to_ascii_lowercase().as_str() {
                "end" => break,
                "version" => header.version = Some(value.into()),
                "evt" => header.evt = Some(value.into()),
                "format" => header.format(value),
                "geometry" => {
                    if let Some((width, height)) = value.split_once('x') {
                        (header.width, header.height) = (width.parse().ok(), height.parse().ok());
                    }
                }
                "width" => header.width = value.parse().ok(),
                "height" => header.height = value.parse().ok(),
                _ => {}
            }
        }
        Ok(header)
    }

    /// `EVT3;height=720;width=1280`.
    fn format(&mut self, value: &str) {
        let mut parts = value.split(';');
        if let Some(version) = parts.next().and_then(|name| name.strip_prefix("EVT")) {
            let whole = if version.contains('.') { version.into() } else { format!("{version}.0") };
            self.evt.get_or_insert(whole);
        }
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match key {
                "width" => self.width = value.parse().ok(),
                "height" => self.height = value.parse().ok(),
                _ => {}
            }
        }
    }

    pub fn sensor(&self) -> Option<Sensor> {
        Some(Sensor { width: self.width?, height: self.height? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_the_sensor_is_read_however_it_is_written() {
        let read = |text: &str| Header::read(&mut Bytes::new(text.as_bytes())).unwrap();
        let sensor = Some(Sensor { width: 1280, height: 720 });
        let header = read("% evt 3.0\n% geometry 1280x720\n% end\n% not a line any more");
        assert_eq!((header.evt.as_deref(), header.sensor()), (Some("3.0"), sensor));
        let header = read("% format EVT3;height=720;width=1280\n");
        assert_eq!((header.evt.as_deref(), header.sensor()), (Some("3.0"), sensor));
        let header = read("% Data file\n% Version 2\n% Height 720\n% Width 1280\n");
        assert_eq!((header.version.as_deref(), header.sensor()), (Some("2"), sensor));
        assert_eq!(read("").sensor(), None);
    }
}
