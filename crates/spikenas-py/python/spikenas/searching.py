"""Searches for an architecture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from . import _spikenas, own_score, settings
from ._spikenas import Dataset
from .architecture import Architecture
from .progress import Progress, listener
from .run import Run, in_folder


def search(
    images: Any = "sample",
    labels: Any = None,
    *,
    budget: int | str | Sequence[int | str] | None = None,
    score: str | Callable[[Architecture], float] | None = None,
    method: str | None = None,
    seed: int = 1,
    out: str | PathLike[str] | None = None,
    test: tuple[Any, Any] | None = None,
    classes: Sequence[str] | None = None,
    data_dir: str | PathLike[str] = "data",
    scope: str | None = None,
    bits: int | None = None,
    flash: int | str | Sequence[int | str] | None = None,
    ram: int | str | Sequence[int | str] | None = None,
    chip: str | PathLike[str] | None = None,
    ops: str | Sequence[str] | None = None,
    cell: str | None = None,
    preset: str | None = None,
    widths: Sequence[int] | Sequence[Sequence[int]] | None = None,
    cells: int | Sequence[int] | None = None,
    timesteps: int | Sequence[int] | None = None,
    threshold: float | Sequence[float] | None = None,
    tau: float | Sequence[float] | None = None,
    hidden: int | None = None,
    last_pool: int | None = None,
    batch: int | None = None,
    repeats: int | None = None,
    memory: str | int | None = None,
    iterations: int | None = None,
    confirm: int | None = None,
    finalists: int | None = None,
    objectives: str | Sequence[str] | None = None,
    supernet_epochs: int | None = None,
    supernet_images: int | None = None,
    spikes_exponent: float | None = None,
    training: dict[str, Any] | None = None,
    score_name: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Run:
    """Searches for an architecture under a budget, and returns its run.

    Arguments have the names and the defaults of the program's options (`spikenas search --help`).

    - `images`: the name of a dataset ("sample", "cifar10", "cifar100", "nmnist", or a folder of images or of recordings of events), a
      `Dataset`, such as `Dataset.open("nmnist", frames=16)`, or pixels, uint8 [images, 3 or 1, rows, columns], of recordings
      [recordings, frames, 2 or 1, rows, columns]; then `labels`, whole numbers from 0 on [images], `test` (a pair of such images and labels, for
      the test of a training) and `classes` (their names). `data_dir`: where CIFAR lies.
    - `budget`: the most memory, in parameters (40000, "40k", "1.2M") or bytes ("480KiB") at `bits` per parameter (32); several
      are answered by one search, see `Run.front`. `scope`: what it counts, "network" or "backbone". `flash`, `ram`: the most
      bytes on a device, at weights of 8, 4 or 2 `bits`; `chip`: one that it must fit.
    - `score`: "depth", "funnel", "sahd" and others, or a function of an `Architecture` that returns a number, higher is better;
      it is called once for each different network that fits, without edges on no path, and runs on the calling thread. The run
      records `score_name`, by default the function's name with a fingerprint of its code, so that a journal is continued by the
      same score only.
    - `method`: "spikenas", "random", "exhaustive", "evolution", "local" or "supernet"; `iterations`: candidates that it draws;
      `confirm`: how often the leaders are scored again; `finalists`: sizes of the network that short trainings compare;
      `objectives`: of "score", "parameters", "operations", those in which candidates of the front are compared.
    - `ops`: operations on an edge, such as "skip,conv3x3"; `cell`: "forward" or "backward". Network: `preset`, `widths`
      (channels before and after the first reduction), `cells` (1, 2 or 3), `timesteps`, `threshold`, `tau` (in timesteps),
      `hidden`, `last_pool`; lists are chosen from. Under a budget and with neither widths nor a preset the search chooses the
      sizes, too.
    - `batch`, `repeats`, `memory`: images of a mini-batch, mini-batches, and the most bytes of feature maps of a score.
    - `training`: settings of the training that the run is for, by their names in `config.toml`.
    - `out`: the run folder, as the program makes it; a repeated call goes on there, and returns at once when it is finished.
      Without it the run is in a temporary folder, see `Run.keep`.
    - `threads`: at most the cores of the machine, by default those of the process. `progress`: True for a bar of tqdm, or a
      function of an event.

    Raises `ArgumentError` (a `ValueError`) where an argument is wrong, `Error` where something fails, `KeyboardInterrupt`
    within a tenth of a second after Ctrl-C; what was scored is kept in `out`.
    """
    data = settings.dataset(images, labels, test, classes, data_dir)
    own, named = None, {"score": score}
    if callable(score):
        own, named = objective(score), {"own": score_name or own_score.name_of(score)}
    elif score_name is not None:
        raise _spikenas.ArgumentError(f"score_name {score_name}: it is for a function as the score")
    options = settings.given(
        network=settings.network(preset, widths, cells, timesteps, threshold, tau, hidden, last_pool),
        operations=settings.names(ops), cell=cell, seed=seed,
        budget=settings.given(budget=settings.texts(budget), scope=scope, bits=bits),
        device=settings.given(flash=settings.texts(flash), ram=settings.texts(ram), chip=chip),
        score=settings.given(**named, batch=batch, repeats=repeats, memory=None if memory is None else str(memory)),
        method=settings.given(
            method=method, iterations=iterations, confirm=confirm, finalists=finalists, objectives=settings.texts(objectives),
            supernet_epochs=supernet_epochs, supernet_images=supernet_images, **{"lambda": spikes_exponent},
        ),
    )
    training = None if training is None else settings.plain(training)
    heard = listener(progress)
    return in_folder(out, data, lambda path: _spikenas.search(path, data, options, training, own, threads, heard))


def objective(score: Callable[[Architecture], float]) -> Callable[..., float]:
    """A score as the library calls it."""
    return lambda text, network, image: score(Architecture(text, network=network, image=image))
