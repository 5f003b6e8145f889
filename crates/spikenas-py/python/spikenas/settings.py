"""Arguments of Python as the library reads them: a number or a text for one value, a list for several."""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

import numpy as np

from ._spikenas import ArgumentError, Dataset


def plain(value: Any) -> Any:
    """A value with NumPy's numbers and arrays as Python's own."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    return fspath(value) if isinstance(value, PathLike) else value


def given(**settings: Any) -> dict[str, Any]:
    """The settings that are not None."""
    return {name: plain(value) for name, value in settings.items() if value is not None}


def several(value: Any) -> list[Any] | None:
    """One value or several as a list."""
    value = plain(value)
    return value if value is None or isinstance(value, list) else [value]


def texts(value: Any) -> list[str] | None:
    """One value or several, such as budgets, as texts: 40000 is "40000"; a text may have several, joined by commas."""
    values = several(value.split(",") if isinstance(value, str) else value)
    return None if values is None else [str(one) for one in values]


def names(value: Any) -> str | None:
    """Names as a text, joined by commas."""
    return ",".join(value) if isinstance(value, (list, tuple)) else value


def network(
    preset: str | None, widths: Any, cells: Any, timesteps: Any, threshold: Any, tau: Any, hidden: Any, last_pool: Any
) -> dict[str, Any]:
    """What is said of a network: widths are a pair, or a list of pairs to choose from."""
    widths = plain(widths)
    if widths is not None and not any(isinstance(one, list) for one in widths):
        widths = [widths]
    return given(
        preset=preset, widths=widths, cells=several(cells), timesteps=several(timesteps), threshold=several(threshold),
        tau=several(tau), hidden=hidden, last_pool=last_pool,
    )


def dataset(images: Any, labels: Any = None, test: Any = None, classes: Any = None, data_dir: Any = "data") -> Dataset:
    """A dataset by its name, of arrays, or as it is."""
    if isinstance(images, Dataset) or isinstance(images, (str, PathLike)):
        if labels is not None or test is not None or classes is not None:
            raise ArgumentError("labels, test and classes are for images that are arrays: a dataset has its own")
        return images if isinstance(images, Dataset) else Dataset.open(fspath(images), data_dir)
    if labels is None:
        raise ArgumentError("images without labels: give both, or the name of a dataset")
    pixels, labels = np.asarray(images), whole(labels)
    if test is None:
        return Dataset(pixels, labels, classes=classes)
    try:
        test_images, test_labels = test
    except (TypeError, ValueError):
        raise ArgumentError("test: give a pair of images and labels") from None
    return Dataset(pixels, labels, np.asarray(test_images), whole(test_labels), classes)


def whole(labels: Any) -> np.ndarray:
    """Labels as int64; others than whole numbers are left as they are, to be refused."""
    labels = np.asarray(labels)
    return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels
