//! Downloads that fail, from a server on this machine.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
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
    place.refuses("data fetch sample", 2, "give cifar10 or cifar100");
    fs::create_dir_all(place.path("data/cifar-10-batches-bin")).unwrap();
    place.refuses("data fetch cifar10", 1, "move it away or give another --data-dir");
}
