"""Every file of finished and interrupted folders damaged, then read by each command that reads it."""

import hashlib
import os
import re
import struct
from pathlib import Path

from commands import Command
from folders import digest, raw, work_lost
from process import complaint, crashed
from trials import Trial, Verdict

NOBODY = 65534


def readers(commands):
    """(template, file, {word: command}) of what reads each file."""
    search, resume, run = (commands.all[name].argv for name in ("search", "resume", "run"))
    study, correlate = (commands.all[name].argv for name in ("study", "correlate"))
    evaluate, report = ["evaluate", "RUN", "--threads", "1"], ["report", "RUN"]
    fresh = ["train", "RUN", "--epochs", "1", "--limit-train", "16", "--threads", "1"]
    run = commands.thorough.argv
    return [
        ("searching", "config.toml", {"search": search, "report": report}),
        ("searching", "journal.jsonl", {"search": search, "report": report}),
        ("searched", "config.toml", {"train": fresh}),
        ("searched", "search.json", {"search": search, "train": fresh, "report": report}),
        ("searched", "journal.jsonl", {"search": search, "train": fresh, "report": report}),
        ("half", "config.toml", {"resume": resume}),
        ("half", "search.json", {"resume": resume}),
        ("half", "train.jsonl", {"resume": resume, "report": report}),
        ("half", "checkpoint/last.safetensors", {"resume": resume, "train": resume[:-1]}),
        ("half", "model.safetensors", {"resume": resume}),
        ("trained", "config.toml", {"evaluate": evaluate, "report": report, "run": run}),
        ("trained", "search.json", {"evaluate": evaluate, "report": report, "run": run}),
        ("trained", "train.jsonl", {"evaluate": evaluate, "report": report, "run": run}),
        ("trained", "evaluate.json", {"report": report, "run": run}),
        ("trained", "model.safetensors", {"evaluate": evaluate, "run": run}),
        ("study", "study.toml", {"study": study}),
        ("study", "study.json", {"study": study, "report": report}),
        ("study", "SpikeNAS_1C2O/search.json", {"report": report}),
        ("study", "SpikeNAS_1C2O/evaluate.json", {"report": report}),
        ("study", "SpikeNAS_1C2O/train.jsonl", {"report": report}),
        ("correlate", "scores.jsonl", {"correlate": correlate}),
        ("correlate", "correlate.json", {"report": report}),
    ]


def trials(commands, rng):
    for template, name, words in readers(commands):
        path = commands.templates / template / name
        if not path.exists():
            continue  # such as the checkpoint of a finished training
        data = path.read_bytes()
        for word, argv in words.items():
            damaged = Damaged(commands, Command(f"{template}/{path.name}:{word}", argv, template=template), name)
            faults = list(damages(data, rng))
            if not name.endswith(".safetensors"):
                faults += numbers_changed(data, rng)
            faults += [(what, what) for what in ("deleted", "a folder", "unreadable", "a link to itself")]
            for what, changed in faults:
                attempt = lambda damaged=damaged, what=what, changed=changed: damaged.attempt(what, changed)
                yield Trial("damage", damaged.command.name, what, attempt)


def damages(data, rng, cuts=40, flips=60):
    """(what, bytes) of a file that was damaged in some way."""
    ends = [i + 1 for i, b in enumerate(data) if b == 10][:60]
    places = {0, 1, 7, 8, 9, len(data) - 1, *ends, *(e - 1 for e in ends)}
    while len(places) < cuts and len(places) < len(data):
        places.add(rng.randrange(len(data)))
    for place in sorted(p for p in places if 0 <= p < len(data)):
        yield f"cut at {place} of {len(data)}", data[:place]
    # Half of the flips in the header, which is a small part of a file of weights.
    head = min(len(data), 8 + struct.unpack("<Q", data[:8])[0]) if data[8:9] == b"{" and len(data) > 10_000 else len(data)
    for number in range(flips):
        place, bit = rng.randrange(head if number % 2 else len(data)), rng.randrange(8)
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        where = " (header)" if place < head < len(data) else ""
        yield f"bit {bit} of byte {place} flipped{where}", bytes(changed)
    yield "all zeros", bytes(len(data))
    yield "zeros from the middle on", data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
    yield "twice", data + data
    yield "lines ended by CR LF", data.replace(b"\n", b"\r\n")
    yield "a byte more", data + b"x"


