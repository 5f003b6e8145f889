"""The result of a test."""

from __future__ import annotations

from typing import Any

from .table import Table


class Evaluation:
    """The result of a test: `accuracy` and `top5_accuracy` in percent, `correct` of `total` images, `loss` (mean cross
    entropy), `firing_rate` (spikes per neuron and timestep over all LIF layers)."""

    def __init__(self, record: dict[str, Any]):
        #: The whole record, as `spikenas evaluate --json` prints it.
        self.record = record
        self.accuracy: float = record["accuracy"]
        self.top5_accuracy: float = record["top5_accuracy"]
        self.correct: int = record["correct"]
        self.total: int = record["total"]
        self.loss: float = record["loss"]
        self.firing_rate: float = record["firing_rate"]

    @property
    def firing_rates(self) -> Table:
        """Each LIF layer, in the order of execution: `name`, `neurons`, `firing_rate` (spikes per neuron and timestep)."""
        return Table(self.record["layers"], ["name", "neurons", "firing_rate"])

    @property
    def classes(self) -> Table:
        """Each class: `name`, `total` images, those that are `correct`."""
        return Table(self.record.get("classes", []), ["name", "total", "correct"])

    def __repr__(self) -> str:
        return f"Evaluation({self.accuracy:.2f} % of {self.total} images, firing rate {self.firing_rate:.4f})"
