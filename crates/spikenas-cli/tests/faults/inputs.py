"""What the commands run on: small images, a table, a study's settings, an archive and a server that gives it."""

import gzip
import hashlib
import http.server
import io
import os
import random
import re
import socketserver
import struct
import tarfile
import threading
import zlib
from pathlib import Path

STUDY = """version = 1
[network]
widths = [8, 16]
last_pool = 4
hidden = 32
timesteps = 3
initialisation = "scaled"
[budgets]
sample = "2500"
cifar10 = "2500"
cifar100 = "2500"
[score]
kind = "funnel"
batch = 8
repeats = 1
[random_search]
iterations = 6
drawn = 6
[train]
epochs = 1
batch = 16
learning_rate = 0.1
final_learning_rate = 0.001
momentum = 0.9
weight_decay = 0.0005
dropout = 0.5
augment = true
limit_train = 32
seed = 1
"""


def chunk(kind, data):
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, bits=8, colour=2, extra=b"", packed=None):
    """A PNG file of raw rows, or of what is packed already."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IDAT", packed or zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + body + chunk(b"IEND", b"")


def small_images(folder, size=16):
    """Two classes of small images: 48 to learn from, 32 to test with."""
    rng = random.Random(7)
    for split, count in (("train", 24), ("test", 16)):
        for kind, name in enumerate("ab"):
            place = Path(folder, split, name)
            place.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                level = lambda x, y: rng.gauss(60 + 120 * ((x // 12 + y // 4 * kind) % 2), 30)
                row = lambda y: bytes(min(255, max(0, int(level(x, y)))) for x in range(size * 3))
                rows = b"".join(b"\0" + row(y) for y in range(size))
                (place / f"{index:03}.png").write_bytes(png(size, size, rows))


def small_table(path, rows=20):
    """A table of cells in SpikeNAS-Bench's form."""
    rng = random.Random(3)
    lines = ["id,op01,op02,op12,op03,op13,op23,test_acc"]
    for index in range(rows):
        digits = [rng.randrange(5) for _ in range(6)]
        lines.append(",".join(map(str, [index, *digits, round(rng.uniform(10, 90), 2)])))
    path.write_text("\n".join(lines) + "\n")


def tar_of(entries):
    """A gzipped tar of (TarInfo, bytes)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, data in entries:
            if data is not None:
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return gzip.compress(buffer.getvalue(), mtime=0)


def cifar_archive():
    """CIFAR-10's layout with one image a file."""
    folder = tarfile.TarInfo("cifar-10-batches-bin")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    names = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
    files = [(tarfile.TarInfo(f"cifar-10-batches-bin/{name}"), bytes([k]) + bytes(3072)) for k, name in enumerate(names)]
    return tar_of([(folder, None), *files])


def patched(program, target, archive):
    """A copy of the program that takes an archive for CIFAR-10's, by its checksum, to see how it unpacks."""
    data = program.read_bytes()
    official = b"c32a1d4ab5d03f1284b67883e8d87530"
    assert data.count(official) == 1
    target.write_bytes(data.replace(official, hashlib.md5(archive).hexdigest().encode()))
    os.chmod(target, 0o755)


class Server:
    """Gives one archive by HTTP, with ranges."""

    def __init__(self, data=b""):
        server = self
        self.data = data

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
                start = int(found[1]) if found else 0
                body = server.data[start:]
                if start and start >= len(server.data):
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(server.data) - 1}/{len(server.data)}")
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Quiet(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/a.tar.gz"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
