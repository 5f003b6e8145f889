"""What folders hold, and what of it must not change."""

import hashlib
import json
import os
import re
import struct
import tomllib
from pathlib import Path

#: Keys of records that hold times, sums over them, or what was known before an interruption.
VOLATILE = {"seconds", "images_per_second", "seconds_per_candidate", "search_seconds", "train_seconds", "computed", "checksum", "crc"}


def stripped(value):
    """A record without what may differ from run to run."""
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [stripped(v) for v in value]
    return value


def content(path):
    """What a file says, as a string to compare."""
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            return json.dumps(stripped(json.loads(data)), sort_keys=True)
        if path.suffix == ".jsonl":
            return "\n".join(json.dumps(stripped(json.loads(line)), sort_keys=True) for line in data.splitlines())
    except ValueError as error:
        return f"not JSON: {error}"
    if path.suffix == ".html":
        return "page" if data.rstrip().endswith(b"</html>") else "half a page"
    if "tfevents" in path.name:
        return f"{len(data)} bytes"
    return hashlib.sha256(data).hexdigest()


def digest(folder):
    """Every file of a folder by its relative path."""
    found, shards = {}, {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            if path.parent.parent.name == "shards" and path.suffix == ".jsonl":
                # Each process has a file of its own, of which a kill may leave a part of a line: what counts is what all have.
                lines = {json.dumps(stripped(json.loads(line)), sort_keys=True) for line in whole_lines(path.read_bytes())}
                shards.setdefault(str(path.parent.relative_to(folder)), set()).update(lines)
                continue
            found[str(path.relative_to(folder))] = content(path) if path.is_file() else "no file"
    return found | {name: "\n".join(sorted(lines)) for name, lines in shards.items()}


def raw(folder):
    """The bytes of every file of a folder."""
    found = {}
    for base, folders, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            found[str(path.relative_to(folder))] = path.read_bytes() if path.is_file() else None
        for name in folders:
            found[str(Path(base, name).relative_to(folder)) + "/"] = None
    return found


def differences(found, expected, before=()):
    """Names of files that differ; half-written files that lay there before are not counted."""
    names = sorted(set(found) | set(expected))
    differ = [n for n in names if found.get(n) != expected.get(n) and not (n.endswith(".part") and n in before)]
    return sorted({re.sub(r"^(\..*unpacking[^/]*)/.*", r"\1", n) + (" (left over)" if n not in expected else "") for n in differ})


def whole_lines(data):
    return data.split(b"\n")[:-1]


def work_lost(folder, before):
    """Lines of records that were there and are not there any more, byte by byte: work that was done again."""
    reasons = []
    for name, data in before.items():
        if name.endswith(".jsonl") and data:
            kept = whole_lines(data)
            if name == "train.jsonl":
                # An epoch without a checkpoint may be done again: the half-trained template has one epoch and its checkpoint.
                kept = kept[:1]
            now = (folder / name).read_bytes() if (folder / name).is_file() else b""
            if whole_lines(now)[: len(kept)] != kept:
                reasons.append(f"{name}: {len(kept)} lines of work are lost or done again")
    return reasons


def harmed(folder, before):
    """Files that stood there before and are gone, or no more whole; journals and event files grow, and a checkpoint goes when
    the training has ended."""
    reasons = []
    ended = (folder / "trained.json").exists()
    for name, data in before.items():
        if data is not None and not name.endswith((".jsonl", ".part")) and "tfevents" not in name:
            path = folder / name
            if not path.is_file():
                reasons += [] if ended and name.startswith("checkpoint/") else [f"{name} is gone"]
            elif path.read_bytes() != data and not is_whole(path):
                reasons.append(f"{name} is damaged")
    return reasons


def is_whole(path):
    """Whether a file can be read as what it is."""
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            json.loads(data)
        elif path.suffix == ".jsonl":
            return all(isinstance(json.loads(line), dict) for line in data.splitlines())
        elif path.suffix == ".safetensors":
            length = struct.unpack("<Q", data[:8])[0]
            header = json.loads(data[8 : 8 + length])
            end = max((t["data_offsets"][1] for n, t in header.items() if n != "__metadata__"), default=0)
            return 8 + length + end == len(data)
        elif path.suffix == ".toml":
            tomllib.loads(data.decode())
        elif path.suffix == ".html":
            return data.rstrip().endswith(b"</html>")
    except (ValueError, KeyError, struct.error):
        return False
    return True
