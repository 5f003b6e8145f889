"""SIGINT, SIGTERM and SIGHUP at every write and rename, and at random moments."""

import os
import signal
import time

from calls import Calls
from process import STOPPED, complaint, crashed
from trials import Trial, Verdict


def trials(commands, rng):
    for command in commands.all.values():
        calls = Calls(commands, command, ["write", "rename"])
        for name in ("INT", "TERM", "HUP"):
            for syscall in ("write", "rename"):
                yield from calls.trials("signal", syscall, f"signal={name}:when=N", expect(name))
        folder = commands.begin(command)
        usual = commands.place.execute(commands.line(command, folder)).seconds
        # At any moment, also between calls, and before the program listens.
        for name in ("INT", "TERM", "KILL"):
            for _ in range(20):
                moment = rng.uniform(0, usual)
                attempt = lambda command=command, name=name, moment=moment: at_a_moment(commands, command, name, moment)
                yield Trial("signal", command.name, f"SIG{name} after {moment:.3f} s", attempt)


def at_a_moment(commands, command, name, moment):
    folder, before = commands.begin_trial(command)

    def disturb(process):
        time.sleep(moment)
        try:
            os.kill(process.pid, getattr(signal, f"SIG{name}"))
        except ProcessLookupError:
            pass

    run = commands.place.execute(commands.line(command, folder), while_running=disturb)
    reasons = expect(name)(commands, command, folder, run, before, None)
    return Verdict(reasons, run, folder, f"status {run.rc}")


def expect(name):
    """A polite stop with the status of the signal and a word about it, or death by it; what was done is kept."""

    def check(commands, command, folder, run, before, _):
        reasons = [] if run.rc is not None and run.rc < 0 else crashed(run)
        if run.rc in STOPPED and STOPPED[run.rc] != name:
            reasons.append(f"status {run.rc} after SIG{name}")
        if run.failed():
            reasons += complaint(run, ["interrupted"])
            reasons += [] if run.rc in STOPPED else [f"status {run.rc}, as if the command had failed"]
        return reasons + commands.check_after(command, folder, run, before)

    return check
