"""Progress of long work: for a function, for a bar of tqdm, or for nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._spikenas import ArgumentError

#: What `progress=` takes: True for a bar where tqdm is there, False or None for nothing, or a function of an event.
Progress = bool | Callable[[dict[str, Any]], object] | None


def listener(progress: Progress) -> Any:
    """What the library tells of progress."""
    if progress is None or progress is False:
        return None
    if progress is True:
        try:
            from tqdm.auto import tqdm
        except ModuleNotFoundError:
            return None
        return Bar(tqdm)
    if callable(progress):
        return Events(progress)
    raise ArgumentError(f"progress {progress!r}: give True, False or a function of an event")


class Events:
    """Tells a function of events: dictionaries with `event` ("begin", "advance", "end", "note"), `stage`, `done`, `total` and
    `message`."""

    def __init__(self, function: Callable[[dict[str, Any]], object]):
        self.function = function
        self.stage, self.done, self.total = "", 0, 0

    def begin(self, stage: str, total: int) -> None:
        self.stage, self.done, self.total = stage, 0, total
        self.tell("begin", "")

    def advance(self, steps: int, message: str) -> None:
        self.done += steps
        self.tell("advance", message)

    def end(self) -> None:
        self.tell("end", "")

    def note(self, message: str) -> None:
        self.tell("note", message)

    def tell(self, event: str, message: str) -> None:
        known = {"event": event, "stage": self.stage, "done": self.done, "total": self.total, "message": message}
        self.function(known)


class Bar:
    """A bar of tqdm for each stage."""

    def __init__(self, tqdm: Any):
        self.tqdm, self.bar = tqdm, None

    def begin(self, stage: str, total: int) -> None:
        self.end()
        self.bar = self.tqdm(total=total or None, desc=stage)

    def advance(self, steps: int, message: str) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(message, refresh=False)
            self.bar.update(steps)

    def end(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def note(self, message: str) -> None:
        self.tqdm.write(message)
