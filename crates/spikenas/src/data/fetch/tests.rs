use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use rand::Rng;
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::archive::{Archive, already_there};
use super::{Fetched, fetch};
use crate::data::recordings::Archive as Recordings;
use crate::data::{Source, check};
use crate::progress::{Progress, Silent};
use crate::random::generator;
use crate::record::power::{Tree, repeat_after_crashes};
use crate::{Error, Result};

/// A server that gives the scripted answers, one per connection, then closes its port.
struct Server {
    url: String,
    requests: Receiver<String>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/archive.tar.gz", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                    request.push(byte[0]);
                }
                sender.send(String::from_utf8(request).unwrap().to_lowercase()).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        Self { url, requests }
    }

    /// A server that gives a file to any number of requests, from the byte on that each asks for.
    fn of(body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/archive.tar.gz", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = String::new();
                let mut byte = [0];
                while !request.ends_with("\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0].to_ascii_lowercase().into());
                }
                let first =
                    request.split_once("range: bytes=").and_then(|(_, rest)| rest.split('-').next()?.parse().ok());
                let answer = match first {
                    None => whole(&body),
                    Some(first) if first < body.len() => rest(&body, first),
                    Some(_) => answer("416 Range Not Satisfiable", "", b""),
                };
                let _ = stream.write_all(&answer);
            }
        });
        Self { url, requests: channel().1 }
    }

    /// The `Range` header of each request so far.
    fn ranges(&self) -> Vec<Option<String>> {
        let range = |request: String| request.lines().find_map(|l| l.strip_prefix("range: ").map(String::from));
        self.requests.try_iter().map(range).collect()
    }

    /// The archive of folder `toy` on this server, with the checksum of `expected`.
    fn archive(&self, expected: &[u8]) -> Archive {
        let md5 = format!("{:x}", md5::compute(expected));
        Archive { name: "toy.tar.gz", url: self.url.clone(), md5, folder: "toy", pause: Duration::ZERO }
    }

    fn fetch(&self, expected: &[u8], data_dir: &Path) -> Result<PathBuf> {
        self.archive(expected).fetch(data_dir, &mut Silent)
    }
}

/// An answer that promises the whole body.
fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn whole(body: &[u8]) -> Vec<u8> {
    answer("200 OK", "", body)
}

/// The same answer, broken off `missing` bytes before its end.
fn broken_off(mut answer: Vec<u8>, missing: usize) -> Vec<u8> {
    answer.truncate(answer.len() - missing);
    answer
}

/// The rest of `body` from byte `first`.
fn rest(body: &[u8], first: usize) -> Vec<u8> {
    let (last, size) = (body.len() - 1, body.len());
    answer("206 Partial Content", &format!("Content-Range: bytes {first}-{last}/{size}\r\n"), &body[first..])
}

/// A compressed archive of entries written without the checks of the tar crate.
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    gzip.finish().unwrap()
}

/// An archive of the folder `toy` with two files, of some 100 kB.
fn toy() -> Vec<u8> {
    let mut noise = vec![0; 100_000];
    generator(&[1]).fill_bytes(&mut noise);
    archive(&[
        ("toy/", EntryType::Directory, b""),
        ("toy/noise.bin", EntryType::Regular, &noise),
        ("toy/deep/word.txt", EntryType::Regular, b"word"),
    ])
}

/// A data folder in a folder of its own, so that what escapes from it is seen.
fn data_dir() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("data");
    (outer, inner)
}

/// Everything below a folder, sorted.
fn tree(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            names.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_string());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    names.sort();
    names
}

const UNPACKED: [&str; 5] = ["data", "data/toy", "data/toy/deep", "data/toy/deep/word.txt", "data/toy/noise.bin"];

