//! Signals: the first one stops the work where it is safe and tells so, the exit status says which it was.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::place::{ARCH, Place, TINY, text};

/// Sends a signal by its name.
#[track_caller]
pub fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "it ended before it could be stopped");
}

/// Starts a command, stops it as soon as a file has some lines, and waits for its end.
pub fn interrupt(place: &Place, line: &str, name: &str, lines: usize, signal: &str) -> Output {
    let child = place.start_until(line, name, lines);
    send(&child, signal);
    child.wait_with_output().unwrap()
}

/// A command that reads a table from a pipe into which nobody writes.
fn stuck(place: &Place) -> Child {
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let mut command = place.command("correlate --table pipe");
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // It listens before it opens the pipe; in the file system's words, there is no telling when it waits.
    std::thread::sleep(Duration::from_millis(300));
    child
}

/// The signals that stop the program, with its exit status; without SIGHUP where `nohup` or the like started these tests: then the
/// program ignores it, too.
fn signals() -> impl Iterator<Item = (&'static str, i32)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    [("INT", 130), ("TERM", 143), ("HUP", 129)].into_iter().filter(move |(name, _)| *name != "HUP" || ignored & 1 == 0)
}

#[test]
fn every_signal_keeps_the_training_and_has_its_status() {
    let place = Place::new();
    for (signal, status) in signals() {
        let line = format!("train {ARCH} {TINY} --epochs 500 --out {signal}");
        let output = interrupt(&place, &line, &format!("{signal}/train.jsonl"), 1, signal);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert_eq!(stderr.lines().filter(|line| line.starts_with("error: interrupted: epoch ")).count(), 1, "{stderr}");
        assert!(place.path(&format!("{signal}/checkpoint/last.safetensors")).exists());
    }
}

/// `timeout` sends its signal to the program, and then to the group that the program is in.
#[test]
fn a_signal_that_is_sent_twice_is_one() {
    let place = Place::new();
    let line = format!("train {ARCH} {TINY} --epochs 500 --out run");
    let child = place.start_until(&line, "run/train.jsonl", 1);
    let twice = format!("kill -TERM {0}; kill -TERM {0} 2>/dev/null", child.id());
    assert!(Command::new("sh").args(["-c", &twice]).status().is_ok());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{stderr}");
    assert!(stderr.lines().last().unwrap().starts_with("error: interrupted: epoch "), "{stderr}");
}

#[test]
fn work_that_cannot_look_for_signals_ends_at_once_with_one_line() {
    for (signal, status) in signals() {
        let place = Place::new();
        let child = stuck(&place);
        let begin = Instant::now();
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(text(&output.stderr), "error: interrupted: repeat the command to go on\n");
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}

/// The first one is answered after a step, which takes many seconds here, or at once where none has begun.
#[test]
fn a_second_signal_does_not_wait_for_a_step() {
    let place = Place::new();
    let line = format!("train {ARCH} --widths 128,256 --batch 200 --threads 1 --epochs 1 --out run");
    let child = place.start_until(&line, "run/train.jsonl", 0);
    std::thread::sleep(Duration::from_secs(3));
    send(&child, "INT");
    std::thread::sleep(Duration::from_millis(1500));
    let begin = Instant::now();
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).stderr(Stdio::null()).status();
    let output = child.wait_with_output().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert!(matches!(output.status.code(), Some(130 | 143)), "{}", text(&output.stderr));
}

#[test]
fn a_command_of_nohup_does_not_hear_that_its_terminal_closes() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_spikenas");
    let train = format!("train {ARCH} {TINY} --epochs 40 --out run");
    // `trap ''` is what nohup does.
    let script = format!("trap '' HUP; exec {program} {train}");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(place.path(".")).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while !place.path("run/train.jsonl").exists() {
        assert!(begin.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(1));
    }
    send(&child, "HUP");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(place.read("run/train.jsonl").lines().count(), 40);
}
