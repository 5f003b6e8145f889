/// Lets the process keep the memory that it frees, and take it again without asking the system; returns whether it did so.
///
/// Gigabytes of feature maps are taken and freed, and the first touch of a fresh page costs as much as filling it many times.
/// Only Linux with the GNU C library returns freed memory that eagerly; on other systems this does nothing. It does nothing
/// either once the process has a second thread, since the allocator must not be in use meanwhile: call it first of all.
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return set(&[(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, libc::c_int::MAX), (libc::M_TOP_PAD, 64 << 20)]);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

/// Lets all threads take memory from one place, and little at a time, in a process with few addresses: each thread's own place takes
/// 64 MiB of them. Returns whether it did so; for the same systems and at the same time as [`keep_freed_memory`].
pub fn share_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return set(&[(libc::M_ARENA_MAX, 1)]);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

/// Sets numbers of the allocator, unless there is a second thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set(numbers: &[(libc::c_int, libc::c_int)]) -> bool {
    let is_alone = has_one_thread();
    if is_alone {
        for &(number, value) in numbers {
            // SAFETY: sets a number of the allocator; any value is allowed. The call is not safe beside other threads that
            // allocate, of which there are none, and none can start but by this one.
            unsafe { libc::mallopt(number, value) };
        }
    }
    is_alone
}

/// Whether the process has no thread but this one; false where the system does not say.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}
