use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

/// The images of a [`Place`] and a network for them that is scored in a millisecond.
pub const TINY: &str = "--data images --widths 4,8 --timesteps 2 --batch 8";
/// An architecture with convolutions and skips, as an option.
pub const ARCH: &str = "--arch '0313 0031 0003 0000'";

/// A folder of its own in which the program runs, with a dataset of 8x8 images in `images`.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (split, count) in [("train", 10), ("test", 4)] {
            for (class, shade) in [("dark", 40), ("light", 160)] {
                let folder = place.path(&format!("images/{split}/{class}"));
                fs::create_dir_all(&folder).unwrap();
                for number in 0..count {
                    image(shade, number).save(folder.join(format!("{number}.png"))).unwrap();
                }
            }
        }
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with a command line; what stands between single quotes is one argument.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spikenas"));
        command.current_dir(self.0.path()).args(arguments(line)).stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// Runs a command that must succeed; returns its stdout.
    #[track_caller]
    pub fn succeeds(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a command that must succeed and print one JSON document on one line.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        let stdout = self.succeeds(&format!("{line} --json"));
        assert_eq!(stdout.lines().count(), 1, "{line}: {stdout}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// Runs a command that must fail with this status and one line that holds this text, print nothing and leave the
    /// files as they were.
    #[track_caller]
    pub fn refuses(&self, line: &str, status: i32, reason: &str) {
        let before = self.files();
        let output = self.run(line);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{line}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(reason), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{line}: {stderr}");
        assert!(output.stdout.is_empty(), "{line}: {}", text(&output.stdout));
        assert!(self.files() == before, "{line} changed files: {:?}", self.files().keys());
    }

    /// Starts a command and waits until a file has some lines.
    pub fn start_until(&self, line: &str, name: &str, lines: usize) -> Child {
        let child = self.command(line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let path = self.path(name);
        let begin = Instant::now();
        while fs::read_to_string(&path).map_or(0, |t| t.lines().count()) < lines {
            assert!(begin.elapsed() < Duration::from_secs(30), "{line}: {name} does not grow");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }

    /// Every file with its content, every folder without.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                let content = fs::read(&path).unwrap_or_default();
                files.insert(path, content);
            }
        }
        files
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn arguments(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts.flat_map(|(i, part)| if i % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }).collect()
}

/// Noise above a shade. Plain images of two shades will not do: those of one class get equal codes in so small a
/// network, and then no architecture has a finite score.
fn image(shade: u8, number: u32) -> RgbImage {
    RgbImage::from_fn(8, 8, |x, y| {
        let level = |channel: u32| {
            let place = ((number * 256 + u32::from(shade)) * 64 + y * 8 + x) * 3 + channel;
            shade + (place.wrapping_mul(place ^ 0x9e37_79b9) >> 24) as u8 % 90
        };
        Rgb([level(0), level(1), level(2)])
    })
}
