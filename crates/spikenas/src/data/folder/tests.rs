use image::{GrayImage, Luma, Rgb, Rgba, RgbaImage};
use tempfile::TempDir;

use super::*;

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

fn failure(dir: &TempDir) -> String {
    open(dir.path()).unwrap_err().to_string()
}

#[test]
fn classes_and_files_come_in_the_order_of_their_names() {
    let dir = two_classes();
    save(&dir, "train/cat/B.JPEG", &RgbImage::from_pixel(2, 1, Rgb([255; 3])).into());
    fs::write(dir.path().join("train/cat/notes.txt"), "not an image").unwrap();
    fs::write(dir.path().join("train/cat/.hidden.png"), "not an image").unwrap();
    let dataset = open(dir.path()).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(dataset.train.labels, [0, 0, 1]);
    assert_eq!(dataset.train.shape, Shape { channels: 3, height: 1, width: 2 });
    assert_eq!(dataset.train.image(0), [255; 6]);
    assert_eq!(dataset.train.image(2), [200, 200, 1, 1, 2, 2]);
    assert_eq!(dataset.test.pixels, [0, 0, 1, 1, 2, 2, 50, 50, 1, 1, 2, 2]);
    assert_eq!(dataset.normalisation, Normalisation::of(&dataset.train));
}

#[test]
fn grey_and_transparent_images_become_rgb() {
    let dir = two_classes();
    save(&dir, "train/cat/a.png", &GrayImage::from_pixel(2, 1, Luma([7])).into());
    save(&dir, "train/dog/a.png", &RgbaImage::from_pixel(2, 1, Rgba([1, 2, 3, 0])).into());
    assert_eq!(open(dir.path()).unwrap().train.pixels, [7, 7, 7, 7, 7, 7, 1, 1, 2, 2, 3, 3]);
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
    assert!(failure(&dir).contains("train/cat/b.png: not a readable image"), "{}", failure(&dir));
}

#[test]
fn an_image_cut_off_anywhere_is_an_error() {
    let dir = two_classes();
    let path = dir.path().join("train/cat/a.png");
    let whole = fs::read(&path).unwrap();
    // The last twelve bytes only mark the end; decoders may do without.
    for length in 0..whole.len() - 12 {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(failure(&dir).contains("train/cat/a.png: "), "{length}: {}", failure(&dir));
    }
}

#[test]
fn an_image_that_claims_to_be_huge_is_refused_before_it_takes_the_memory() {
    let dir = two_classes();
    let path = dir.path().join("train/cat/a.png");
    let mut bytes = fs::read(&path).unwrap();
    // The header chunk: its name at 12, width and height at 16, its CRC at 29.
    bytes[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    fs::write(&path, bytes).unwrap();
    assert!(failure(&dir).contains("train/cat/a.png: not a readable image (Memory limit"), "{}", failure(&dir));
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
    let error = open(&dir.path().join("cifar11")).unwrap_err().to_string();
    assert!(error.contains("cifar11: no such folder: give sample, cifar10"), "{error}");
}
