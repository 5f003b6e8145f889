"""The library behind the package `spikenas`. Graphs, settings and records are plain dictionaries, tensors NumPy arrays."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

__version__: str

class Error(Exception):
    """What went wrong, in one line: a file, a training, the system."""

class ArgumentError(Error, ValueError):
    """An argument is malformed or out of range."""

class Progress(Protocol):
    """Is told how far long work is. Work of an engine of Python asks it whether to stop; other work looks for signals itself."""

    def begin(self, stage: str, total: int) -> None: ...
    def advance(self, steps: int, message: str) -> None: ...
    def end(self) -> None: ...
    def note(self, message: str) -> None: ...
    def is_cancelled(self) -> bool: ...

class Engine(Protocol):
    """Makes networks that a training of the library runs; see `spikenas.torch.Engine`."""

    @property
    def name(self) -> str: ...
    def network(self, graph: dict[str, Any], tensors: dict[str, NDArray[np.float32]]) -> Any: ...

class Dataset:
    """Training and test images with their labels, in memory.

    Of arrays: pixels, uint8 [images, 3 or 1, rows, columns], or the frames of recordings, uint8 [recordings, frames, 2 or 1, rows,
    columns], numbers of events; and labels from 0 on, int64 [images]; those of the test, and the names of the classes, which are
    their numbers where none are given.
    """

    def __new__(
        cls,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        test_images: NDArray[np.uint8] | None = None,
        test_labels: NDArray[np.int64] | None = None,
        classes: Sequence[str] | None = None,
    ) -> Dataset: ...
    @staticmethod
    def open(
        name: str,
        data_dir: str | PathLike[str] = "data",
        *,
        frames: int | None = None,
        split_by: str | None = None,
        downscale: int | None = None,
        merge_polarities: bool | None = None,
    ) -> Dataset:
        """Reads a dataset: "sample", "cifar10", "cifar100", "nmnist" or another with a name, or a folder of images or of recordings of
        events; `data_dir`: where those with a name lie. Recordings become `frames` (10) by "number" of events or by "time" (`split_by`),
        with `downscale` pixels of a side added up to one, and polarities apart unless they are to be merged.
        """
    @property
    def frames(self) -> int:
        """Frames of a recording, as many as a network of them has timesteps; 1 of an image."""
    @property
    def name(self) -> str:
        """Where the images come from, as `config.toml` names it; "in-memory" where they were given as arrays."""
    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the network's outputs."""
    @property
    def notes(self) -> list[str]:
        """What somebody who uses the images should hear, such as files of a folder that were passed over."""
    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
    @property
    def fingerprint(self) -> str:
        """What the images are, 16 hexadecimal digits: of their pixels, labels, classes and normalisation."""
    def images(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The images of a split ("train", "test"): pixels, uint8 [images, channels, rows, columns], of recordings [recordings, frames,
        channels, rows, columns], and labels, int64 [images].
        """
    def normalised(self, split: str, indices: list[int]) -> NDArray[np.float32]:
        """Images as a network reads them, float32 [images, channels, rows, columns]: (pixel / 255 - mean) / deviation; of recordings
        [frames, recordings, channels, rows, columns].
        """

class Recording:
    """The events of one recording: `t` in microseconds, columns `x`, rows `y`, and `p`, 1 where a pixel became brighter, of each event."""

    def __new__(
        cls,
        t: NDArray[np.integer],
        x: NDArray[np.integer],
        y: NDArray[np.integer],
        p: NDArray[np.integer] | NDArray[np.bool_],
        sensor: tuple[int, int] | None = None,
    ) -> Recording: ...
    @staticmethod
    def read(path: str | PathLike[str]) -> Recording:
        """Reads a file, of a format that its name and its first bytes tell: .aedat, .aedat4, .bin, .dat, .npz or .raw."""
    @property
    def t(self) -> NDArray[np.int64]:
        """Times in microseconds, int64 [events]."""
    @property
    def x(self) -> NDArray[np.uint16]:
        """Columns, uint16 [events]."""
    @property
    def y(self) -> NDArray[np.uint16]:
        """Rows, uint16 [events]."""
    @property
    def p(self) -> NDArray[np.uint8]:
        """1 where a pixel became brighter, 0 where it became darker, uint8 [events]."""
    @property
    def sensor(self) -> tuple[int, int] | None:
        """Columns and rows of the sensor, where the file says; None elsewhere."""
    def frames(
        self,
        frames: int,
        split: str = "number",
        scale: int = 1,
        merge: bool = False,
        sensor: tuple[int, int] | None = None,
    ) -> NDArray[np.uint32]:
        """Counts of events, uint32 [frames, 2, rows, columns]: channel 0 has what became darker, channel 1 what became brighter.

        `split`: "number" gives each frame as many events, "time" as long a time; the last has the rest, too. `scale` pixels of a side are
        added up to one. `merge` counts both polarities in one channel. `sensor`: columns and rows, where the file does not say.
        """
    def __len__(self) -> int: ...

class Run:
    """A run folder, and the images of the run; `spikenas.Run` says what its records mean."""

    def __new__(
        cls,
        path: str | PathLike[str],
        data_dir: str | PathLike[str] | None = None,
        dataset: Dataset | None = None,
    ) -> Self: ...
    @property
    def path(self) -> Path:
        """The folder."""
    @property
    def config(self) -> dict[str, Any]:
        """All settings, as `config.toml` has them, with the sizes of the network that the search has chosen."""
    @property
    def dataset(self) -> Dataset:
        """Training and test images, read when they are needed."""
    @property
    def graph(self) -> dict[str, Any]:
        """The graph of layers of the network that is trained, see `spikenas.graph`."""
    def records(self) -> dict[str, Any]:
        """What the records say: `architecture`, `answers` of the search and their `networks`, `candidates`, `epochs`, `test`,
        `front`, `operations`, `energy_pj`, `concerns`, `faults`."""
    def page(self) -> str:
        """The page of the run, HTML: what `spikenas report` writes."""
    def split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the training images that are trained on, and of those held out to choose the epoch by, int64."""
    def learning_rate(self, epoch: int, step: int, steps: int) -> float:
        """The learning rate of a step: epochs count from 1, the steps of an epoch from 0."""
    def timesteps(self, epoch: int) -> int:
        """Timesteps with which an epoch trains, counted from 1."""

def cells(architecture: str) -> list[str]:
    """The connection matrix of each of an architecture's cells, as text; one where all are alike and written once."""

def draw(architecture: str) -> str:
    """An architecture as an SVG: its cell, or its cells one under the other where they differ."""

def network(options: dict[str, Any], source: str, images: tuple[int, tuple[int, int, int]] | None = None) -> dict[str, Any]:
    """All settings of a network, as `config.toml` has them: those that are said, and what follows from the source of images."""

def graph(
    architecture: str, preset: str = "cifar10", image: tuple[int, int, int] = (3, 32, 32), **settings: Any
) -> dict[str, Any]:
    """The graph of layers of an architecture: `architecture`, `config`, `input` and `nodes`, in the order of execution.

    `image`: channels, rows and columns. Other keywords replace settings of the preset, such as `widths=[16, 32]`, `timesteps=4`.
    """

def memory(
    graph: dict[str, Any], bits: int = 32, leak: str | None = None, schedule: str | None = None
) -> dict[str, Any]:
    """The memory of a graph: parameters, bytes at `bits` per parameter, each layer, and the integer network on a device."""

def search(
    path: str | PathLike[str],
    dataset: Dataset,
    options: dict[str, Any],
    training: dict[str, Any] | None = None,
    objective: Callable[[str, dict[str, Any], tuple[int, int, int]], float] | None = None,
    threads: int | None = None,
    progress: Any = None,
) -> None:
    """Searches for an architecture in a run folder, or goes on there; see `spikenas.search`."""

def score(
    architectures: list[str],
    dataset: Dataset,
    network: dict[str, Any],
    options: dict[str, Any],
    preset: str | None = None,
    seed: int = 1,
    threads: int | None = None,
    progress: Any = None,
) -> list[dict[str, Any]]:
    """Scores architectures on the training images of a dataset; see `spikenas.score`."""

def load_model(path: str | PathLike[str]) -> dict[str, Any]:
    """The model of a run folder or of a safetensors file: `graph`, `tensors`, `batches_tracked` and `origin`."""

def save_model(
    path: str | PathLike[str],
    graph: dict[str, Any],
    tensors: dict[str, NDArray[np.float32]],
    batches_tracked: int = 0,
) -> None:
    """Writes a safetensors file as the library does, with the description of the network and a checksum."""

def new_run(
    path: str | PathLike[str],
    architecture: str,
    dataset: Dataset,
    recipe: str | None = None,
    training: dict[str, Any] | None = None,
    network: dict[str, Any] | None = None,
    found_by: str | PathLike[str] | None = None,
) -> None:
    """Makes a run folder for the training of an architecture; see `spikenas.new_run`."""

def train(
    run: Run,
    engine: Engine | None = None,
    progress: Any = None,
    recipe: str | None = None,
    threads: int | None = None,
    **settings: Any,
) -> None:
    """Trains a run's winner into its folder, by an engine or by the library's on the CPU."""

def evaluate(
    model: str | PathLike[str],
    dataset: Dataset | None = None,
    engine: Engine | None = None,
    progress: Any = None,
    keep: bool = False,
    data_dir: str | PathLike[str] = "data",
    threads: int | None = None,
) -> dict[str, Any]:
    """Tests a model on the test images of a dataset, or on those of its training; returns the record."""

def export(
    model: str | PathLike[str],
    form: str,
    out: str | PathLike[str],
    dataset: Dataset | None = None,
    integer: bool = False,
    name: str | None = None,
    schedule: str | None = None,
    golden: int = 20,
) -> dict[str, Any]:
    """Writes a trained network as "c", "nir" or "safetensors"; see `spikenas.export`."""

def quantise(
    path: str | PathLike[str],
    dataset: Dataset,
    bits: int = 8,
    leak: str | None = None,
    target: str | None = None,
    replace: bool = False,
) -> dict[str, Any]:
    """Makes the integer network of a run's model and keeps it in the run's folder; returns its record."""
