use std::fs;

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;

use super::*;
use crate::data::{Contents, Duplicate, Duplicates, Source, check};

/// A folder with a 2x1 image of each class, `cat` and `dog`, in both splits.
fn two_classes() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (split, class, level) in [("train", "dog", 200), ("train", "cat", 100), ("test", "dog", 50), ("test", "cat", 0)]
    {
        save(&dir, &format!("{split}/{class}/a.png"), &RgbImage::from_pixel(2, 1, Rgb([level, 1, 2])).into());
    }
    dir
}

fn save(dir: &TempDir, name: &str, image: &DynamicImage) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

fn of(folder: &Path) -> crate::Result<Folder> {
    read(folder, Listing::of(folder)?)
}

fn failure(dir: &TempDir) -> String {
    of(dir.path()).err().unwrap().to_string()
}

#[test]
fn classes_and_files_come_in_the_order_of_their_names() {
    let dir = two_classes();
    save(&dir, "train/cat/B.JPEG", &RgbImage::from_pixel(2, 1, Rgb([255; 3])).into());
    fs::write(dir.path().join("train/cat/notes.txt"), "not an image").unwrap();
    fs::write(dir.path().join("train/cat/.hidden.png"), "not an image").unwrap();
    let dataset = of(dir.path()).unwrap().dataset;
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(dataset.train.labels, [0, 0, 1]);
    assert_eq!(dataset.train.shape, Shape { channels: 3, height: 1, width: 2 });
    assert_eq!(dataset.train.image(0), [255; 6]);
    assert_eq!(dataset.train.image(2), [200, 200, 1, 1, 2, 2]);
    assert_eq!(dataset.test.pixels, [0, 0, 1, 1, 2, 2, 50, 50, 1, 1, 2, 2]);
    assert_eq!(dataset.normalisation, Normalisation::of(&dataset.train));
}

#[test]
fn an_image_of_another_size_is_named_with_both_sizes() {
    let dir = two_classes();
    save(&dir, "test/dog/b.png", &RgbImage::new(3, 4).into());
    assert!(failure(&dir).contains("test/dog/b.png: 3x4, but the first image is 2x1"), "{}", failure(&dir));
}

#[test]
fn of_several_unreadable_images_the_first_is_named() {
    let dir = two_classes();
    let whole = fs::read(dir.path().join("train/cat/a.png")).unwrap();
    fs::write(dir.path().join("train/dog/b.png"), "no image").unwrap();
    fs::write(dir.path().join("train/cat/b.png"), &whole[..50]).unwrap();
    assert!(failure(&dir).contains("train/cat/b.png: the PNG is cut off"), "{}", failure(&dir));
}

#[test]
fn a_class_in_one_split_only_is_named() {
    let dir = two_classes();
    save(&dir, "train/emu/a.png", &RgbImage::new(2, 1).into());
    assert!(failure(&dir).contains("test/emu: no such folder, but train/emu is there"), "{}", failure(&dir));
    let dir = two_classes();
    save(&dir, "test/emu/a.png", &RgbImage::new(2, 1).into());
    assert!(failure(&dir).contains("train/emu: no such folder, but test/emu is there"), "{}", failure(&dir));
}

#[test]
fn a_class_without_images_is_named() {
    let dir = two_classes();
    fs::remove_file(dir.path().join("test/cat/a.png")).unwrap();
    assert!(failure(&dir).contains("test/cat: no png, jpg or jpeg files"), "{}", failure(&dir));
}

#[test]
fn folders_that_are_missing_or_empty_are_named() {
    let dir = tempfile::tempdir().unwrap();
    assert!(failure(&dir).contains("train: no such folder"), "{}", failure(&dir));
    fs::create_dir(dir.path().join("train")).unwrap();
    assert!(failure(&dir).contains("train: no class folders"), "{}", failure(&dir));
    let error = of(&dir.path().join("cifar11")).err().unwrap().to_string();
    assert!(error.contains("cifar11: no such folder: give sample, cifar10"), "{error}");
}

fn contents(dir: &TempDir) -> Contents {
    check(&Source::Folder(dir.path().into()), "nowhere".as_ref()).unwrap()
}

#[test]
fn one_class_is_refused() {
    let dir = two_classes();
    for split in ["train", "test"] {
        fs::remove_dir_all(dir.path().join(split).join("dog")).unwrap();
    }
    assert!(failure(&dir).contains("one class (cat) is nothing to tell apart"), "{}", failure(&dir));
}

