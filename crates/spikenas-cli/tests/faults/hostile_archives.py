"""Archives that reach out of their folder, or promise more than a disk holds."""

import gzip
import os
import subprocess
import tarfile

from inputs import cifar_archive, patched, tar_of

TOP = "cifar-10-batches-bin"


def entry(name, data=b"x", kind=tarfile.REGTYPE, link="", **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o755 if kind == tarfile.DIRTYPE else 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, (data if kind == tarfile.REGTYPE else None)


FOLDER = entry(TOP, kind=tarfile.DIRTYPE)


def pack(*entries):
    return lambda: tar_of([FOLDER, *entries])


def huge(kind, size):
    """An archive whose header claims a size that is not there."""

    def make():
        head = bytearray(entry(f"{TOP}/sparse", b"")[0].tobuf(tarfile.GNU_FORMAT))
        head[156:157] = kind
        head[124:136] = b"\x80" + size.to_bytes(11, "big")
        if kind == b"S":
            head[483:495] = b"\x80" + (2**40).to_bytes(11, "big")
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        return gzip.compress(FOLDER[0].tobuf(tarfile.GNU_FORMAT) + bytes(head) + bytes(1024), mtime=0)

    return make


def archives(outside):
    a = f"{TOP}/a"
    return {
        "symlink": pack(entry(a, kind=tarfile.SYMTYPE, link="/etc/passwd")),
        "symlink, then a file below": pack(entry(a, kind=tarfile.SYMTYPE, link=str(outside.parent)), entry(f"{a}/pwned")),
        "hard link": pack(entry(a, kind=tarfile.LNKTYPE, link="/etc/passwd")),
        "device": pack(entry(a, kind=tarfile.CHRTYPE, devmajor=1, devminor=5)),
        "pipe": pack(entry(a, kind=tarfile.FIFOTYPE)),
        "..": pack(entry(f"{TOP}/../pwned")),
        "absolute": pack(entry(str(outside))),
        "another folder": pack(entry("other/a")),
        "a folder whose name begins alike": pack(entry(f"{TOP}x/a")),
        "a file twice": pack(entry(a), entry(a)),
        "a file, then a folder": pack(entry(a), entry(a, kind=tarfile.DIRTYPE)),
        "a name of 300": pack(entry(f"{TOP}/" + "n" * 300)),
        "a name of 100 MB": lambda: tar_of([FOLDER, entry(f"{TOP}/" + "n" * 100_000_000)]),
        "1,500 deep": pack(entry(f"{TOP}/" + "a/" * 1_500 + "b")),
        "100,000 deep": pack(entry(f"{TOP}/" + "a/" * 100_000 + "b")),
        "set-uid": pack(entry(a, mode=0o6755)),
        "cut": lambda: cifar_archive()[:-40],
        "not gzip": lambda: b"hello" * 1000,
        "nothing": lambda: b"",
        "empty": lambda: tar_of([]),
        "a sparse terabyte": huge(b"S", 0),
        "2^62 bytes": huge(b"0", 2**62),
    }


def attacks(on, _):
    outside = on.place / "pwned"
    for what, make in archives(outside).items():
        yield "archives", what, lambda make=make: fetch(on, make(), outside)


def fetch(on, archive, outside):
    server, program, out = on.commands.server, on.place / "spikenas", on.place / "data"
    usual, server.data = server.data, archive
    patched(on.commands.place.program, program, archive)
    subprocess.run(["rm", "-rf", out], check=True)
    out.mkdir()
    verdict = on.run(["data", "fetch", "cifar10", "--from", server.url, "--data-dir", out], program=program)
    server.data = usual
    left = [name for name in os.listdir(out) if "unpacking" in name]
    verdict.reasons += [f"left {left}"] if left else []
    verdict.reasons += ["wrote outside"] if outside.exists() else []
    subprocess.run(["rm", "-rf", out], check=True)
    return verdict
