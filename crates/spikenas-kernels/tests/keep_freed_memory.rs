//! Settings of the allocator, in a process that has one thread until it starts another. It runs without the test harness,
//! which has threads of its own.

use std::sync::mpsc::channel;

use spikenas_kernels::{keep_freed_memory, share_freed_memory};

fn main() {
    let is_known_to_help = cfg!(all(target_os = "linux", target_env = "gnu"));
    assert_eq!((keep_freed_memory(), share_freed_memory()), (is_known_to_help, is_known_to_help), "with one thread");

    let (stop, stopped) = channel::<()>();
    let second = std::thread::spawn(move || stopped.recv());
    assert!(!keep_freed_memory() && !share_freed_memory(), "beside a second thread");
    drop(stop);
    assert!(second.join().is_ok_and(|received| received.is_err()), "the second thread ended before it was told to");

    println!("memory is kept while there is one thread, and only then");
}
