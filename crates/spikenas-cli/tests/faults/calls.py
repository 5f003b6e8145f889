"""Faults of system calls, one at a time, for the groups `fail`, `kill`, `short` and `signal`."""

import os
import re

from trials import Trial, Verdict


def closes_folder(line):
    """On Linux this cannot fail, and the standard library counts on that."""
    closed = re.search(r"close\(\d+<([^>]*)>", line)
    return closed is not None and os.path.isdir(closed[1])


class Calls:
    """The calls of a command on its files, by name: which of a thread's calls of that name they are."""

    def __init__(self, commands, command, syscalls):
        self.commands, self.command, self.numbers = commands, command, {}
        folder = commands.begin(command)
        run = commands.place.traced(commands.line(command, folder), ",".join(syscalls))
        assert run.rc == 0, (command.name, run)
        for syscall, number, line in commands.place.calls():
            # Nothing can be said where words for people cannot be written.
            if self.is_on_files(line) and not line.split("(", 1)[1].startswith("2<"):
                self.numbers.setdefault(syscall, set()).add(number)

    def is_on_files(self, line):
        is_download = self.command.name == "fetch" and "socket:" in line
        return not closes_folder(line) and (str(self.commands.place.work) in line or is_download)

    def trials(self, group, syscall, action, expect):
        """The same fault at the first call, the second, and so on."""
        for number in sorted(self.numbers.get(syscall, ())):
            when = action.replace("when=N", f"when={number}")
            yield Trial(group, self.command.name, f"{syscall}:{when}", lambda when=when: self.attempt(syscall, when, expect))

    def attempt(self, syscall, when, expect):
        commands, command = self.commands, self.command
        folder, before = commands.begin_trial(command)
        run = commands.place.traced(commands.line(command, folder), syscall, when)
        call = commands.place.injected()
        if run.never_began():
            return None
        if call is None:
            # Another run makes fewer calls, such as one that waits less often.
            return Verdict([] if run.rc == 0 else [f"untouched, but ended with {run.rc}"], run, folder, "not reached")
        if "(" in call and not self.is_on_files(call):
            return None  # another thread's call of the same number
        if any(map(closes_folder, commands.place.disturbed())) or "closedir" in run.err:
            return None
        return Verdict(expect(commands, command, folder, run, before, call), run, folder, call[:160])