#[test]
fn what_is_passed_over_is_counted_by_folder_and_kind_and_hidden_files_are_not() {
    let dir = two_classes();
    for name in ["train/cat/x.webp", "train/cat/y.WEBP", "train/cat/z", "train/loose.png", "labels.csv"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    for name in [".DS_Store", "train/.DS_Store", "train/cat/Thumbs.db", "test/dog/.b.png"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    save(&dir, "test/dog/more/deep/b.png", &RgbImage::new(9, 9).into());
    let contents = contents(&dir);
    let words: Vec<String> = contents.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "1 csv file beside train and test (labels.csv)",
            "1 folder in test/dog (more, images inside: 1)",
            "1 png file in train (loose.png)",
            "1 file without an extension in train/cat (z)",
            "2 webp files in train/cat (x.webp …)",
        ]
    );
    assert_eq!(of(dir.path()).unwrap().dataset.notes, [format!("passed over: {}", words.join(", "))]);
}

#[test]
fn all_extensions_of_jpeg_are_read() {
    let dir = two_classes();
    let image = DynamicImage::from(RgbImage::new(2, 1));
    for extension in ["jpg", "JPG", "jpeg", "jpe", "jfif"] {
        let file = fs::File::create(dir.path().join("train/cat/b").with_extension(extension)).unwrap();
        image.write_with_encoder(image::codecs::jpeg::JpegEncoder::new(file)).unwrap();
    }
    assert_eq!(contents(&dir).train.per_class, [6, 1]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_named_where_they_lead_nowhere() {
    let link = |dir: &TempDir, to: &str, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
    let dir = two_classes();
    link(&dir, "a.png", "train/cat/b.png");
    link(&dir, "nowhere", "train/cat/notes");
    assert_eq!(contents(&dir).train.per_class, [2, 1]);
    assert_eq!(contents(&dir).passed_over[0].kind, "link that leads nowhere");
    link(&dir, "nowhere.png", "train/dog/1.png");
    link(&dir, "nowhere", "train/emu");
    link(&dir, "nowhere", "test/emu");
    let failure_text = failure(&dir);
    assert!(failure_text.contains("3 links lead nowhere (train/emu, test/emu, train/dog/1.png)"), "{failure_text}");
    let dir = two_classes();
    link(&dir, "b.png", "train/dog/b.png");
    assert!(failure(&dir).contains("train/dog/b.png: "), "a link to itself: {}", failure(&dir));
}

#[test]
fn transparent_images_are_counted_and_noted() {
    let dir = two_classes();
    save(&dir, "train/cat/b.png", &RgbaImage::from_pixel(2, 1, Rgba([1, 2, 3, 0])).into());
    let contents = contents(&dir);
    assert_eq!((contents.transparent, contents.turned), (1, 0));
    assert_eq!(of(dir.path()).unwrap().dataset.notes, ["1 of 5 images have transparency: they are laid on white"]);
}

#[test]
fn test_images_that_are_training_images_are_named() {
    let dir = two_classes();
    fs::copy(dir.path().join("train/dog/a.png"), dir.path().join("test/cat/copy.png")).unwrap();
    let duplicate = Duplicate { train: "train/dog/a.png".into(), test: "test/cat/copy.png".into() };
    assert_eq!(contents(&dir).duplicates, Duplicates { count: 1, first: vec![duplicate] });
}

#[test]
fn classes_keep_the_order_of_their_names_which_is_noted_where_numbers_are_not_in_theirs() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["0", "1", "2", "10"] {
        save(&dir, &format!("train/{class}/a.png"), &RgbImage::new(2, 1).into());
        save(&dir, &format!("test/{class}/a.png"), &RgbImage::new(2, 1).into());
    }
    let contents = contents(&dir);
    assert_eq!(contents.classes, ["0", "1", "10", "2"]);
    assert!(contents.notes[0].contains("10 before 2"), "{:?}", contents.notes);
}

#[test]
fn images_without_colours_have_one_channel_unless_another_has_colours() {
    let dir = tempfile::tempdir().unwrap();
    let grey = |level: u8| DynamicImage::from(image::GrayImage::from_fn(2, 1, |x, _| image::Luma([level + x as u8])));
    for (name, level) in [("train/cat", 10), ("train/dog", 20), ("test/cat", 30), ("test/dog", 40)] {
        save(&dir, &format!("{name}/a.png"), &grey(level));
    }
    let Folder { dataset, .. } = of(dir.path()).unwrap();
    assert_eq!(dataset.train.shape, Shape { channels: 1, height: 1, width: 2 });
    assert_eq!((dataset.train.pixels, dataset.test.pixels), (vec![10, 11, 20, 21], vec![30, 31, 40, 41]));
    assert_eq!(contents(&dir).grey, 4);
    save(&dir, "test/dog/b.png", &RgbImage::from_pixel(2, 1, Rgb([1, 2, 3])).into());
    assert_eq!(of(dir.path()).unwrap().dataset.train.shape.channels, 3);
}
