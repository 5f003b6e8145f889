"""Trainings by the library's own engine, on the CPU; `spikenas.torch` trains the same by PyTorch."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from . import _spikenas, settings
from .architecture import Architecture, is_matrix
from .progress import Progress, listener
from .run import Run, in_folder, new_run


def train(
    what: Run | Architecture | str | PathLike[str],
    images: Any = None,
    labels: Any = None,
    *,
    out: str | PathLike[str] | None = None,
    epochs: int | None = None,
    recipe: str | None = None,
    test: tuple[Any, Any] | None = None,
    classes: Any = None,
    data_dir: str | PathLike[str] = "data",
    threads: int | None = None,
    progress: Progress = None,
    **training: Any,
) -> Run:
    """Trains a run's winner, or an architecture, tests it, and returns its run.

    `what`: a `Run` or the path of one, which is trained in its own folder, or with `out` in another; or an `Architecture` or
    its text with `images`, a dataset's name, a `Dataset` or an array with `labels` and `test` as in `search`. Without `out`, an
    architecture is trained in a temporary folder, see `Run.keep`.

    `epochs`: passes over the training images; `recipe`: "fast" or "snasnet"; other keywords are settings of the training by
    their names in `config.toml`, such as `batch=64`, `learning_rate=0.004`, `validation=0.1`, `minutes=10`, `limit_train=1000`.
    A training that was begun goes on from its checkpoint; once it has begun, only `epochs` may change. A finished one is only
    tested. `Run.curve` has the epochs, `Run.accuracy` the test.

    Raises `KeyboardInterrupt` within a tenth of a second after Ctrl-C: the step in progress ends, its state is kept, and the
    same call goes on.
    """
    asked = settings.given(epochs=epochs, **training)
    heard = listener(progress)

    def learn(run: Run) -> Run:
        _spikenas.train(run, None, heard, recipe, threads, **asked)
        _spikenas.evaluate(run.path, run.dataset, None, heard, keep=True, threads=threads)
        return run

    if isinstance(what, Run) or not isinstance(what, Architecture) and not is_matrix(what):
        if images is not None or labels is not None:
            raise _spikenas.ArgumentError("a run has its own images: leave images and labels out")
        run = what if isinstance(what, Run) else Run(what, None if data_dir == "data" else data_dir)
        if out is None:
            return learn(run)
        found, data = run.architecture, run.dataset
        if found is None:
            raise _spikenas.Error(f"{run.path}: its search is not finished: repeat it in the same folder")
        begun, source = run.config["train"], run.path
    else:
        if images is None:
            raise _spikenas.ArgumentError("an architecture is trained on images: give a dataset, or images and labels")
        data = settings.dataset(images, labels, test, classes, data_dir)
        found = what if isinstance(what, Architecture) else Architecture(str(what), data=data)
        begun, source = {}, None

    def begin(path: Path) -> Run:
        return learn(new_run(path, found, data=data, recipe=recipe, train=begun | asked, found_by=source))

    return in_folder(out, data, begin)
