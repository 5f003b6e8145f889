"""Small disks, few descriptors, little memory, small files, read-only folders, outputs that nobody reads, two processes at once."""

import os
import resource
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

from folders import raw, work_lost
from group_damage import NOBODY, give_away
from process import TIMEOUT, Ran, complaint, crashed
from trials import Trial, Verdict

DISKS = [f"size={k}k" for k in (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)]
INODES = ["nr_inodes=8", "nr_inodes=12", "nr_inodes=20"]
FILE_SIZES = (0, 100, 1000, 5000, 50_000, 100_000, 150_000, 400_000)
MEGABYTES = (20, 30, 40, 60, 80, 120, 200, 400, 1000)


def trials(commands, rng):
    for command in commands.all.values():
        limits = Limits(commands, command)
        faults = [(f"tmpfs {options}", limits.disk, options) for options in DISKS + INODES]
        faults += [(f"{most} descriptors", limits.limited, {resource.RLIMIT_NOFILE: most}) for most in range(3, 17)]
        faults += [(f"{n} MB of address space", limits.limited, {resource.RLIMIT_AS: n << 20}) for n in MEGABYTES]
        faults += [(f"files of {size} bytes", limits.limited, {resource.RLIMIT_FSIZE: size}) for size in FILE_SIZES]
        faults += [(f"as another user: {w}", limits.user, w) for w in ("read-only", "unreadable", "checkpoint unreadable")]
        faults += [(f"stdout {what}", limits.output, what) for what in ("/dev/full", "closed")]
        for number in range(12):
            reader = {"train": "report", "resume": "evaluate", "run": "report"}.get(command.name) if number % 2 else None
            late, kind = rng.uniform(0, 0.15), f"{reader} beside it" if reader else "twice at once"
            faults.append((f"{kind}, {late * 1000:.0f} ms later", limits.together, (reader, late)))
        for fault, attempt, how in faults:
            yield Trial("limits", command.name, fault, lambda attempt=attempt, how=how: attempt(how))


@contextmanager
def small_disk(work):
    mount = work / "disk"
    mount.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mount], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


class Limits:
    """A command under limits of the system."""

    def __init__(self, commands, command):
        self.commands, self.command, self.place = commands, command, commands.place

    def execute(self, folder, **how):
        return self.place.execute(self.commands.line(self.command, folder), **how)

    def verdict(self, folder, before, run, names=()):
        reasons = crashed(run)
        if run.failed():
            reasons += complaint(run, names)
        if run.rc == 2:
            reasons.append("status 2, wrong usage, for a limit of the system")
        return Verdict(reasons + self.commands.check_after(self.command, folder, run, before), run, folder)

    def disk(self, options):
        with small_disk(self.place.work) as mount:
            folder, before = self.commands.begin_trial(self.command, mount / "t")
            if subprocess.run(["mount", "-o", f"remount,{options}", mount], stderr=subprocess.DEVNULL).returncode:
                return None  # it holds more than that already
            run = self.execute(folder)
            subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=10000", mount], check=True)
            return self.verdict(folder, before, run, [str(mount), "stdout"])

    def limited(self, limits):
        folder, before = self.commands.begin_trial(self.command)
        run = self.execute(folder, limits={**limits, resource.RLIMIT_CORE: 0})
        if run.never_began():
            return None
        if run.rc == -signal.SIGXFSZ:
            # The system's own way: like a kill.
            return Verdict(self.commands.check_after(self.command, folder, run, before), run, folder)
        return self.verdict(folder, before, run)

    def user(self, what):
        """As a user who may read everything and write nothing; then one who may read nothing."""
        folder = self.commands.begin(self.command)
        place = folder if folder.exists() else folder.parent
        if what == "checkpoint unreadable" and not (folder / "checkpoint").exists():
            return None
        if what == "unreadable" and not folder.exists():
            return None
        set_modes(place, 0o555 if what == "read-only" else 0o755, 0o444 if what != "unreadable" else 0)
        if what == "checkpoint unreadable":
            give_away(folder.parent)
            os.chmod(folder / "checkpoint", 0)
        before = raw(folder) if folder.exists() else {}
        run = self.execute(folder, user=NOBODY)
        set_modes(place, 0o755, 0o755)
        reasons = crashed(run)
        if run.failed():
            reasons += complaint(run, [str(folder.parent)])
            after = raw(folder)
            touched = [name for name in before if before[name] != after.get(name)]
            reasons += [f"failed, but changed {', '.join(touched)}"] if touched else []
        elif run.rc == 0:
            reasons += work_lost(folder, before)
        return Verdict(reasons, run, folder, f"status {run.rc}")

    def output(self, what):
        folder, before = self.commands.begin_trial(self.command)
        if what == "closed":
            run = self.execute(folder, prefix=["sh", "-c", 'exec "$@" >&- 2>&-', "sh"])
            return Verdict(crashed(run) + self.commands.check_after(self.command, folder, run, before), run, folder)
        with open(what, "wb") as full:
            run = self.execute(folder, stdout=full)
        reasons = crashed(run) + (complaint(run, ["stdout"]) if run.rc else ["status 0 for a result that nobody got"])
        return Verdict(reasons + self.commands.check_after(self.command, folder, run, before, False), run, folder)

    def together(self, how):
        """The same command twice on one folder, or a reader beside a writer."""
        reader, late = how
        folder, before = self.commands.begin_trial(self.command)
        second = self.commands.line(self.command, folder)
        if reader:
            second = [self.place.program, reader, folder, *(["--threads", "1"] if reader == "evaluate" else [])]
        found = {}

        def other():
            time.sleep(late)
            ended = subprocess.run(list(map(str, second)), capture_output=True, timeout=TIMEOUT)
            found["run"] = Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode("utf-8", "replace"), 0, 0)

        thread = threading.Thread(target=other)
        thread.start()
        first = self.execute(folder)
        thread.join()
        reasons = []
        for who, run in (("first", first), ("second", found["run"])):
            reasons += [f"{who}: {reason}" for reason in crashed(run) + (complaint(run) if run.failed() else [])]
        if reader and self.command.name != "run":
            # What the reader wrote is not of the command.
            for left in ("report.html", "evaluate.json"):
                (folder / left).unlink(missing_ok=True)
        reasons += self.commands.check_after(self.command, folder, first, before, False)
        return Verdict(reasons, first, folder, f"{first.rc} and {found['run'].rc}")


def set_modes(place, folders, files):
    for base, below, names in os.walk(place):
        os.chmod(base, folders)
        for name in names:
            os.chmod(os.path.join(base, name), files)
