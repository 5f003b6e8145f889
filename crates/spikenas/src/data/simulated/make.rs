use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::definition::{Definition, Simulation};
use super::folder_names::folder_names;
use crate::data::events::{Camera, Format, Recording};
use crate::data::folder::SIMULATED;
use crate::data::{Dataset, Images};
use crate::progress::Progress;
use crate::random::{generator, name_key};
use crate::record::{NewFolder, check_definition, files, lock_folder, write_toml};
use crate::{Error, Result};

/// Images that are recorded before somebody may ask to stop.
const AT_ONCE: usize = 8;

/// A dataset of simulated recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Simulated {
    /// Where it lies.
    pub folder: PathBuf,
    /// Extension of the recordings.
    pub format: &'static str,
    /// Columns of the sensor.
    pub width: u16,
    /// Rows of the sensor.
    pub height: u16,
    /// Recordings of training images.
    pub train: SimulatedSplit,
    /// Recordings of test images.
    pub test: SimulatedSplit,
}

/// What was made of the images of one split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SimulatedSplit {
    /// Recordings.
    pub recordings: usize,
    /// Their events in all.
    pub events: u64,
    /// Images in which nothing gets brighter or darker as they move: there is no recording of them.
    pub without_events: usize,
}

impl SimulatedSplit {
    fn add(&mut self, other: Self) {
        self.recordings += other.recordings;
        self.events += other.events;
        self.without_events += other.without_events;
    }
}

/// Makes recordings of the images of a dataset in a folder: `{train,test}/CLASS/NUMBER`, of the image with that number in its split. Classes
/// that are there are not made again.
///
/// The recordings depend on the images and the settings alone, not on the number of threads.
///
/// Errors: settings out of range; images that no camera takes; a class without images; a class of which no image has events; a folder that
/// holds other things, or recordings with other settings; a stop that was asked for.
pub fn simulate(
    dataset: &Dataset,
    simulation: &Simulation,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<Simulated> {
    if dataset.recorded.is_some() || dataset.train.frames > 1 {
        let name = &dataset.name;
        return Err(Error::invalid(format!("data {name}: these are recordings already, the camera looks at images")));
    }
    let camera = Camera::new(simulation.camera.clone(), dataset.train.shape)?;
    let splits = [
        Split::of("test", dataset, &dataset.test, simulation)?,
        Split::of("train", dataset, &dataset.train, simulation)?,
    ];
    let (sensor, names) = (camera.sensor(), folder_names(&dataset.classes));
    let definition = Definition::new(dataset, simulation, sensor, &names);
    files::create_folder(folder)?;
    let (_lock, warning) = lock_folder(folder)?;
    warning.iter().for_each(|warning| progress.note(warning));
    check_definition(folder, ("simulation", SIMULATED), &definition, |old| {
        // The same images by another path.
        old.data.name.clone_from(&definition.data.name);
    })?;
    let studio = Studio { camera, format: Format::for_sensor(sensor), folder, names: &names };
    progress.begin("recordings", splits.iter().flat_map(|split| &split.chosen).map(Vec::len).sum());
    write_toml(&folder.join(SIMULATED), &definition)?;
    let [test, train] = studio.record(&splits, progress)?;
    progress.end();
    let format = studio.format.extension();
    Ok(Simulated { folder: folder.into(), format, width: sensor.width, height: sensor.height, train, test })
}

/// The images of a split that are recorded.
struct Split<'a> {
    name: &'static str,
    images: &'a Images,
    /// Their numbers, by class.
    chosen: Vec<Vec<usize>>,
}

