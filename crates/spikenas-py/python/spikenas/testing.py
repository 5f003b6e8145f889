"""Tests of trained models."""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

import numpy as np

from . import _spikenas, settings
from ._spikenas import Dataset
from .evaluation import Evaluation
from .progress import Progress, listener
from .run import Run


def evaluate(
    what: Run | str | PathLike[str],
    images: Any = None,
    labels: Any = None,
    *,
    data_dir: str | PathLike[str] = "data",
    threads: int | None = None,
    progress: Progress = None,
) -> Evaluation:
    """Tests the model of a run, or of a safetensors file, by the library's own engine.

    `images`, `labels`: pixels, uint8 [images, 3 or 1, rows, columns], and whole numbers from 0 on [images], in the order of the
    model's classes; or a dataset's name or a `Dataset`, whose test images are taken. Without them a model is tested on the test
    images of its training, and a run keeps that record; of others nothing is kept.
    """
    heard = listener(progress)
    path = what.path if isinstance(what, Run) else fspath(what)
    if images is None and isinstance(what, Run):
        return Evaluation(_spikenas.evaluate(path, what.dataset, None, heard, keep=True, threads=threads))
    data = None
    if isinstance(images, (str, PathLike, Dataset)):
        data = settings.dataset(images, labels, data_dir=data_dir)
    elif images is not None:
        origin = _spikenas.load_model(path)["origin"]
        pixels, labels = np.asarray(images), settings.whole(labels)
        data = Dataset(pixels[:0], labels[:0], pixels, labels, origin and origin["classes"])
    return Evaluation(_spikenas.evaluate(path, data, None, heard, keep=images is None, data_dir=data_dir, threads=threads))
