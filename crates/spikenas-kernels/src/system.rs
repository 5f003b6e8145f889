/// Lets the process keep the memory that it frees, and take it again without asking the system; returns whether it did so.
///
/// Gigabytes of feature maps are taken and freed, and the first touch of a fresh page costs as much as filling it many times.
/// Only Linux with the GNU C library returns freed memory that eagerly; on other systems this does nothing. It does nothing
/// either once the process has a second thread, since the allocator must not be in use meanwhile: call it first of all.
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if has_one_thread() {
        // SAFETY: sets three numbers of the allocator; any value is allowed. The call is not safe beside other threads that
        // allocate, of which there are none, and none can start but by this one.
        unsafe {
            libc::mallopt(libc::M_MMAP_MAX, 0);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
            libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        }
        return true;
    }
    false
}

/// Whether the process has no thread but this one; false where the system does not say.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}
