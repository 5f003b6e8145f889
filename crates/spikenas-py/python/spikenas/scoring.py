"""Scores of architectures."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from . import _spikenas, settings
from .architecture import Architecture
from .progress import Progress, listener
from .table import Table


def score(
    architectures: Architecture | str | Iterable[Architecture | str],
    images: Any = "sample",
    labels: Any = None,
    *,
    score: str | None = None,
    batch: int | None = None,
    repeats: int | None = None,
    memory: str | int | None = None,
    seed: int = 1,
    data_dir: str | PathLike[str] = "data",
    threads: int | None = None,
    progress: Progress = None,
    preset: str | None = None,
    **network: Any,
) -> Table:
    """Scores architectures without training them; higher is better.

    `architectures`: one or several, as `Architecture` or text; other keywords are those of `Architecture`, for texts alone.
    `images`, `labels`: as in `search`. `score`: "funnel" (the default), "sahd", "depth" and others; `batch` images of a
    mini-batch (64), `repeats` mini-batches whose scores are averaged, `memory` the most bytes of feature maps.

    A row each, in their order: `architecture`, `score`, `parameters` (of the whole network), `firing_rate` (spikes per neuron
    and timestep, where the score runs the network), `seconds`, `reason` (why it is minus infinity).
    """
    data = settings.dataset(images, labels, data_dir=data_dir)
    asked = [architectures] if isinstance(architectures, (str, Architecture)) else list(architectures)
    if (preset is not None or network) and any(isinstance(one, Architecture) for one in asked):
        raise _spikenas.ArgumentError("an Architecture has its own network: leave its settings out")
    whole = [one if isinstance(one, Architecture) else Architecture(one, data=data, preset=preset, **network) for one in asked]
    if any(one.network != whole[0].network for one in whole):
        raise _spikenas.ArgumentError("these architectures have different networks around their cells: score each by itself")
    if not whole:
        return Table([], COLUMNS)
    options = settings.given(score=score, batch=batch, repeats=repeats, memory=None if memory is None else str(memory))
    texts = [str(one) for one in whole]
    scored = _spikenas.score(texts, data, whole[0].network, options, preset, seed, threads, listener(progress))
    rows = (
        {
            "architecture": one, "score": float(row["score"]), "parameters": row["parameters"]["network"],
            "firing_rate": row["firing_rate"], "seconds": row["seconds"], "reason": row.get("reason"),
        }
        for one, row in zip(whole, scored)
    )
    return Table(rows, COLUMNS)


COLUMNS = ["architecture", "score", "parameters", "firing_rate", "seconds", "reason"]
