"""Recordings of event cameras.

    from spikenas import events

    recording = events.read("00042.bin")                          # .aedat, .aedat4, .bin, .dat, .npz, .raw
    recording.t, recording.x, recording.y, recording.p            # an array each
    events.frames(recording, 16, sensor=(34, 34))                 # counts, [16, 2, 34, 34]: SpikingJelly's, number for number
"""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import NDArray

from ._spikenas import Recording

__all__ = ["Recording", "frames", "read"]


def read(path: str | PathLike[str]) -> Recording:
    """Reads a recording, of a format that its name and its first bytes tell: .aedat, .aedat4, .bin, .dat, .npz or .raw."""
    return Recording.read(path)


def frames(
    recording: Recording | str | PathLike[str],
    frames: int,
    *,
    split: str = "number",
    scale: int = 1,
    merge: bool = False,
    sensor: tuple[int, int] | None = None,
) -> NDArray[np.uint32]:
    """Counts of a recording's events, or a file's, [frames, 2, rows, columns]: channel 0 has what became darker, 1 what became brighter.

    `split`: "number" gives each frame as many events, "time" as long a time; the last has the rest, too. `scale` pixels of a side are
    added up to one. `merge` counts both polarities in one channel. `sensor`: columns and rows, where the file does not say.
    """
    whole = recording if isinstance(recording, Recording) else read(recording)
    return whole.frames(frames, split=split, scale=scale, merge=merge, sensor=sensor)
