//! Ctrl-C, SIGTERM (of Slurm and `docker stop`) and SIGHUP (of a terminal that closes): the first one asks the work to stop
//! at the next safe place, a second one ends the program at once. The exit status is 128 and the number of the signal.

use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::output::say;

/// How soon a signal is noticed where no work looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Signals that come within this time are one: `timeout` sends its own to the program and to its group.
const SAME: Duration = Duration::from_millis(500);
/// A step that takes longer than this is worth a word.
const LONG_STEP: Duration = Duration::from_secs(1);

/// What came, since [`listen`].
static RECEIVED: OnceLock<Received> = OnceLock::new();
/// How many [`Attention`]s there are.
static ATTENTIVE: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Received {
    /// The last one, or 0.
    number: Arc<AtomicUsize>,
    /// Whether the next one ends the program at once.
    is_last_warning: Arc<AtomicBool>,
}

/// Listens from now on.
///
/// What cannot be listened to ends the program as it would without.
pub fn listen() {
    let received = RECEIVED.get_or_init(Received::default);
    for signal in stopping() {
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, received.is_last_warning.clone());
        let _ = flag::register_usize(signal, received.number.clone(), signal as usize);
    }
    let _ = std::thread::Builder::new().name("signals".into()).stack_size(1 << 17).spawn(watch);
}

/// The signals that stop the program.
fn stopping() -> Vec<i32> {
    // `nohup` has SIGHUP ignored. SIGINT is listened to in any case: shells have it ignored in whatever a script puts into the
    // background, and who sends it there by its name means it.
    let ignored = ignored();
    let is_heard = |signal: &i32| *signal == SIGINT || ignored & 1 << (signal - 1) == 0;
    #[cfg(unix)]
    let all = vec![SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    #[cfg(not(unix))]
    let all = vec![SIGINT, SIGTERM];
    all.into_iter().filter(is_heard).collect()
}

/// The signals that this process was told to ignore, a bit each; none where the system does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the program after a signal that no work looks for; on a terminal, says what is waited for where a step takes long.
fn watch() {
    let mut noticed: Option<Instant> = None;
    let mut is_told = !stderr().is_terminal();
    loop {
        std::thread::sleep(LOOK_EVERY);
        let Some(status) = status() else { continue };
        if ATTENTIVE.load(SeqCst) == 0 {
            say("error: interrupted: repeat the command to go on");
            std::process::exit(status.into());
        }
        let waited = noticed.get_or_insert_with(Instant::now).elapsed();
        if waited > SAME {
            RECEIVED.get().inspect(|received| received.is_last_warning.store(true, SeqCst));
        }
        if !is_told && waited > LONG_STEP {
            let _ = writeln!(stderr(), "\nstopping after this step; once more stops at once");
            is_told = true;
        }
    }
}

/// Whether a signal asks to stop.
pub fn is_received() -> bool {
    status().is_some()
}

/// The exit status of a program that a signal stopped.
fn status() -> Option<u8> {
    let number = RECEIVED.get()?.number.load(SeqCst);
    (number > 0).then_some(128 + number as u8)
}

/// The exit status after [`spikenas::Error::Interrupted`].
pub fn exit_code() -> ExitCode {
    ExitCode::from(status().unwrap_or(1))
}

/// While there is one, a signal does not end the program: the work asks [`is_received`] and ends by itself.
pub struct Attention;

impl Attention {
    pub fn new() -> Self {
        ATTENTIVE.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        // After a signal, what the work has to say about its end comes first.
        if !is_received() {
            ATTENTIVE.fetch_sub(1, SeqCst);
        }
    }
}
