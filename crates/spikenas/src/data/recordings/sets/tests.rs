use std::fs;
use std::io::{Cursor, Write};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::data::{Dataset, Framing, Source};
use crate::graph::Shape;

/// What PyTables writes as the Heidelberg datasets are: times [0.5, 0.25, 1.0] and [0.001, 0.002] s of channels [0, 699, 5] and
/// [350, 351], labels 19 and 0.
const SHD: &[u8] = include_bytes!("../../../../tests/events/shd.h5");

fn write(dir: &TempDir, name: &str, bytes: &[u8]) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An event of N-MNIST's at a column.
fn bin(x: u8) -> Vec<u8> {
    vec![x, 0, 0x80, 0, 1]
}

/// An event of CIFAR10-DVS's in a row of the camera, which becomes column 127 - y.
fn aedat2(y: u8) -> Vec<u8> {
    [b"#!AER-DAT2.0\r\n".as_slice(), &[0, 0, y, 0], &9_u32.to_be_bytes()].concat()
}

fn open(source: &Source, dir: &TempDir) -> crate::Result<Dataset> {
    Dataset::open(source, dir.path())
}

fn failure(source: &Source, dir: &TempDir) -> String {
    open(source, dir).unwrap_err().to_string()
}

/// The only column of each sample of which something is not silent.
fn columns(images: &crate::data::Images) -> Vec<usize> {
    let column = |index| images.image(index).iter().position(|&pixel| pixel > 0).unwrap() % images.shape.width;
    (0..images.len()).map(column).collect()
}

#[test]
fn n_mnist_is_the_same_from_its_archives_and_from_its_folders() {
    let names = ["Train/0/00001.bin", "Train/3/00002.bin", "Test/3/00001.bin"];
    let files: Vec<(&str, Vec<u8>)> = names.into_iter().zip([bin(1), bin(2), bin(3)]).collect();
    let (unpacked, packed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    files.iter().for_each(|(name, bytes)| write(&unpacked, &format!("nmnist/{name}"), bytes));
    write(&packed, "nmnist/Train.zip", &zip(&[files[0].clone(), ("Train/readme.txt", vec![]), files[1].clone()]));
    write(&packed, "nmnist/Test.zip", &zip(&files[2..]));
    let dataset = open(&Source::Nmnist, &unpacked).unwrap();
    assert_eq!((dataset.train.labels.as_slice(), dataset.test.labels.as_slice()), (&[0, 3][..], &[3][..]));
    assert_eq!((dataset.train.shape, dataset.train.frames), (Shape { channels: 2, height: 36, width: 36 }, 10));
    assert_eq!(
        (columns(&dataset.train), columns(&dataset.test)),
        (vec![2, 3], vec![4]),
        "a column of zeros is before them"
    );
    let from_archives = open(&Source::Nmnist, &packed).unwrap();
    assert_eq!(from_archives, dataset);
    assert_eq!(open(&Source::Nmnist, &packed).unwrap(), dataset, "kept frames");
    fs::remove_file(packed.path().join("nmnist/Test.zip")).unwrap();
    assert!(failure(&Source::Nmnist, &packed).contains("no such folder, nor Test.zip, but Train is there"));
    write(&packed, "nmnist/Test.zip", &zip(&[("Test/3/1.bin", vec![0; 1 << 20])]));
    let error = failure(&Source::Nmnist, &packed);
    assert!(error.contains("Test.zip/Test/3/1.bin: damaged (") && error.contains("64 times"), "{error}");
}

#[test]
fn what_is_not_there_says_where_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    let error = failure(&Source::Nmnist, &dir);
    assert!(error.contains("get it by fetching nmnist into") && error.contains("Train.zip and Test.zip"), "{error}");
    let error = failure(&Source::DvsGesture, &dir);
    assert!(!error.contains("fetching") && error.contains("https://research.ibm.com/"), "{error}");
}

#[test]
fn cifar10_dvs_has_a_drawn_split_and_that_of_tebn() {
    let dir = tempfile::tempdir().unwrap();
    let classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    for class in classes {
        let name = |number: usize| format!("{class}/cifar10_{class}_{number}.aedat");
        let files: Vec<(String, Vec<u8>)> = [2, 11, 99, 100, 101].map(|n| (name(n), aedat2(n as u8))).to_vec();
        if class == "cat" {
            let entries: Vec<(&str, Vec<u8>)> =
                files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
            write(&dir, "cifar10-dvs/cat.zip", &zip(&entries));
        } else {
            files.iter().for_each(|(name, bytes)| write(&dir, &format!("cifar10-dvs/{name}"), bytes));
        }
    }
    let tebn = open(&Source::Cifar10DvsTebn, &dir).unwrap();
    assert_eq!((tebn.train.len(), tebn.test.len(), tebn.train.shape.width), (20, 30, 64));
    assert_eq!(columns(&tebn.test)[..3], [2, 11, 99].map(|y| (127 - y) / 2), "in the order of their numbers");
    let drawn = open(&Source::Cifar10Dvs, &dir).unwrap();
    assert_eq!((drawn.train.len(), drawn.test.len()), (50, 0), "nine of ten, rounded up");
    assert_eq!(drawn.train.count_by_class(10), [5; 10]);
    assert_eq!(open(&Source::Cifar10DvsTebn, &dir).unwrap(), tebn, "each split has kept frames of its own");
    fs::remove_file(dir.path().join("cifar10-dvs/cat.zip")).unwrap();
    assert!(failure(&Source::Cifar10Dvs, &dir).contains("cat: no such folder, nor cat.zip, but others are there"));
}

