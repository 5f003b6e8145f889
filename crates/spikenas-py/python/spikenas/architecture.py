"""An architecture and the network around its cells: its drawing, its layers, its memory."""

from __future__ import annotations

import re
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from . import _spikenas, settings
from ._spikenas import Dataset
from .table import Table

if TYPE_CHECKING:
    from .run import Run


class Architecture:
    """The cells of a network, written as SNASNet's connection matrix, with the settings of the network around them.

    `str()` is the text, such as `0313 0031 0003 0000`, or a matrix per cell joined by `/`: rows are nodes that edges come from,
    columns those that they go to, digits 0 zeroize, 1 skip, 2 conv1x1, 3 conv3x3, 4 avgpool3x3. Other keywords are those of the
    network in `search`: `preset`, `widths`, `cells`, `timesteps`, `threshold`, `tau`, `hidden`, `last_pool`. `image`: channels,
    rows and columns. `data`: the name of a dataset, or a `Dataset`, whose images and classes imply the rest.
    """

    def __init__(
        self, text: str, *, preset: str | None = None, image: tuple[int, int, int] | None = None, data: str | Dataset = "sample",
        widths: Any = None, cells: Any = None, timesteps: Any = None, threshold: Any = None, tau: Any = None,
        hidden: int | None = None, last_pool: int | None = None, network: dict[str, Any] | None = None,
    ):
        said = settings.network(preset, widths, cells, timesteps, threshold, tau, hidden, last_pool)
        self._text = text
        #: All settings of the network, as `config.toml` has them.
        self.network: dict[str, Any] = implied(said, data) if network is None else network
        #: Channels, rows and columns of an image.
        self.image: tuple[int, int, int] = image or (data.image if isinstance(data, Dataset) else (3, 32, 32))
        #: The connection matrix of each cell, as text; one where all are alike and written once.
        self.cells: list[str] = _spikenas.cells(text)

    @cached_property
    def graph(self) -> dict[str, Any]:
        """Its graph of layers, see `spikenas.graph`."""
        return _spikenas.graph(self._text, image=self.image, **self.network)

    @cached_property
    def parameters(self) -> dict[str, int]:
        """Trainable parameters: `backbone` (all but the classifier), `classifier`, `network` (all)."""
        return _spikenas.memory(self.graph)["parameters"]

    def memory(self, bits: int = 32, leak: str | None = None, schedule: str | None = None) -> Ledger:
        """Its memory at `bits` per parameter, and on a device, see `spikenas.memory`."""
        return Ledger(_spikenas.memory(self.graph, bits, leak, schedule))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Architecture({self._text!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self._text == other
        return isinstance(other, Architecture) and (self._text, self.network, self.image) == (
            other._text, other.network, other.image
        )

    def __hash__(self) -> int:
        return hash(self._text)

    def _repr_svg_(self) -> str:
        return _spikenas.draw(self._text)


def implied(said: dict[str, Any], data: str | Dataset) -> dict[str, Any]:
    """All settings of a network, from those that are said and the images."""
    if isinstance(data, Dataset):
        return _spikenas.network(said, data.name, (len(data.classes), data.image))
    return _spikenas.network(said, data)


class Ledger(Table):
    """The memory of a network: a row per layer with its parameters, and the sums.

    Columns: `name`, `weights`, `batch_norm`, `bias` (parameters), `output` (channels, rows, columns) and `unreachable` (whether
    it is on no path from input to output).
    """

    def __init__(self, record: dict[str, Any]):
        super().__init__({**layer, "output": tuple(layer["output"].values())} for layer in record["layers"])
        #: The whole record, as `spikenas memory --json` prints it.
        self.record = record
        #: Trainable parameters: `backbone`, `classifier`, `network`.
        self.parameters: dict[str, int] = record["parameters"]
        #: Bits of a parameter.
        self.bits: int = record["bits_per_parameter"]
        #: Bytes of all parameters at these bits.
        self.bytes: int = record["memory_bytes"]
        device = record.get("device") or {}
        #: Bytes of flash and of RAM that the integer network takes on a device, without code and stack; None where none can run
        #: it.
        self.flash: int | None = device.get("flash", {}).get("bytes")
        self.ram: int | None = device.get("ram", {}).get("bytes")

    @property
    def device(self) -> Table:
        """What takes flash and RAM on a device: `memory`, `name`, `bytes`."""
        device = self.record.get("device") or {}
        rows = ({"memory": memory, **item} for memory in ("flash", "ram") for item in device.get(memory, {}).get("items", []))
        return Table(rows, ["memory", "name", "bytes"])


def memory(
    what: Architecture | Run | str | PathLike[str], *, bits: int = 32, leak: str | None = None, schedule: str | None = None,
    **network: Any,
) -> Ledger:
    """The memory of an architecture, of a run's winner or of a model's file, itemised.

    `what`: an `Architecture`, its text, a `Run`, or the path of a safetensors file. `bits`: of a parameter, 1 to 64; the
    integer network on a device has weights of so many where they are 2, 4 or 8, and of 8 otherwise. `leak`: "exact" or "shift",
    `schedule`: "layers" or "steps", by default those that suit the network. Other keywords, for a text alone, are those of
    `Architecture`.

        spikenas.memory("0313 0031 0003 0000", preset="sample", bits=8).flash
    """
    if isinstance(what, str) and is_matrix(what):
        what = Architecture(what, **network)
    elif network:
        raise _spikenas.ArgumentError(f"{', '.join(network)}: {what} has its own network: leave them out")
    if isinstance(what, (str, PathLike)):
        return Ledger(_spikenas.memory(_spikenas.load_model(fspath(what))["graph"], bits, leak, schedule))
    return Ledger(_spikenas.memory(what.graph, bits, leak, schedule))


def is_matrix(text: str | PathLike[str]) -> bool:
    """Whether a text is meant as connection matrices, and not as a path."""
    return isinstance(text, str) and re.fullmatch(r"[\d\s/]*", text) is not None
