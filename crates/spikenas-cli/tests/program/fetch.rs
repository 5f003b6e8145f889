//! Downloads that fail, from a server on this machine.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
#[cfg(unix)]
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::place::Place;

/// Gives the same answer to every request; returns its address.
fn serve(status: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/archive.tar.gz", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    url
}

/// Fetches in vain, without the pauses (2 s at least) of connections that broke off, and leaves nothing behind.
#[track_caller]
fn fails_at_once(url: &str, status: i32, reason: &str) {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    let begin = Instant::now();
    for name in ["cifar10", "cifar100"] {
        place.refuses(&format!("data fetch {name} --from {url}"), status, reason);
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn an_archive_that_is_not_there() {
    fails_at_once(&serve("404 Not Found", b"no such archive"), 1, "the server answered 404 Not Found");
}

#[test]
fn an_archive_with_another_checksum() {
    fails_at_once(&serve("200 OK", b"another archive"), 1, "md5 sum ");
}

#[test]
fn a_server_that_does_not_listen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    fails_at_once(&url, 1, "no answer");
}

#[test]
fn an_address_of_no_server() {
    fails_at_once("ftp://127.0.0.1/archive", 2, "give one with https:// or http://");
}

#[test]
fn what_cannot_be_fetched_is_refused() {
    let place = Place::new();
    place.refuses("data fetch sample", 2, "give one of cifar10, cifar100, nmnist");
    fs::create_dir_all(place.path("data/cifar-10-batches-bin")).unwrap();
    place.refuses("data fetch cifar10", 1, "move it away or give another --data-dir");
}

/// Sends so many bytes of an archive, and then nothing; returns its address.
#[cfg(unix)]
fn stall_after(bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/archive.tar.gz", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
        stream.write_all(&[head.as_bytes(), &vec![7; bytes]].concat()).unwrap();
        std::thread::sleep(Duration::from_secs(30));
    });
    url
}

#[cfg(unix)]
#[test]
fn the_first_signal_ends_a_download_and_says_what_is_kept() {
    let place = Place::new();
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let line = format!("data fetch cifar10 --data-dir {signal} --from {}", stall_after(123_456));
        let mut command = place.command(&line);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (path, begin) = (place.path(&format!("{signal}/cifar-10-binary.tar.gz.part")), Instant::now());
        while fs::metadata(&path).map_or(0, |file| file.len()) < 123_456 {
            assert!(begin.elapsed() < Duration::from_secs(30), "nothing comes");
            std::thread::sleep(Duration::from_millis(5));
        }
        let begin = Instant::now();
        crate::signals::send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        let stderr = crate::place::text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(
            stderr.contains("123456 bytes are kept in ") && stderr.contains("repeat the command to go on"),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 123_456);
    }
}

#[test]
fn another_archive_on_this_machine_is_refused_and_advice_is_given_once() {
    let place = Place::new();
    fs::write(place.path("cifar.tar.gz"), "another archive").unwrap();
    fs::create_dir(place.path("data")).unwrap();
    for address in ["cifar.tar.gz".to_string(), format!("file://{}", place.path("cifar.tar.gz").display())] {
        place.refuses(&format!("data fetch cifar10 --from {address}"), 1, "this is not cifar-10-binary.tar.gz");
    }
    place.refuses("data fetch cifar10 --from nowhere.tar.gz", 1, "nowhere.tar.gz: ");
    let output = place.run("data fetch cifar10 --from http://127.0.0.1:1/x");
    let stderr = crate::place::text(&output.stderr);
    assert_eq!(stderr.matches("--from").count(), 1, "{stderr}");
}