#[test]
fn n_caltech101_is_divided_nine_to_one() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..20 {
        write(&dir, &format!("n-caltech101/Caltech101/ant/image_{number:04}.bin"), &bin(number));
        write(&dir, &format!("n-caltech101/Caltech101/BACKGROUND_Google/image_{number:04}.bin"), &bin(number));
    }
    let dataset = open(&Source::NCaltech101, &dir).unwrap();
    assert_eq!(dataset.classes, ["BACKGROUND_Google", "ant"]);
    assert_eq!((dataset.train.count_by_class(2), dataset.test.count_by_class(2)), (vec![18, 18], vec![2, 2]));
    assert_eq!(dataset.train.shape, Shape { channels: 2, height: 48, width: 60 }, "240x180, four to one");
}

/// Events at columns 10, 20, … at microseconds 100, 200, …, as DVS Gesture writes them.
fn aedat3(count: u32) -> Vec<u8> {
    let mut bytes = b"#!AER-DAT3.1\r\n#!END-HEADER\r\n".to_vec();
    bytes.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    bytes.extend([8, 4, 0, count, count, count].map(u32::to_le_bytes).concat());
    for event in 1..=count {
        bytes.extend([((10 * event) << 17 | 3).to_le_bytes(), (100 * event).to_le_bytes()].concat());
    }
    bytes
}

#[test]
fn dvs_gesture_has_a_sample_for_each_gesture_of_a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let head = "class,startTime_usec,endTime_usec\n";
    write(&dir, "dvs-gesture/DvsGesture/user01_led.aedat", &aedat3(6));
    write(&dir, "dvs-gesture/DvsGesture/user01_led_labels.csv", format!("{head}2,100,200\n11,300,601\n").as_bytes());
    write(&dir, "dvs-gesture/DvsGesture/user02_led.aedat", &aedat3(2));
    write(&dir, "dvs-gesture/DvsGesture/user02_led_labels.csv", format!("{head}1,200,300\n").as_bytes());
    write(&dir, "dvs-gesture/DvsGesture/trials_to_train.txt", b"user01_led.aedat\r\n\n");
    write(&dir, "dvs-gesture/DvsGesture/trials_to_test.txt", b"user02_led.aedat\n");
    let dataset = open(&Source::DvsGesture, &dir).unwrap();
    assert_eq!((dataset.train.labels.as_slice(), dataset.test.labels.as_slice()), (&[1, 10][..], &[0][..]));
    assert_eq!((columns(&dataset.train), columns(&dataset.test)), (vec![5, 15], vec![10]));
    let events = |index| dataset.train.image(index).iter().map(|&pixel| u32::from(pixel)).sum::<u32>();
    assert_eq!([events(0), events(1)], [1, 4], "the end does not belong to a gesture");

    for (line, expected) in [
        ("12,1,2", "user01_led_labels.csv: line 2: class 12, where there are 1 to 11"),
        ("1,5,5", "line 2: from 5 to 5 us is no time"),
        ("1,700,800", "user01_led.aedat: no events from 700 to 800 us"),
        ("one,1,2", "line 2: "),
    ] {
        write(&dir, "dvs-gesture/DvsGesture/user01_led_labels.csv", format!("{head}{line}\n").as_bytes());
        assert!(failure(&Source::DvsGesture, &dir).contains(expected), "{}", failure(&Source::DvsGesture, &dir));
    }
    write(&dir, "dvs-gesture/DvsGesture/trials_to_train.txt", b"../user01_led.aedat");
    assert!(failure(&Source::DvsGesture, &dir).contains("../user01_led.aedat is not the name of an aedat file"));
}

#[test]
fn spoken_digits_are_a_row_of_channels_in_the_order_of_their_times() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "shd/shd_train.h5", SHD);
    write(&dir, "shd/shd_test.h5.zip", &zip(&[("shd_test.h5", SHD.to_vec())]));
    let dataset = open(&Source::Shd, &dir).unwrap();
    assert_eq!((dataset.train.labels.as_slice(), dataset.classes[19].as_str()), (&[19, 0][..], "neun"));
    assert_eq!(dataset.train.shape, Shape { channels: 1, height: 4, width: 140 });
    assert_eq!(dataset.test, dataset.train);
    let framing = Framing { frames: 3, ..Source::Shd.framing() };
    let framed = Dataset::open_framed(&Source::Shd, dir.path(), Some(framing), &mut crate::Silent).unwrap();
    let places: Vec<usize> = (0..framed.train.sample_len()).filter(|&at| framed.train.image(0)[at] > 0).collect();
    // A spike a frame, the earliest first, in the second of four rows.
    assert_eq!(places, [140 + 139, 560 + 140, 1120 + 140 + 1]);

    for length in (0..SHD.len()).step_by(997) {
        write(&dir, "shd/shd_train.h5", &SHD[..length]);
        assert!(failure(&Source::Shd, &dir).contains("shd_train.h5"), "cut to {length} bytes");
    }
    fs::remove_file(dir.path().join("shd/shd_train.h5")).unwrap();
    assert!(failure(&Source::Shd, &dir).contains("shd_train.h5: no such file"));
}

#[test]
fn bits_flipped_in_a_file_of_spikes_never_bring_it_down() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "shd/shd_test.h5", SHD);
    for at in (0..SHD.len()).step_by(131) {
        let mut bytes = SHD.to_vec();
        bytes[at] ^= 0x5a;
        write(&dir, "shd/shd_train.h5", &bytes);
        if let Ok(dataset) = open(&Source::Shd, &dir) {
            assert!(dataset.train.labels.iter().all(|&label| label < 20));
        }
    }
}
