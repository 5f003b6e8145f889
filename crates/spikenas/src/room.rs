use std::fs;
use std::path::Path;

use spikenas_kernels::{keep_freed_memory, share_freed_memory};

use crate::{Error, Result};

/// The part of an estimate that is needed for certain: it is right within some 15 %.
const CERTAIN: f64 = 0.8;

/// The least address space that the program and its threads start in.
const LEAST_ADDRESSES: u64 = 100_000_000;
/// Address spaces below this are spared rather than used for speed.
const MANY_ADDRESSES: u64 = 4_000_000_000;

/// Sets the allocator up for the address space that there is, before the process has a second thread.
///
/// Errors: its limit (`ulimit -v`) is too small for any work.
pub fn prepare_memory() -> Result<()> {
    let limit = fs::read_to_string("/proc/self/limits").ok().and_then(|text| address_space(&text));
    match limit {
        Some(limit) if limit < LEAST_ADDRESSES => {
            return Err(Error::Memory(format!(
                "the address space is limited to {} MB, and {} MB are the least to start with: raise the limit (ulimit -v)",
                limit / 1_000_000,
                LEAST_ADDRESSES / 1_000_000
            )));
        }
        Some(limit) if limit < MANY_ADDRESSES => share_freed_memory(),
        _ => keep_freed_memory(),
    };
    Ok(())
}

/// Whether work that needs so many bytes may begin.
///
/// Errors: it certainly does not fit into what there is; `what` needs it, `way_out` says what to do.
pub fn check_memory(needed: f64, what: &str, way_out: &str) -> Result<()> {
    match available_memory() {
        Some(available) if needed * CERTAIN > available as f64 => Err(Error::Memory(format!(
            "{what} needs about {} of memory, and {} are there: {way_out}",
            gigabytes(needed),
            gigabytes(available as f64)
        ))),
        _ => Ok(()),
    }
}

/// Bytes as a person reads them.
fn gigabytes(bytes: f64) -> String {
    if bytes < 1e13 { format!("{:.2} GB", bytes / 1e9) } else { format!("{:.0} TB", bytes / 1e12) }
}

/// Bytes that this process may still take: the least of the machine's memory that is available, of the limit of its address space,
/// and of its control group's. None where the system tells none of them.
pub fn available_memory() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let mapped = read("/proc/self/status").and_then(|text| kibibytes(&text, "VmSize")).unwrap_or(0);
    let address_space = read("/proc/self/limits").and_then(|text| address_space(&text));
    let machine = read("/proc/meminfo").and_then(|text| {
        Some(kibibytes(&text, "MemAvailable")?.saturating_add(kibibytes(&text, "SwapFree").unwrap_or(0)))
    });
    let group = read("/proc/self/cgroup").and_then(|text| control_group(&text, Path::new("/sys/fs/cgroup")));
    [machine, address_space.map(|limit| limit.saturating_sub(mapped)), group].into_iter().flatten().min()
}

/// A field of `/proc/meminfo` or `/proc/self/status`, in bytes.
fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of the address space in `/proc/self/limits`, where there is one.
fn address_space(text: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The lowest limit of the control groups that `/proc/self/cgroup` names, as its version 2 or 1 keeps them under a folder.
fn control_group(text: &str, root: &Path) -> Option<u64> {
    let limit = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let mut least = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let (base, file) = match controllers {
            "" => (root.to_path_buf(), "memory.max"),
            names if names.split(',').any(|name| name == "memory") => (root.join("memory"), "memory.limit_in_bytes"),
            _ => continue,
        };
        // A group is bound by those above it, too. In a container its own may be mounted at the root.
        let groups = Path::new(group).ancestors().map(|group| base.join(group.strip_prefix("/").unwrap_or(group)));
        least = groups.filter_map(|group| limit(&group.join(file))).chain(least).min();
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_files_are_read() {
        let meminfo = "MemTotal:       16384 kB\nMemAvailable:    8192 kB\nSwapFree:  1 kB\n";
        assert_eq!(kibibytes(meminfo, "MemAvailable"), Some(8192 * 1024));
        assert_eq!((kibibytes(meminfo, "Mem"), kibibytes("MemAvailable: many kB", "MemAvailable")), (None, None));
        let limits = |value| format!("Limit   Soft   Hard\nMax address space         {value}   unlimited   bytes\n");
        assert_eq!(address_space(&limits("1048576000")), Some(1_048_576_000));
        assert_eq!(address_space(&limits("unlimited")), None);
    }

    #[test]
    fn the_lowest_limit_of_the_control_groups_holds() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("jobs/memory.max", "4096\n");
        write("jobs/one/memory.max", "max\n");
        assert_eq!(control_group("0::/jobs/one\n", root.path()), Some(4096));
        assert_eq!(control_group("0::/elsewhere\n", root.path()), None);
        write("memory/old/memory.limit_in_bytes", "512\n");
        assert_eq!(control_group("3:cpu,memory:/old\n2:pids:/x\n", root.path()), Some(512));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_both_figures() {
        check_memory(1e6, "a test", "nothing to do").unwrap();
        let refused = check_memory(1e18, "a test", "lower the batch");
        assert_eq!(refused.is_err(), available_memory().is_some());
        let text = refused.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.is_empty() || text.starts_with("a test needs about 1000000 TB of memory, and "), "{text}");
    }
}