def numbers_changed(data, rng, count=25):
    """(what, bytes) of a text record in which one digit became another: still well-formed."""
    digits = [i for i, b in enumerate(data) if 48 <= b <= 57]
    for place in rng.sample(digits, min(count, len(digits))):
        other = rng.choice([d for d in range(48, 58) if d != data[place]])
        context = data[max(0, place - 24) : place + 8].decode("utf-8", "replace").replace("\n", " ")
        yield f"digit at {place} became {chr(other)} in ...{context}...", data[:place] + bytes([other]) + data[place + 1 :]


class Damaged:
    """A command that reads a damaged file."""

    def __init__(self, commands, command, name):
        self.commands, self.command, self.name, self.usual = commands, command, name, None

    def undamaged(self):
        """What the command says and leaves where nothing is damaged."""
        if self.usual is None:
            folder = self.commands.begin(self.command)
            run = self.commands.place.execute(self.commands.line(self.command, folder))
            self.usual = run, *outcome(run, folder)
        return self.usual

    def attempt(self, what, changed):
        usual, text, files = self.undamaged()
        folder = self.commands.begin(self.command)
        user = self.damage(folder, changed)
        before = raw(folder)
        run = self.commands.place.execute(self.commands.line(self.command, folder), user=user)
        reasons, note, name = crashed(run), "", Path(self.name).name
        if run.rc in (1, 2):
            note = "refused"
            reasons += complaint(run, [str(folder), name])
            if run.rc == 2 and usual.rc != 2:
                reasons.append("status 2, wrong usage, for a damaged file")
            after = raw(folder)
            touched = [n for n in before if before[n] != after.get(n) and n != "report.html"]
            reasons += [f"failed, but changed {', '.join(touched)}"] if touched else []
        elif run.rc == 0:
            now, found = outcome(run, folder)
            differ = sorted(n for n in set(found) | set(files) if found.get(n) != files.get(n) and n != self.name)
            differ += ["stdout"] if now != text else []
            warned = name in run.err and "warning:" in run.err
            # A report of a folder without a record is a report of the others.
            absent = self.command.argv[0] == "report" and (changed == "deleted" or changed == b"" or self.is_earlier(changed))
            if differ and not warned and not absent:
                reasons.append(f"not noticed: {', '.join(differ)} differ")
            if isinstance(changed, bytes):
                reasons += [r for r in work_lost(folder, before) if name not in r]
            note = "warned" if warned else "harmless" if not differ else "absent" if absent else "believed"
        return Verdict(reasons, run, folder, note)

    def is_earlier(self, changed):
        """Whether a journal is what it was some candidates ago, which nobody can tell from a search that was stopped then, unless it is
        finished."""
        path = self.commands.templates / self.command.template / self.name
        if (path.parent / "search.json").exists():
            return False
        whole = isinstance(changed, bytes) and changed.rstrip() in [line.rstrip() for line in prefixes(path.read_bytes())]
        return whole and path.name == "journal.jsonl"

    def damage(self, folder, changed):
        """Puts the damage into a folder; returns the user to run as, where it matters."""
        path = folder / self.name
        if isinstance(changed, bytes):
            path.write_bytes(changed)
            return None
        data = path.read_bytes()
        path.unlink()
        if changed == "a folder":
            path.mkdir()
        elif changed == "a link to itself":
            path.symlink_to(path)
        elif changed == "unreadable":
            path.write_bytes(data)
            path.chmod(0)
            give_away(folder.parent)
            return NOBODY
        return None


def prefixes(data):
    """The first line, the first two, and so on."""
    lines = data.splitlines(keepends=True)
    return [b"".join(lines[:count]) for count in range(1, len(lines) + 1)]


def outcome(run, folder):
    """What a command says and leaves, without times."""
    text = re.sub(r"[\d.]+ (s|ms|min \d+ s|images/s)\b", "T", run.out)
    found, page = digest(folder), folder / "report.html"
    # The page of a correlation shows times in a form of its own.
    if page.is_file() and not (folder / "scores.jsonl").exists():
        words = re.sub(r"[\d.]+ (s|min|h)\b", "T", page.read_bytes().decode("utf-8", "replace"))
        found["report.html"] = hashlib.sha256(words.encode()).hexdigest()
    return text, found


def give_away(place):
    """Makes another user the owner of a folder and all in it."""
    for base, folders, names in os.walk(place):
        for entry in [base, *(os.path.join(base, n) for n in (*folders, *names))]:
            os.chown(entry, NOBODY, NOBODY, follow_symlinks=False)