impl<'a> Split<'a> {
    /// Errors: a class without images.
    fn of(name: &'static str, dataset: &Dataset, images: &'a Images, simulation: &Simulation) -> Result<Self> {
        let classes = &dataset.classes;
        let all: Vec<usize> = (0..images.len()).collect();
        let part = match simulation.images {
            Some(count) if count < classes.len() => {
                let count = format!("images {count}: fewer than the {} classes", classes.len());
                return Err(Error::invalid(format!("{count}, of each of which both splits need some")));
            }
            Some(count) => {
                let key = [simulation.camera.seed, name_key("images that are recorded"), name_key(name)];
                images.even_part(&all, count, &mut generator(&key))
            }
            None => all,
        };
        let mut chosen = vec![Vec::new(); classes.len()];
        for index in part {
            let label = usize::from(images.labels[index]);
            chosen.get_mut(label).ok_or_else(|| Error::invalid(format!("label {label} has no class")))?.push(index);
        }
        match chosen.iter().position(Vec::is_empty) {
            None => Ok(Self { name, images, chosen }),
            Some(class) => Err(Error::file(
                &dataset.name,
                format!("class {} has no {name} images: recordings need some of every class", classes[class]),
            )),
        }
    }
}

/// A camera, and where its recordings go.
struct Studio<'a> {
    camera: Camera,
    format: Format,
    folder: &'a Path,
    /// Folders of the classes.
    names: &'a [String],
}

impl Studio<'_> {
    fn record(&self, splits: &[Split; 2], progress: &mut dyn Progress) -> Result<[SimulatedSplit; 2]> {
        let mut made = [SimulatedSplit::default(); 2];
        for (number, split) in splits.iter().enumerate() {
            files::create_folder(&self.folder.join(split.name))?;
            for class in 0..self.names.len() {
                let of_class = self.class(split, class, progress).map_err(|error| match error {
                    Error::Interrupted(_) => {
                        let kept: usize = made.iter().map(|split| split.recordings).sum();
                        Error::Interrupted(format!(
                            "{kept} recordings are kept, of the classes that are whole; repeat it in the same folder to go on"
                        ))
                    }
                    other => other,
                })?;
                made[number].add(of_class);
            }
        }
        Ok(made)
    }

    /// Records a class that is not there, all or nothing.
    fn class(&self, split: &Split, class: usize, progress: &mut dyn Progress) -> Result<SimulatedSplit> {
        let (name, images) = (&self.names[class], &split.chosen[class]);
        let place = self.folder.join(split.name).join(name);
        if files::is_folder(&place)? {
            progress.advance(images.len(), "");
            return count(&place, images.len());
        }
        let beside = place.with_file_name(format!(".{name}.part"));
        let made = NewFolder::begin(beside.clone()).map_err(Error::io(&beside))?;
        let mut counts = SimulatedSplit::default();
        for part in images.chunks(AT_ONCE) {
            if progress.is_cancelled() {
                return Err(Error::Interrupted(String::new()));
            }
            for (index, (events, bytes)) in part.iter().zip(self.files(split, part)?) {
                let file = format!("{index:05}.{}", self.format.extension());
                if events == 0 {
                    counts.without_events += 1;
                    continue;
                }
                made.write(file.as_ref(), |out| out.write_all(&bytes)).map_err(Error::io(beside.join(file)))?;
                counts.recordings += 1;
                counts.events += events as u64;
            }
            progress.advance(part.len(), &format!("{} events each", counts.events / counts.recordings.max(1) as u64));
        }
        if counts.recordings == 0 {
            let reason = format!("none of {} images has events: lower the contrast", images.len());
            return Err(Error::file(place, reason));
        }
        made.finish(&place).map_err(Error::io(&place))?;
        Ok(counts)
    }

    /// The number of events and the file of each image.
    fn files(&self, split: &Split, images: &[usize]) -> Result<Vec<(usize, Vec<u8>)>> {
        let file = |&index: &usize| {
            let recording = self.camera.record(split.images.image(index), &[name_key(split.name), index as u64]);
            let count = recording.events.len();
            Ok((count, if count == 0 { Vec::new() } else { recording.encode(self.format)? }))
        };
        images.par_iter().map(file).collect()
    }
}

