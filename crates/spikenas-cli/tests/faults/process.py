"""Running the program, with limits and under strace, and what must never come of it."""

import collections
import os
import re
import resource
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 60
#: Status after SIGINT, SIGTERM and SIGHUP.
STOPPED = {130: "INT", 143: "TERM", 129: "HUP"}


@dataclass
class Ran:
    """A process that ended."""

    rc: int  # negative: the signal that ended it; None: it ran out of time
    out: str
    err: str
    seconds: float
    megabytes: float

    def errors(self):
        return [line for line in self.err.splitlines() if line.startswith("error")]

    def failed(self):
        """Whether it said that it failed, which takes a line."""
        return self.rc in (1, 2) or self.rc in STOPPED

    def never_began(self):
        """Whether the loader failed, before the program began."""
        return self.rc == 127 or "error while loading shared libraries" in self.err


class Place:
    """A folder for all that is tried, and the program."""

    def __init__(self, work, program):
        self.work, self.program = work, program
        #: Where each trial begins anew.
        self.trial = work / "trial"

    def execute(self, argv, timeout=TIMEOUT, limits=None, user=None, prefix=(), stdout=None, while_running=None):
        """Runs a command; `limits` maps resource.RLIMIT_* to values. Output beyond a megabyte is dropped."""

        def prepare():
            for what, value in (limits or {}).items():
                resource.setrlimit(what, (value, value))
            os.setsid()
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)

        begin = time.monotonic()
        with open(self.work / "out", "w+b") as out, open(self.work / "err", "w+b") as err:
            process = subprocess.Popen(
                [*map(str, prefix), *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=stdout or out,
                stderr=err,
                preexec_fn=prepare,
                env={**os.environ, "RUST_BACKTRACE": "0"},
            )
            late = threading.Event()
            timer = threading.Timer(timeout, lambda: (late.set(), os.killpg(process.pid, signal.SIGKILL)))
            timer.start()
            if while_running is not None:
                while_running(process)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = 0  # already waited for
            timer.cancel()
            rc = None if late.is_set() else -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            read = lambda file: (file.seek(0), file.read(1 << 20).decode("utf-8", "replace"))[1]
            return Ran(rc, read(out), read(err), time.monotonic() - begin, usage.ru_maxrss / 1024)

    def traced(self, argv, syscalls, inject=None):
        """Runs a command under strace, perhaps with a fault in one of its calls; the log is at WORK/strace."""
        fault = ["-e", f"inject={syscalls}:{inject}"] if inject else []
        prefix = ["strace", "-f", "-y", "-qq", "-o", self.work / "strace", "-e", f"trace={syscalls}", *fault]
        run = self.execute(argv, prefix=prefix)
        run.err = "\n".join(line for line in run.err.splitlines() if not line.startswith("strace:"))
        return run

    def calls(self):
        """Every call of the last traced run: its name, how many of that name its thread had made with it, and its line."""
        counts = collections.Counter()
        for line in (self.work / "strace").read_text(errors="replace").splitlines():
            if found := re.match(r"(\d+)\s+(\w+)\(", line):
                counts[found[1], found[2]] += 1
                yield found[2], counts[found[1], found[2]], line

    def disturbed(self):
        """The lines of all calls that were disturbed in the last traced run: each thread has an N-th call of its own."""
        text = (self.work / "strace").read_text(errors="replace")
        return [line for line in text.splitlines() if "INJECTED" in line]

    def injected(self):
        """The call that was disturbed in the last traced run, or nothing."""
        text = (self.work / "strace").read_text(errors="replace")
        lines = self.disturbed()
        if not lines and ("+++ killed by" in text or "--- SIG" in text):
            lines = [line for line in text.splitlines() if "(" in line and "+++" not in line and "---" not in line][-1:] or ["killed"]
        return re.sub(r"^\d+\s+", "", lines[0]) if lines else None


def crashed(run):
    """Why a run must never end."""
    reasons = []
    if run.rc is None:
        reasons.append(f"ran out of time ({run.seconds:.0f} s)")
    elif run.rc < 0 or run.rc > 2 and run.rc not in STOPPED:
        reasons.append(f"ended with status {run.rc}")
    if "panicked at" in run.err or "RUST_BACKTRACE" in run.err:
        reasons.append("panicked")
    if "memory allocation of" in run.err:
        reasons.append("ran out of memory")
    return reasons


def complaint(run, names=(), longest=2000):
    """What is wrong with how a run that failed says so; `names`: one of these must be in the line."""
    errors = run.errors()
    if len(errors) != 1:
        return [f"{len(errors)} error lines instead of one"]
    if names and not any(name in errors[0] for name in names):
        return [f"the error does not name {' or '.join(names)}"]
    return [f"an error line of {len(errors[0])} bytes"] if len(errors[0]) > longest else []
