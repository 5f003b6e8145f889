"""Trains and tests a run's winner by PyTorch: the library's loop, with its checkpoints and records."""

import signal
import sys
import threading
import time
from os import PathLike

from .. import Run, _spikenas
from .engine import Engine


def train(
    run: Run | str | PathLike,
    device: str = "cpu",
    *,
    amp: bool = False,
    tf32: bool = False,
    graphs: bool = False,
    data_dir: str | PathLike | None = None,
    engine: Engine | None = None,
    progress: object | None = None,
    **settings: object,
) -> list[dict]:
    """Trains the winner of a run folder into that folder, and returns its epochs as dictionaries.

    A training that was begun goes on from its checkpoint. `settings` replace settings of the run's training by their names in
    `config.toml`, such as `epochs=100`; once it has begun, only `epochs` may change. `data_dir`: where CIFAR lies now. Ctrl-C stops
    after the step in progress, whose state is kept, and raises KeyboardInterrupt.
    """
    run = run if isinstance(run, Run) else Run(run, data_dir)
    engine = Engine(device, amp, tf32, graphs) if engine is None else engine
    with Attention() as attention:
        told = Progress(attention) if progress is None else progress
        _spikenas.train(run, engine, told, **settings)
    return run.curve.to_dicts()


def evaluate(
    run: Run | str | PathLike,
    device: str = "cpu",
    *,
    amp: bool = False,
    tf32: bool = False,
    graphs: bool = False,
    data_dir: str | PathLike | None = None,
    engine: Engine | None = None,
    progress: object | None = None,
) -> dict:
    """Tests the model of a run folder on the run's test images; returns the record, which `spikenas evaluate` would keep."""
    run = run if isinstance(run, Run) else Run(run, data_dir)
    engine = Engine(device, amp, tf32, graphs) if engine is None else engine
    with Attention() as attention:
        told = Progress(attention) if progress is None else progress
        return _spikenas.evaluate(run.path, run.dataset, engine, told)


class Attention:
    """Takes signals that ask to stop as wishes, which the library heeds after a step; the second one raises at once."""

    def __init__(self):
        self.received, self.before = None, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self.before.setdefault(number, signal.signal(number, self.receive))
        return self

    def receive(self, number, frame):
        if self.received is not None:
            raise KeyboardInterrupt("stopped at once")
        self.received = number

    def __exit__(self, kind, error, trace):
        if isinstance(error, KeyboardInterrupt):
            error.signal = self.received
        for number, handler in self.before.items():
            signal.signal(number, handler)


class Progress:
    """Says on the standard error output what the library tells of long work."""

    def __init__(self, attention=None, out=None):
        self.attention, self.out = attention, sys.stderr if out is None else out
        self.stage, self.done, self.total, self.said = "", 0, 0, 0.0

    def begin(self, stage, total):
        self.stage, self.done, self.total = stage, 0, total

    def advance(self, steps, message):
        self.done += steps
        if self.out.isatty() and time.monotonic() - self.said > 0.2:
            self.said = time.monotonic()
            self.out.write(f"\r\x1b[K{self.stage}: {self.done} of {self.total} {message}")
            self.out.flush()

    def end(self):
        self.clear()

    def note(self, message):
        self.clear()
        print(message, file=self.out, flush=True)

    def clear(self):
        if self.out.isatty():
            self.out.write("\r\x1b[K")

    def is_cancelled(self):
        return self.attention is not None and self.attention.received is not None