/// What an earlier call made of so many images of a class.
fn count(folder: &Path, images: usize) -> Result<SimulatedSplit> {
    let entries = fs::read_dir(folder).map_err(Error::io(folder))?;
    let paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry.map_err(Error::io(folder))?.path())).collect::<Result<_>>()?;
    let events = paths.par_iter().map(|path| Ok(Recording::read(path)?.events.len() as u64));
    let events: Vec<u64> = events.collect::<Result<_>>()?;
    let recordings = events.len();
    let without_events = images.saturating_sub(recordings);
    Ok(SimulatedSplit { recordings, events: events.iter().sum(), without_events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Images;
    use crate::data::events::CameraSettings;
    use crate::graph::{Normalisation, Shape};
    use crate::progress::Silent;
    use crate::record::files::read_text;

    /// Nine images of each split, of two classes, one of which is plain in each.
    fn dataset() -> Dataset {
        let shape = Shape { channels: 1, height: 4, width: 4 };
        let image = |index: usize| (0..16).map(move |place| if place % 4 < index / 2 { 20 } else { 200 });
        let pixels: Vec<u8> = (0..9).flat_map(image).collect();
        let labels = (0..9).map(|index| index % 2).collect();
        let images = Images { shape, frames: 1, pixels, labels };
        let classes = vec!["T-shirt/top".into(), "bag".into()];
        let normalisation = Normalisation::of(&images);
        Dataset {
            name: "clothes".into(),
            classes,
            train: images.clone(),
            test: images,
            normalisation,
            recorded: None,
            notes: vec![],
        }
    }

    fn simulation() -> Simulation {
        let camera = CameraSettings { noise_hz: 0.0, margin: 1, ..Default::default() };
        Simulation { images: None, camera }
    }

    /// Asks to stop once so many images are recorded.
    struct Stop(usize);

    impl Progress for Stop {
        fn advance(&mut self, steps: usize, _: &str) {
            self.0 = self.0.saturating_sub(steps);
        }

        fn is_cancelled(&self) -> bool {
            self.0 == 0
        }
    }

    /// Every file below a folder, with its bytes.
    fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(contents(&path));
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    fn relative(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        contents(folder).into_iter().map(|(path, bytes)| (path.strip_prefix(folder).unwrap().into(), bytes)).collect()
    }

    #[test]
    fn recordings_lie_by_split_and_class_and_plain_images_have_none() {
        let place = tempfile::tempdir().unwrap();
        let made = simulate(&dataset(), &simulation(), place.path(), &mut Silent).unwrap();
        assert_eq!((made.format, made.width, made.height), ("bin", 6, 6));
        // Images 0, 1 and 8 are plain.
        assert_eq!((made.train.recordings, made.train.without_events), (6, 3));
        assert_eq!(made.train, made.test);
        let files = relative(place.path());
        let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        let of =
            |split| [("T-shirt-top", [2, 4, 6]), ("bag", [3, 5, 7])].map(|(class, numbers)| (split, class, numbers));
        let expected = [of("test"), of("train")].concat();
        let expected = expected.iter().flat_map(|(split, class, numbers)| {
            numbers.iter().map(move |number| format!("{split}/{class}/0000{number}.bin"))
        });
        assert_eq!(names, std::iter::once("simulated.toml".into()).chain(expected).collect::<Vec<String>>());
        let recording = Recording::read(&place.path().join("train/bag/00003.bin")).unwrap();
        let camera = Camera::new(simulation().camera, dataset().train.shape).unwrap();
        let expected = camera.record(dataset().train.image(3), &[name_key("train"), 3]);
        assert_eq!(recording.events, expected.events);
        let marker = read_text(&place.path().join(SIMULATED)).unwrap();
        for line in
            ["no camera has seen them", "contrast = 0.35", "name = \"clothes\"", "T-shirt-top = \"T-shirt/top\""]
        {
            assert!(marker.contains(line), "{line}: {marker}");
        }
    }

    #[test]
    fn threads_change_nothing_and_the_seed_of_the_camera_does() {
        let with = |threads: usize, seed: u64| {
            let place = tempfile::tempdir().unwrap();
            let mut simulation = simulation();
            (simulation.camera.seed, simulation.camera.noise_hz) = (seed, 5.0);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| simulate(&dataset(), &simulation, place.path(), &mut Silent)).unwrap();
            relative(place.path())
        };
        assert!(with(1, 1) == with(2, 1));
        assert!(with(1, 1) != with(1, 2));
    }

    #[test]
    fn what_was_stopped_goes_on_and_ends_as_if_it_had_not_been() {
        let place = tempfile::tempdir().unwrap();
        let whole = simulate(&dataset(), &simulation(), place.path(), &mut Silent).unwrap();
        for steps in [0, 1, 5, 9] {
            let other = tempfile::tempdir().unwrap();
            let error = simulate(&dataset(), &simulation(), other.path(), &mut Stop(steps)).unwrap_err().to_string();
            assert!(error.contains("recordings are kept, of the classes that are whole"), "{steps}: {error}");
            assert!(!other.path().join("train/bag").exists(), "a part of a dataset would be read as a whole one");
            // What a kill leaves of a class.
            fs::create_dir_all(other.path().join("train/.bag.part/left")).unwrap();
            let again = simulate(&dataset(), &simulation(), other.path(), &mut Silent).unwrap();
            assert_eq!((again.train, again.test), (whole.train, whole.test));
            assert!(relative(other.path()) == relative(place.path()), "{steps}");
        }
    }

    #[test]
    fn a_part_has_every_class_and_less_than_that_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let of = |images, place: &Path| {
            let simulation = Simulation { images: Some(images), ..simulation() };
            simulate(&dataset(), &simulation, place, &mut Silent)
        };
        let made = of(6, place.path()).unwrap();
        assert_eq!(made.train.recordings + made.train.without_events, 6);
        assert!(of(1, place.path()).unwrap_err().to_string().starts_with("images 1: fewer than the 2 classes"));
        let mut lacking = dataset();
        lacking.test.labels.fill(0);
        let error = simulate(&lacking, &simulation(), place.path(), &mut Silent).unwrap_err().to_string();
        assert_eq!(error, "clothes: class bag has no test images: recordings need some of every class");
        let mut plain = dataset();
        plain.test.pixels.fill(3);
        let other = tempfile::tempdir().unwrap();
        let error = simulate(&plain, &simulation(), other.path(), &mut Silent).unwrap_err().to_string();
        assert!(error.ends_with("none of 5 images has events: lower the contrast"), "{error}");
    }

    #[test]
    fn recordings_are_not_recorded_again() {
        let still = dataset();
        let halves = |images: &Images| Images { frames: 2, pixels: images.pixels.repeat(2), ..images.clone() };
        let moving = Dataset { train: halves(&still.train), test: halves(&still.test), ..still };
        let place = tempfile::tempdir().unwrap();
        let error = simulate(&moving, &simulation(), place.path(), &mut Silent).unwrap_err().to_string();
        assert_eq!(error, "data clothes: these are recordings already, the camera looks at images");
    }

    #[test]
    fn a_folder_of_other_things_or_other_settings_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let make = |simulation: &Simulation, dataset: &Dataset| {
            simulate(dataset, simulation, place.path(), &mut Silent).map(drop).map_err(|e| e.to_string())
        };
        fs::write(place.path().join("notes.txt"), "mine").unwrap();
        assert!(
            make(&simulation(), &dataset())
                .unwrap_err()
                .ends_with("is not empty and holds no simulation: choose another folder")
        );
        fs::remove_file(place.path().join("notes.txt")).unwrap();
        make(&simulation(), &dataset()).unwrap();
        let before = relative(place.path());
        let mut other = simulation();
        other.camera.contrast = 0.5;
        assert!(make(&other, &dataset()).unwrap_err().contains("(camera.contrast 0.35 -> 0.5)"));
        let mut images = dataset();
        images.train.pixels[0] ^= 1;
        assert!(make(&simulation(), &images).unwrap_err().contains("data.fingerprint"));
        images = dataset();
        images.name = "elsewhere/clothes".into();
        make(&simulation(), &images).unwrap();
        assert_eq!(relative(place.path())[1..], before[1..]);
    }
}
