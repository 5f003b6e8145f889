"""SIGKILL at every call of a command on its files."""

from calls import Calls

SYSCALLS = ["openat", "write", "fsync", "fdatasync", "rename", "ftruncate", "mkdir", "unlink", "close", "flock"]


def trials(commands, _):
    for command in commands.all.values():
        calls = Calls(commands, command, SYSCALLS)
        for syscall in SYSCALLS:
            yield from calls.trials("kill", syscall, "signal=KILL:when=N", expect)


def expect(commands, command, folder, run, before, _):
    return commands.check_after(command, folder, run, before)
