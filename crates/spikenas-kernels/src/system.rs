/// Lets the process keep the memory that it frees, and take it again without asking the system.
///
/// Feature maps come and go by the gigabyte, and the first touch of a fresh page costs as much as filling it many times. Of the
/// systems, only Linux with the GNU C library gives it back that eagerly; elsewhere nothing is done.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets two numbers of the allocator; any value is allowed.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}
