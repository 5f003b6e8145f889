use std::path::PathBuf;

use clap::Args;
use spikenas::Result;
use spikenas::data::events::CameraSettings;
use spikenas::data::{Simulated, SimulatedSplit, Simulation, simulate};

use crate::arguments::{CommonArguments, DataArguments, short_name};
use crate::output::{grouped, print};
use crate::progress::Terminal;

#[derive(Args)]
pub struct Arguments {
    /// Folder to put them into; what was begun there goes on [default: the images' name and -simulated]
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
    /// Record N images of each split, every class alike, drawn by the seed [default: all]
    #[arg(long, value_name = "N", help_heading = "Images")]
    images: Option<usize>,
    #[command(flatten)]
    camera: CameraArguments,
    #[command(flatten)]
    common: CommonArguments,
}

/// The camera.
#[derive(Args)]
#[command(next_help_heading = "Camera")]
struct CameraArguments {
    /// Change of the logarithm of brightness that makes an event [default: 0.35]
    #[arg(long, value_name = "X")]
    contrast: Option<f64>,
    /// Standard deviation of that threshold over the pixels [default: 0.03]
    #[arg(long, value_name = "X")]
    mismatch: Option<f64>,
    /// Microseconds after an event in which its pixel sees nothing [default: 500]
    #[arg(long, value_name = "N")]
    refractory_us: Option<u64>,
    /// Events per second and pixel that no light makes [default: 0]
    #[arg(long, value_name = "HZ")]
    noise: Option<f64>,
    /// Pixels by which the image moves to each side, and by which recordings are larger at each edge: 28x28 becomes 34x34 [default: 3]
    #[arg(long, value_name = "N")]
    margin: Option<u16>,
}

impl CameraArguments {
    fn settings(&self, seed: u64) -> CameraSettings {
        let default = CameraSettings::default();
        CameraSettings {
            contrast: self.contrast.unwrap_or(default.contrast),
            mismatch: self.mismatch.unwrap_or(default.mismatch),
            refractory_us: self.refractory_us.unwrap_or(default.refractory_us),
            noise_hz: self.noise.unwrap_or(default.noise_hz),
            margin: self.margin.unwrap_or(default.margin),
            seed,
        }
    }
}

pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { data, out, images, camera, common } = arguments;
    let simulation = Simulation { images, camera: camera.settings(common.seed()) };
    simulation.camera.check()?;
    common.machine.start_threads()?;
    let dataset = data.open()?;
    let folder = out.unwrap_or_else(|| format!("{}-simulated", short_name(&data.source())).into());
    let made = simulate(&dataset, &simulation, &folder, &mut Terminal::new())?;
    print(common.machine.json, &made, || words(&dataset.name, &made))
}

fn words(name: &str, made: &Simulated) -> String {
    let Simulated { folder, format, width, height, train, test } = made;
    let split = |name: &str, split: &SimulatedSplit| {
        let average = split.events / split.recordings.max(1) as u64;
        format!("{name:<6} {} recordings, {} events each", grouped(split.recordings as u64), grouped(average))
    };
    let mut lines = vec![
        format!("simulated recordings of {name}, {width}x{height} pixels, .{format}: {}", folder.display()),
        split("train", train),
        split("test", test),
    ];
    let without = train.without_events + test.without_events;
    if without > 0 {
        lines.push(format!("note   {without} images have no events, and no recording"));
    }
    lines.join("\n")
}
