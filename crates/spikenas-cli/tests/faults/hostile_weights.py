"""Models and checkpoints: headers with absurd shapes, lengths, offsets and descriptions."""

import json
import struct

VALUES = {
    "network.widths": [[10**9, 1], [0, 0], [4096, 4096], [2**63, 1], [8]],
    "network.timesteps": [0, 10**9, 2**63, -1],
    "network.cells": [0, 4, 2, 10**18],
    "network.hidden": [2**20, 2**21, 0],
    "network.classes": [65536, 10**9, 0, 1],
    "network.cluster": [0, 4096, 2**32],
    "network.last_pool": [0, 1, 3, 1024, 10**9],
    "network.tau": [0, -1, 0.5, 1e39, "NaN", None],
    "network.threshold": [0, -1, 1e39],
    "architecture": ["", "/", "0333 0033 0003 0000/" * 1000, "x" * 10**6, None, 5],
    "input.channels": [0, 1, 2**63, 10**9],
    "input.height": [0, 1, 17, 2**32, 2**63, 10**18],
    "input.width": [0, 2**62],
}
CHECKPOINT = {
    "checkpoint.epoch": [0, 2, 3, 4, 10**18, 2**64 - 1, -1, 1.5, None],
    "checkpoint.best_accuracy": [-1, 1e308, None],
    "checkpoint.best_epoch": [2**64 - 1],
    "checkpoint.steps": [2**64 - 1],
    "checkpoint.learned.images": [1, 17, 48, 49, 2**64 - 1],
    "checkpoint.learned.loss": [1e308, None],
    "checkpoint.learned.correct": [2**64 - 1],
    "checkpoint.learned.seconds": [-1e308, 1e308],
    "checkpoint": [None, 5, {}],
    "network.classes": [7],
}


class File:
    """A file of tensors, taken apart."""

    def __init__(self, data):
        self.data = data
        size = struct.unpack("<Q", data[:8])[0]
        self.header, self.body = json.loads(data[8 : 8 + size]), data[8 + size :]
        self.about = json.loads(self.header["__metadata__"]["spikenas"])
        self.names = [name for name in self.header if name != "__metadata__"]

    def with_header(self, change):
        new = json.loads(json.dumps(self.header))
        change(new)
        return joined(new, self.body)

    def described(self, path, value):
        """With another value in its description. Without its checksum it counts as a file from elsewhere, which is read."""
        about = json.loads(json.dumps(self.about))
        for key in ("checksum", "program"):
            about.pop(key, None)
        *outer, last = path.split(".")
        target = about
        for key in outer:
            target = target[key]
        target[last] = value
        return self.with_header(lambda h: h["__metadata__"].update(spikenas=json.dumps(about)))


def joined(header, body):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def attacks(on, _):
    model = File((on.template("finished") / "model.safetensors").read_bytes())
    found = [*lengths(model), *tensors(model), *values(model)]
    found += [(f"{path} {str(v)[:20]}", model.described(path, v)) for path, vs in VALUES.items() for v in vs]
    for what, data in found:
        yield "weights", what, lambda data=data: with_model(on, data)
    checkpoint = File((on.template("half") / "checkpoint/last.safetensors").read_bytes())
    for path, vs in CHECKPOINT.items():
        for value in vs:
            yield "checkpoint", f"{path} {value}", lambda path=path, value=value: with_checkpoint(on, checkpoint.described(path, value))


def lengths(model):
    size = len(model.data)
    for length in (0, 1, 7, 2**31, 2**32, 2**62, 2**63, 2**64 - 1, size - 8, size - 7, 100_000_000):
        yield f"header of {length} bytes", struct.pack("<Q", length) + model.data[8:]
    yield "empty", b""
    yield "7 bytes", model.data[:7]
    yield "8 zeros", bytes(8)
    yield "empty header", joined({}, b"")
    yield "a byte more", model.data + b"x"
    yield "deep header", joined(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", model.body)
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    yield "deep description", model.with_header(lambda h: h["__metadata__"].update(spikenas=deep))


def tensors(model):
    first, other, end = model.names[0], model.names[1], len(model.body)
    offsets = model.header[first]["data_offsets"]
    empty = lambda shape: {"dtype": "F32", "shape": shape, "data_offsets": [end, end]}
    for value in (model.header[other]["data_offsets"], offsets[::-1], [0, 2**63], [-4, 0], [2**64 - 1, 2**64 - 1], [], [0]):
        yield f"offsets {value}", model.with_header(lambda h: h[first].update(data_offsets=value))
    for shape in ([2**63, 2], [2**32, 2**32], [2**64 - 1], [0], [], [-1], [1.5], [10**30], [1] * 10_000, [2**31] * 8):
        yield f"shape {str(shape)[:30]}", model.with_header(lambda h: h[first].update(shape=shape))
    for kind in ("F16", "F64", "I8", "BOOL", "F8_E4M3", "X", "", "I64"):
        yield f"type {kind}", model.with_header(lambda h: h[first].update(dtype=kind))
    yield "an empty tensor of 2^63", model.with_header(lambda h: h.update(zz=empty([0, 2**63])))
    yield "100,000 tensors", model.with_header(lambda h: h.update({f"z{i}": empty([0]) for i in range(100_000)}))
    yield "a name of 1 MB", model.with_header(lambda h: h.update({"n" * 10**6: empty([0])}))
    yield "a name with escapes", model.with_header(lambda h: h.update({"a\0b\n\x1b[31m": empty([0])}))


def values(model):
    variance = next(name for name in model.names if name.endswith("running_var"))
    for name, numbers in ((model.names[0], ("nan", "inf", "3e38")), (variance, ("nan", "-1", "3e38", "0"))):
        at = model.header[name]["data_offsets"][0]
        for value in numbers:
            body = model.body[:at] + struct.pack("<f", float(value)) + model.body[at + 4 :]
            yield f"{name[-20:]} {value}", joined(model.header, body)


def with_model(on, data):
    path = on.place / "x.safetensors"
    path.write_bytes(data)
    return on.run(["evaluate", path, "--data", on.images, "--threads", "1"])


def with_checkpoint(on, data):
    folder = on.folder("half")
    (folder / "checkpoint/last.safetensors").write_bytes(data)
    words = ["--epochs", "3", "--learning-rate", "0.05", "--threads", "1", "--resume"]
    verdict = on.run(["train", folder, *words], folder)
    epochs = [json.loads(line)["epoch"] for line in (folder / "train.jsonl").read_bytes().splitlines()]
    if verdict.run.rc == 0 and epochs != [1, 2, 3]:
        verdict.reasons.append(f"status 0 with epochs {epochs} of 3")
    return verdict
