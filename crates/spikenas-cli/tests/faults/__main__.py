"""Faults injected into the program `spikenas`: what it does when calls fail, when it is killed, when files are damaged.

    python3 crates/spikenas-cli/tests/faults [--bin FILE] [--short] [--case NAME,...] [GROUP...]

Groups
    fail      every system call of a command on its files fails once (and, for a full disk, from there on)
    kill      SIGKILL at every such call
    short     a write that claims 0 or 1 byte, a read that claims the end, an interrupted call
    signal    SIGINT, SIGTERM, SIGHUP at every write and rename, and at random moments
    damage    every file of finished and interrupted folders: cut, flipped, deleted, made a folder, made unreadable
    limits    small disks, few descriptors, little memory, read-only folders, two processes at once
    hostile   inputs that somebody made to break it

A trial is one fault. What it must hold:
    * no panic, no abort, no time-out
    * exit status 1 (0 where the fault did no harm; 130, 143, 129 after a signal), and one line `error: ...` that names a path
    * files that stood there before stand there unharmed
    * a damaged file is refused or named in a warning, never believed
    * the same command repeated without the fault ends with the bytes of an undisturbed run, times apart

Every trial is a line of the log (JSON); of what did not hold, the first two of a kind are printed and one folder is kept (WORK/kept).
The exit status is 1 if anything did not hold.

The commands run on 80 images of 16x16 that it makes itself, 0.05 to 0.2 s each, one thread. Needs Linux, strace (not its
--seccomp-bpf: with it, 6.1 injects no signals), Python 3.11, and root: it mounts small disks and runs commands as another user. One
trial at a time: all take some hours of one core, `--short` a sample of some minutes, always the same one.
"""

import argparse
import importlib
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from commands import Commands  # noqa: E402
from process import Place  # noqa: E402
from trials import Log, sample  # noqa: E402

GROUPS = ["fail", "kill", "short", "signal", "damage", "limits", "hostile"]
#: Trials of the short form, by group.
SHORT = {"fail": 60, "kill": 40, "short": 20, "signal": 40, "damage": 70, "limits": 40, "hostile": 80}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release/spikenas", help="the program")
    parser.add_argument("--work", help="a folder for all that is tried [default: a temporary one]")
    parser.add_argument("--log", help="every trial, a line each [default: WORK/trials.jsonl]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="a sample of some minutes")
    parser.add_argument("--case", default="", help="only cases whose name holds one of these, joined by commas")
    parser.add_argument("group", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} [default: all]")
    arguments = parser.parse_args()
    if unknown := set(arguments.group) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    if not shutil.which("strace"):
        parser.error("strace is not there (Debian: strace)")
    if os.geteuid() != 0:
        parser.error("not root: small disks cannot be mounted")
    work = Path(arguments.work or tempfile.mkdtemp(prefix="spikenas-faults-")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    print(f"in {work}", flush=True)
    place = Place(work, Path(arguments.bin).resolve())
    commands = Commands(place)
    log = Log(Path(arguments.log or work / "trials.jsonl"), work / "kept")
    wanted = [name for name in arguments.case.split(",") if name]
    for name in arguments.group or GROUPS:
        trials = importlib.import_module(f"group_{name}").trials(commands, random.Random(f"{name} {arguments.seed}"))
        trials = [t for t in trials if not wanted or any(word in t.case for word in wanted)]
        for trial in sample(trials, SHORT[name]) if arguments.short else trials:
            log.run(trial)
    failed = log.summary()
    if not failed and not arguments.work:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
