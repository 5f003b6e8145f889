"""Trained networks for devices and other tools."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from . import _spikenas, settings
from .run import Run


def export(
    what: Run | str | PathLike[str],
    to: str,
    out: str | PathLike[str],
    *,
    integer: bool = False,
    images: Any = None,
    name: str | None = None,
    schedule: str | None = None,
    golden: int = 20,
) -> Path:
    """Writes a trained network in another form, and returns where.

    `what`: a `Run`, or the path of a run or of a safetensors file. `to`: "c", C99 without any library in a folder, of an
    integer network (see `quantise`); "nir", the exchange format of simulators; "safetensors", the model by itself. `out` must
    not be there yet. `integer`: the integer network, with nir and safetensors. `name`: what begins every identifier of c;
    `schedule`: its order, "layers" or "steps". The first `golden` test images are written with their scores and spikes, by c
    and nir: of the run, or of `images`, a dataset's name or a `Dataset`.
    """
    data = None if images is None else settings.dataset(images)
    path = what.path if isinstance(what, Run) else Path(fspath(what))
    if data is None and to in ("c", "nir") and path.is_dir():
        data = (what if isinstance(what, Run) else Run(path)).dataset
    _spikenas.export(path, to, out, data, integer, name, schedule, golden)
    return Path(out)


def quantise(
    run: Run | str | PathLike[str], *, bits: int = 8, leak: str | None = None, target: str | None = None, replace: bool = False
) -> dict[str, Any]:
    """Makes the integer network of a run's model, keeps it in the run's folder, and returns its record.

    `bits`: of a weight: 8, 4 or 2. `leak`: "exact" or "shift"; `target`: "device" or "simulator", which also gives the same
    spikes in float32. The record has `ranges` of the currents of each layer and `device`, the bytes of flash and RAM.
    """
    run = run if isinstance(run, Run) else Run(run)
    return _spikenas.quantise(run.path, run.dataset, bits, leak, target, replace)
