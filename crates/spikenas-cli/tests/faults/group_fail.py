"""Every system call of a command on its files fails once; for a full disk, also from there on."""

from calls import Calls
from process import complaint, crashed

FAILURES = {
    "openat": ["ENOSPC", "EIO", "EACCES", "EINTR"],
    "write": ["ENOSPC", "EIO", "EACCES", "EINTR"],
    "fsync": ["ENOSPC", "EIO"],
    "fdatasync": ["ENOSPC", "EIO"],
    "rename": ["ENOSPC", "EIO", "EACCES"],
    "ftruncate": ["ENOSPC", "EIO"],
    "mkdir": ["ENOSPC", "EIO", "EACCES"],
    "read": ["EIO", "EINTR"],
    "lseek": ["EIO"],
    "flock": ["EIO", "ENOLCK"],
    "getdents64": ["EIO"],
    "statx": ["EIO", "EACCES"],
    "unlink": ["EIO", "EACCES"],
    "close": ["EIO"],
    "copy_file_range": ["EIO"],
}


def trials(commands, _):
    for command in commands.all.values():
        calls = Calls(commands, command, FAILURES)
        for syscall, errors in FAILURES.items():
            for error in errors:
                yield from calls.trials("fail", syscall, f"error={error}:when=N", expect)
        for syscall in ("openat", "write"):
            yield from calls.trials("fail", syscall, "error=ENOSPC:when=N+", expect)


def expect(commands, command, folder, run, before, call):
    reasons = crashed(run)
    if run.rc == 2:
        reasons.append("status 2, wrong usage, for a failure of the system")
    # On a disk that stays full, words for people that go to a file are lost as well.
    is_heard = not any("write(2<" in line for line in commands.place.disturbed())
    if run.failed() and is_heard:
        reasons += complaint(run, [str(folder.parent), str(commands.place.work), "stdout"])
    return reasons + commands.check_after(command, folder, run, before)
