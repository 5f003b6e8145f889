"""PNG files that promise more than they hold, and entries of folders that are no images."""

import os
import shutil
import zlib

from inputs import chunk, png


def files():
    plain = b"".join(b"\0" + bytes([k]) * 48 for k in range(16))
    packer = zlib.compressobj(9)
    gigabyte = b"".join(packer.compress(bytes(10_000_000)) for _ in range(100)) + packer.flush()
    long_text = zlib.compress(bytes(200_000_000), 9)
    return {
        "50,000 x 50,000 in the header": png(50_000, 50_000, bytes(1000)),
        "2^31-1 squared": png(2**31 - 1, 2**31 - 1, b"\0"),
        "0 x 0": png(0, 0, b""),
        "12,000 x 12,000 of zeros": png(12_000, 12_000, (b"\0" + bytes(36_000)) * 12_000),
        "a gigabyte behind 16 x 16": png(16, 16, b"", packed=gigabyte),
        "cut in the data": png(16, 16, plain)[:60],
        "signature only": b"\x89PNG\r\n\x1a\n",
        "empty": b"",
        "too little data": png(16, 16, bytes(49)),
        "filter 9": png(16, 16, plain.replace(b"\0", b"\x09", 1)),
        "palette missing": png(16, 16, bytes(17 * 16), colour=3),
        "palette too small": png(16, 16, (b"\0" + bytes([200]) * 16) * 16, colour=3, extra=chunk(b"PLTE", bytes(6))),
        "a text of 200 MB": png(16, 16, plain, extra=chunk(b"zTXt", b"a\0\0" + long_text)),
        "a colour profile of 200 MB": png(16, 16, plain, extra=chunk(b"iCCP", b"a\0\0" + long_text)),
        "a chunk of 2^32-1": png(16, 16, plain)[:33] + b"\xff\xff\xff\xffIDATxx",
        "text": b"hello" * 100,
    }


ENTRIES = {
    "a dangling link": lambda folder: (folder / "train/a/x.png").symlink_to("nowhere"),
    "a link to itself": lambda folder: (folder / "train/a/x.png").symlink_to("x.png"),
    "a class that is a link to ..": lambda folder: [(folder / split / "c").symlink_to("..") for split in ("train", "test")],
    "a pipe": lambda folder: os.mkfifo(folder / "train/a/x.png"),
    "a device": lambda folder: (folder / "train/a/x.png").symlink_to("/dev/zero"),
    "a folder named .png": lambda folder: (folder / "train/a/x.png").mkdir(),
    "a name with a newline": lambda folder: (folder / "train/a/x\ny\x1b[31m.png").write_bytes(b"x"),
    "a class that is not UTF-8": lambda folder: os.mkdir(os.fsencode(folder / "train") + b"/\xff"),
}


def attacks(on, _):
    for what, data in files().items():
        for name in ("train/a/000.png", "train/a/005.png"):
            attempt = lambda data=data, name=name: check(on, lambda folder: (folder / name).write_bytes(data))
            yield "images", f"{what} as {name[-7:]}", attempt
    for what, make in ENTRIES.items():
        yield "images", what, lambda make=make: check(on, make)


def check(on, make):
    folder = on.place / "images"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(on.images, folder)
    make(folder)
    return on.run(["data", "check", "--data", folder])