#[test]
fn an_archive_is_downloaded_and_unpacked_and_nothing_else_is_left() {
    let (outer, data) = data_dir();
    let server = Server::start(vec![whole(&toy())]);
    assert_eq!(server.fetch(&toy(), &data).unwrap(), data.join("toy"));
    assert_eq!(server.ranges(), [None]);
    assert_eq!(tree(outer.path()), UNPACKED);
    assert_eq!(fs::read(data.join("toy/deep/word.txt")).unwrap(), b"word");
    assert_eq!(fs::metadata(data.join("toy/noise.bin")).unwrap().len(), 100_000);
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_broke() {
    let (outer, data) = data_dir();
    let toy = toy();
    let server = Server::start(vec![broken_off(whole(&toy), toy.len() - 70_000), rest(&toy, 70_000)]);
    server.fetch(&toy, &data).unwrap();
    assert_eq!(server.ranges(), [None, Some("bytes=70000-".into())]);
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_later_try_goes_on_from_what_the_first_left() {
    let (outer, data) = data_dir();
    let toy = toy();
    let piece = |first: usize| broken_off(rest(&toy, first), toy.len() - first - 100);
    let first = broken_off(whole(&toy), toy.len() - 100);
    let server = Server::start(vec![first, piece(100), piece(200), piece(300), piece(400)]);
    let error = server.fetch(&toy, &data).unwrap_err().to_string();
    assert!(error.contains("500 bytes are kept, run it again"), "{error}");
    assert_eq!(tree(outer.path()), ["data", "data/toy.tar.gz.part"]);

    let server = Server::start(vec![rest(&toy, 500)]);
    server.fetch(&toy, &data).unwrap();
    assert_eq!(server.ranges(), [Some("bytes=500-".into())]);
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_server_without_ranges_makes_it_start_afresh() {
    let (outer, data) = data_dir();
    let toy = toy();
    let server = Server::start(vec![broken_off(whole(&toy), 1000), whole(&toy)]);
    server.fetch(&toy, &data).unwrap();
    assert!(server.ranges()[1].is_some());
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_range_that_is_refused_or_another_makes_it_start_afresh() {
    let toy = toy();
    for second in [answer("416 Range Not Satisfiable", "", b""), rest(&toy, 7)] {
        let (outer, data) = data_dir();
        let server = Server::start(vec![broken_off(whole(&toy), 1000), second, whole(&toy)]);
        server.fetch(&toy, &data).unwrap();
        let asked: Vec<bool> = server.ranges().iter().map(Option::is_some).collect();
        assert_eq!(asked, [false, true, false]);
        assert_eq!(tree(outer.path()), UNPACKED);
    }
}

#[test]
fn a_whole_part_file_is_not_downloaded_again() {
    let (outer, data) = data_dir();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("toy.tar.gz.part"), toy()).unwrap();
    let server = Server::start(vec![answer("416 Range Not Satisfiable", "", b"")]);
    server.fetch(&toy(), &data).unwrap();
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn an_archive_that_was_unpacked_before_a_kill_goes_unless_it_is_in_use() {
    let (outer, data) = data_dir();
    let server = Server::start(vec![whole(&toy())]);
    server.fetch(&toy(), &data).unwrap();
    let part = data.join("toy.tar.gz.part");
    fs::write(&part, toy()).unwrap();
    let other = fs::File::open(&part).unwrap();
    other.lock().unwrap();
    server.archive(&toy()).remove_leftover(&data);
    assert!(part.exists(), "another process has it");
    drop(other);
    server.archive(&toy()).remove_leftover(&data);
    server.archive(&toy()).remove_leftover(&data);
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_wrong_checksum_names_both_sums_and_leaves_nothing() {
    let (outer, data) = data_dir();
    let error = Server::start(vec![whole(b"other")]).fetch(b"expected", &data).unwrap_err().to_string();
    assert!(error.contains("md5 sum 795f3202b17cb6bc3d4b771d8c6c9eaf, not "), "{error}");
    assert_eq!(tree(outer.path()), ["data"]);
}

#[test]
fn an_address_without_the_file_is_not_asked_twice() {
    let (_outer, data) = data_dir();
    let server = Server::start(vec![answer("404 Not Found", "", b"gone")]);
    let error = server.fetch(&toy(), &data).unwrap_err();
    assert!(matches!(error, Error::Download { .. }));
    assert!(error.to_string().contains("answered 404 Not Found"), "{error}");
    assert_eq!(server.ranges().len(), 1);
}

#[test]
fn a_server_that_hangs_up_is_asked_again() {
    let (outer, data) = data_dir();
    let server = Server::start(vec![Vec::new(), whole(&toy())]);
    server.fetch(&toy(), &data).unwrap();
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn an_address_where_nothing_listens_fails_at_once_and_leaves_no_file() {
    let (outer, data) = data_dir();
    let server = Server::start(Vec::new());
    while server.requests.try_recv() != Err(TryRecvError::Disconnected) {}
    let error = server.fetch(&toy(), &data).unwrap_err().to_string();
    assert!(error.contains("no answer") && error.contains("another address"), "{error}");
    assert_eq!(tree(outer.path()), ["data"]);
}

/// The stages of a download with their totals and steps; asks to stop once so many steps are done, or at a moment.
#[derive(Default)]
struct Watch {
    stages: Vec<(String, usize, usize)>,
    stop_after: Option<usize>,
    stop_at: Option<Instant>,
}

impl Progress for Watch {
    fn begin(&mut self, stage: &str, total: usize) {
        self.stages.push((stage.into(), total, 0));
    }

    fn advance(&mut self, steps: usize, _: &str) {
        self.stages.last_mut().unwrap().2 += steps;
    }

    fn is_cancelled(&self) -> bool {
        let done = self.stages.last().map_or(0, |stage| stage.2);
        self.stop_after.is_some_and(|most| done >= most) || self.stop_at.is_some_and(|stop| Instant::now() >= stop)
    }
}

#[test]
fn progress_counts_the_bytes_with_those_that_were_there() {
    let (_outer, data) = data_dir();
    fs::create_dir(&data).unwrap();
    let toy = toy();
    fs::write(data.join("toy.tar.gz.part"), &toy[..60_000]).unwrap();
    let mut watch = Watch::default();
    Server::start(vec![rest(&toy, 60_000)]).archive(&toy).fetch(&data, &mut watch).unwrap();
    assert_eq!(watch.stages[0], ("downloading (bytes)".into(), toy.len(), toy.len()));
    assert_eq!(watch.stages[1], ("unpacking (files)".into(), 0, 3));
}

#[test]
fn a_stop_in_a_download_keeps_what_has_come() {
    let (outer, data) = data_dir();
    let toy = toy();
    let mut watch = Watch { stop_after: Some(70_000), ..Watch::default() };
    let error = Server::start(vec![whole(&toy)]).archive(&toy).fetch(&data, &mut watch).unwrap_err();
    let part = fs::metadata(data.join("toy.tar.gz.part")).unwrap().len();
    assert!(part >= 70_000 && matches!(error, Error::Interrupted(_)));
    assert!(error.to_string().contains(&format!("{part} bytes are kept in ")), "{error}");
    assert_eq!(tree(outer.path()), ["data", "data/toy.tar.gz.part"]);
    Server::start(vec![rest(&toy, part as usize)]).fetch(&toy, &data).unwrap();
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_stop_is_heard_while_the_server_keeps_silent() {
    let (outer, data) = data_dir();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let archive = Archive { name: "toy.tar.gz", url, md5: String::new(), folder: "toy", pause: Duration::ZERO };
    let begin = Instant::now();
    let stop_at = Some(begin + Duration::from_millis(200));
    let error = archive.fetch(&data, &mut Watch { stop_at, ..Watch::default() }).unwrap_err();
    assert!(matches!(error, Error::Interrupted(_)), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(tree(outer.path()), ["data"]);
}

#[test]
fn a_stop_in_the_unpacking_leaves_only_the_archive() {
    let (outer, data) = data_dir();
    fs::create_dir(&data).unwrap();
    let path = outer.path().join("toy.tar.gz");
    fs::write(&path, toy()).unwrap();
    let server = Server { url: path.display().to_string(), requests: channel().1 };
    let mut watch = Watch { stop_after: Some(1), ..Watch::default() };
    let error = server.archive(&toy()).fetch(&data, &mut watch).unwrap_err();
    assert!(matches!(error, Error::Interrupted(_)), "{error}");
    assert_eq!(tree(outer.path()), ["data", "toy.tar.gz"]);
}

#[test]
fn an_archive_on_this_machine_is_unpacked_and_stays() {
    let (outer, data) = data_dir();
    let path = outer.path().join("toy.tar.gz");
    fs::write(&path, toy()).unwrap();
    for address in [path.display().to_string(), format!("file://{}", path.display())] {
        let server = Server { url: address, requests: channel().1 };
        assert_eq!(server.fetch(&toy(), &data).unwrap(), data.join("toy"));
        assert_eq!(tree(outer.path()), [UNPACKED.as_slice(), &["toy.tar.gz"]].concat());
        let error = server.fetch(b"another", &data).unwrap_err().to_string();
        assert!(error.contains("md5 sum ") && error.contains("this is not toy.tar.gz"), "{error}");
        assert_eq!(tree(outer.path()), [UNPACKED.as_slice(), &["toy.tar.gz"]].concat());
        fs::remove_dir_all(&data).unwrap();
    }
    let missing = Server { url: "nowhere.tar.gz".into(), requests: channel().1 };
    assert!(missing.fetch(b"", &data).unwrap_err().to_string().starts_with("nowhere.tar.gz: "));
    assert_eq!(tree(outer.path()), ["data", "toy.tar.gz"]);
}

#[test]
fn what_a_killed_unpacking_left_goes_at_the_next() {
    let (outer, data) = data_dir();
    fs::create_dir_all(data.join(".toy.unpacking/toy")).unwrap();
    fs::write(data.join(".toy.unpacking/toy/noise.bin"), [1; 1000]).unwrap();
    Server::start(vec![whole(&toy())]).fetch(&toy(), &data).unwrap();
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_fetch_goes_on_after_a_loss_of_power_at_any_moment() {
    let body = archive(&[
        ("toy/", EntryType::Directory, b""),
        ("toy/word.txt", EntryType::Regular, b"word"),
        ("toy/deep/words.txt", EntryType::Regular, &b"words ".repeat(50)),
    ]);
    let server = Server::of(body.clone()).archive(&body);
    let fetch = |root: &Path| {
        let data = root.join("data");
        if !data.join("toy").exists() {
            server.fetch(&data, &mut Silent)?;
        }
        let read = |name| fs::read_to_string(data.join("toy").join(name)).unwrap_or_default();
        Ok((read("word.txt"), read("deep/words.txt")))
    };
    let repeated = repeat_after_crashes(&Tree::new(), fetch);
    assert!(repeated.states > 20 && repeated.refused.is_empty(), "{}: {:?}", repeated.states, repeated.refused);
}

#[test]
fn what_an_earlier_download_began_wrongly_is_downloaded_as_a_whole() {
    let (outer, data) = data_dir();
    let toy = toy();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("toy.tar.gz.part"), vec![0; 60_000]).unwrap();
    let server = Server::start(vec![rest(&toy, 60_000), whole(&toy)]);
    server.fetch(&toy, &data).unwrap();
    assert_eq!(server.ranges(), [Some("bytes=60000-".into()), None]);
    assert_eq!(tree(outer.path()), UNPACKED);
}

#[test]
fn a_server_that_stays_ill_is_asked_five_times() {
    let (_outer, data) = data_dir();
    let server = Server::start(vec![answer("503 Service Unavailable", "", b""); 9]);
    let error = server.fetch(&toy(), &data).unwrap_err().to_string();
    assert!(error.contains("503 Service Unavailable (5 tries): 0 bytes are kept"), "{error}");
    assert_eq!(server.ranges().len(), 5);
}

#[test]
fn hostile_archives_leave_nothing_behind() {
    let good = ("toy/good.txt", EntryType::Regular, &b"good"[..]);
    let bad = [
        ("../evil", EntryType::Regular, "lies outside toy"),
        ("toy/../../evil", EntryType::Regular, "lies outside toy"),
        ("/tmp/spikenas-evil", EntryType::Regular, "lies outside toy"),
        ("other/file", EntryType::Regular, "lies outside toy"),
        ("toy/link", EntryType::Symlink, "is no file or folder but Symlink"),
        ("toy/link", EntryType::Link, "is no file or folder but Link"),
        ("toy/pipe", EntryType::Fifo, "is no file or folder but Fifo"),
        ("toy/good.txt", EntryType::Regular, "exists"),
    ];
    for (name, kind, reason) in bad {
        let (outer, data) = data_dir();
        let archive = archive(&[good, (name, kind, b"")]);
        let error = Server::start(vec![whole(&archive)]).fetch(&archive, &data).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(tree(outer.path()), ["data", "data/toy.tar.gz.part"]);
        assert!(!Path::new("/tmp/spikenas-evil").exists());
    }
}

#[test]
fn an_archive_that_is_none_or_lacks_its_folder_is_refused() {
    for (file, reason) in [(b"no archive".to_vec(), "damaged"), (archive(&[]), "holds no folder toy")] {
        let (outer, data) = data_dir();
        let error = Server::start(vec![whole(&file)]).fetch(&file, &data).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(tree(outer.path()), ["data", "data/toy.tar.gz.part"]);
    }
}

#[test]
fn two_downloads_of_one_archive_do_not_mix() {
    let (_outer, data) = data_dir();
    fs::create_dir(&data).unwrap();
    let other = fs::File::create(data.join("toy.tar.gz.part")).unwrap();
    other.lock().unwrap();
    let error = Server::start(Vec::new()).fetch(&toy(), &data).unwrap_err().to_string();
    assert!(error.contains("another download"), "{error}");
}

#[test]
fn only_what_has_an_archive_is_fetched_and_from_no_unknown_kind_of_address() {
    let nowhere = |source: &Source, from| fetch(source, Path::new("nowhere"), from, &mut Silent).unwrap_err();
    assert!(nowhere(&Source::Sample, None).is_usage());
    assert!(nowhere(&Source::Cifar10, Some("ftp://example.org/x")).is_usage());
    assert!(!Path::new("nowhere").exists());
}

#[test]
fn a_complete_copy_is_kept_and_a_part_copy_is_not_overwritten() {
    let report = check(&Source::Sample, Path::new("")).unwrap();
    assert_eq!(already_there(Ok(report.clone()), "x".into()).unwrap(), Fetched::AlreadyThere("x".into()));
    let part = crate::data::Contents { complete: false, ..report };
    let error = already_there(Ok(part), "x".into()).unwrap_err().to_string();
    assert!(error.contains("x: a partial copy of 2000 + 1000 images: move it away"), "{error}");
    let (_outer, data) = data_dir();
    fs::create_dir_all(data.join("cifar-10-batches-bin")).unwrap();
    let error = fetch(&Source::Cifar10, &data, None, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("not readable"), "{error}");
}

#[test]
fn archives_of_recordings_are_brought_as_they_are_and_from_this_machine() {
    let (_outer, data) = data_dir();
    fs::create_dir_all(&data).unwrap();
    let content = toy();
    let md5: &'static str = format!("{:x}", md5::compute(&content)).leak();
    let archive = |url: &str| Recordings { name: "Train.zip", md5, url: Some(String::from(url).leak()) };
    let bring = |archive: &Recordings, from: Option<&str>| {
        super::recordings::bring(archive, &data, from, Duration::ZERO, &mut Silent)
    };
    let place = data.join("Train.zip");

    let server = Server::start(vec![broken_off(whole(&content), 7), rest(&content, content.len() - 7)]);
    bring(&archive(&server.url), None).unwrap();
    assert_eq!((fs::read(&place).unwrap(), tree(&data)), (content.clone(), vec!["Train.zip".to_string()]));
    bring(&archive("http://127.0.0.1:9/nobody"), None).unwrap();

    fs::write(&place, "something else").unwrap();
    let error = bring(&archive(&server.url), None).unwrap_err().to_string();
    assert!(error.contains("this is not the archive, move it away"), "{error}");

    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("Train.zip"), &content).unwrap();
    fs::remove_file(&place).unwrap();
    bring(&archive("nowhere"), elsewhere.path().to_str()).unwrap();
    assert_eq!(fs::read(&place).unwrap(), content);
    let by_hand = fetch(&Source::DvsGesture, &data, None, &mut Silent).unwrap_err();
    assert!(
        by_hand.is_usage() && by_hand.to_string().contains("get DvsGesture.tar.gz by hand from https"),
        "{by_hand}"
    );
}
