"""The library behind the package `spikenas`. Graphs, settings and records are plain dictionaries, tensors NumPy arrays."""

from os import PathLike
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__version__: str

class Error(Exception):
    """What went wrong, in one line: a file, a training, the system."""

class ArgumentError(Error, ValueError):
    """An argument is malformed or out of range."""

class Progress(Protocol):
    """Is told how far long work is, and asked whether to stop."""

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

class Run:
    """A run folder with its images: what a training of its winner needs, as the library computes it."""

    def __new__(cls, path: str | PathLike[str], data_dir: str | PathLike[str] | None = None) -> Run: ...
    @property
    def path(self) -> PathLike[str]:
        """The folder."""
    @property
    def config(self) -> dict[str, Any]:
        """All settings, as `config.toml` has them."""
    @property
    def architecture(self) -> str:
        """The architecture that is trained."""
    @property
    def graph(self) -> dict[str, Any]:
        """Its graph of layers, see `spikenas.graph`."""
    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the network's outputs."""
    def images(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The images of a split ("train", "test"): pixels, uint8 [images, channels, rows, columns], and labels, int64 [images]."""
    def normalised(self, split: str, indices: list[int]) -> NDArray[np.float32]:
        """Images as the network reads them, float32 [images, channels, rows, columns]: (pixel / 255 - mean) / deviation."""
    def split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the training images that are trained on, and of those held out to choose the epoch by, int64."""
    def learning_rate(self, epoch: int, step: int, steps: int) -> float:
        """The learning rate of a step: epochs count from 1, the steps of an epoch from 0."""
    def timesteps(self, epoch: int) -> int:
        """Timesteps with which an epoch trains, counted from 1."""
    def epochs(self) -> list[dict[str, Any]]:
        """The epochs trained so far, as `train.jsonl` has them."""

def graph(
    architecture: str, preset: str = "cifar10", image: tuple[int, int, int] = (3, 32, 32), **settings: Any
) -> dict[str, Any]:
    """The graph of layers of an architecture: `architecture`, `config`, `input` and `nodes`, in the order of execution.

    `image`: channels, rows and columns. Other keywords replace settings of the preset, such as `widths=[16, 32]`, `timesteps=4`.
    """

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
    *,
    data: str = "sample",
    data_dir: str | PathLike[str] = "data",
    recipe: str | None = None,
    train: dict[str, Any] | None = None,
    network: dict[str, Any] | None = None,
) -> Run:
    """Makes a run folder for the training of an architecture, and opens it.

    `data`: "sample", "cifar10", "cifar100" or a folder of images. `train` and `network` replace settings by their names in
    `config.toml`.
    """

def train(run: Run, engine: Engine | None, progress: Progress, **settings: Any) -> list[dict[str, Any]]:
    """Trains a run's winner into its folder, by an engine or by the library's on the CPU; returns its epochs."""

def evaluate(run: Run, engine: Engine | None, progress: Progress) -> dict[str, Any]:
    """Tests a run's model on the run's test images; returns the record, which is not kept."""

