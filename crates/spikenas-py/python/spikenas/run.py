"""Run folders: what a search found and a training learned, from their records."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from . import _spikenas, settings
from ._spikenas import Dataset
from .architecture import Architecture
from .evaluation import Evaluation
from .table import Table

T = TypeVar("T")


class Run(_spikenas.Run):
    """A run folder, as `search` and `train` make it and `load` opens it; what it says is read from the records each time.

    Besides: `path`, `config` (as `config.toml` has it), `dataset`, `graph` (see `spikenas.graph`), `split()` (places of the
    training images that are trained on and held out), `learning_rate(epoch, step, steps)`, `timesteps(epoch)`. A run of a call
    without `out` lies in a temporary folder, which goes with the object: `keep` it.
    """

    @property
    def architecture(self) -> Architecture | None:
        """The architecture that was found, or given to be trained; None while its search is not finished."""
        records = self.records()
        if records["architecture"] is None:
            return None
        return Architecture(records["architecture"], network=self.config["network"], image=self.image)

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        shape = self.graph["input"]
        return shape["channels"], shape["height"], shape["width"]

    @property
    def score(self) -> float | None:
        """The winner's score; None where nothing was searched."""
        answers = self.records()["answers"]
        return float(answers[0]["score"]) if answers else None

    @property
    def parameters(self) -> dict[str, int] | None:
        """Trainable parameters: `backbone` (all but the classifier), `classifier`, `network` (all)."""
        architecture = self.architecture
        return None if architecture is None else architecture.parameters

    @property
    def search(self) -> dict[str, Any] | None:
        """The record of the search, `search.json`: `candidates`, `feasible`, `scored`, `seconds`, `confirmation` and more."""
        answers = self.records()["answers"]
        return answers[0] if answers else None

    @property
    def journal(self) -> Table:
        """The scored candidates in their order: `architecture`, `score`, `parameters` (of the whole network), `backbone`,
        `firing_rate` (spikes per neuron and timestep, untrained) and `seconds`. Of several sizes of the network, those of the
        winner's."""
        rows = (
            {
                "architecture": entry["architecture"], "score": float(entry["score"]),
                "parameters": entry["parameters"]["network"], "backbone": entry["parameters"]["backbone"],
                "firing_rate": entry["firing_rate"], "seconds": entry["seconds"],
            }
            for entry in self.records()["candidates"]
        )
        return Table(rows, ["architecture", "score", "parameters", "backbone", "firing_rate", "seconds"])

    @property
    def front(self) -> Table:
        """The answers of the search: a row for each of its limits (`budget`, `flash`, `ram`), and with `objectives` one for
        each candidate that no other beats; `architecture`, `score`, `parameters` (of the whole network), and `accuracy` in
        percent where `spikenas train --front` has trained it."""
        records = self.records()
        front = self.config["search"].get("front") or {}
        limits = front.get("limits") or [limit_of(self.config["search"])]
        trained = {row["architecture"]: row["accuracy"] for row in (records["front"] or {}).get("results", [])}

        def row(limit: dict[str, Any], answer: dict[str, Any], network: dict[str, Any]) -> dict[str, Any]:
            return {
                **{name: limit.get(name) for name in ("budget", "flash", "ram")},
                "architecture": Architecture(answer["architecture"], network=network, image=self.image),
                "score": float(answer["score"]), "parameters": answer["parameters"]["network"],
                "accuracy": trained.get(answer["architecture"]),
            }

        rows = [row(*known) for known in zip(limits, records["answers"], records["networks"])]
        points = (records["answers"] or [{}])[0].get("front", [])
        rows += [row({}, point, self.config["network"]) for point in points]
        return Table(rows, ["budget", "flash", "ram", "architecture", "score", "parameters", "accuracy"])

    @property
    def curve(self) -> Table:
        """The epochs of the training, as `train.jsonl` has them: `epoch`, `learning_rate`, `train_loss` (cross entropy),
        `train_accuracy` (percent), those of validation or test where they choose the epoch, `images_per_second`, `seconds` and
        more."""
        return Table(self.records()["epochs"])

    @property
    def test(self) -> Evaluation | None:
        """The test of the model that the run has now, on its own test images; None where it was not tested."""
        test = self.records()["test"]
        return None if test is None else Evaluation(test)

    @property
    def accuracy(self) -> float | None:
        """Test accuracy in percent; None where it was not tested."""
        test = self.test
        return None if test is None else test.accuracy

    @property
    def firing_rates(self) -> Table:
        """Each LIF layer in the test, in the order of execution, see `Evaluation.firing_rates`; empty where it was not tested."""
        test = self.test
        return Table([]) if test is None else test.firing_rates

    @property
    def energy_pj(self) -> float | None:
        """Energy of an inference in picojoules, from the operations of its spikes in the test; None where it was not tested."""
        return self.records()["energy_pj"]

    def model(self) -> dict[str, Any]:
        """The trained model: `graph`, `tensors` (float32 by their names), `batches_tracked`, `origin`, see `load_model`."""
        return _spikenas.load_model(self.path)

    def keep(self, path: str | PathLike[str]) -> Run:
        """Copies the folder to a place where nothing is yet, and opens it there."""
        path = Path(path)
        if path.exists():
            raise _spikenas.Error(f"{path}: is there already: choose another folder")
        shutil.copytree(self.path, path)
        return Run(path, dataset=self.dataset)

    def __repr__(self) -> str:
        known = [str(self.path)]
        records = self.records()
        known += [f"architecture {records['architecture']}"] if records["architecture"] else ["no architecture yet"]
        known += [f"score {float(records['answers'][0]['score']):.4f}"] if records["answers"] else []
        known += [f"{len(records['epochs'])} epochs"] if records["epochs"] else []
        known += [f"accuracy {records['test']['accuracy']:.2f} %"] if records["test"] else []
        return f"Run({', '.join(known)})"

    def _repr_html_(self) -> str:
        # In a frame, so that the page's scripts and styles stay its own.
        return f'<iframe srcdoc="{escape(self.page())}" style="width: 100%; height: 40em; border: 1px solid #8884"></iframe>'


def limit_of(search: dict[str, Any]) -> dict[str, Any]:
    """The limit of a search that has one."""
    device = search.get("device") or {}
    return {"budget": search.get("budget"), "flash": device.get("flash"), "ram": device.get("ram")}


def load(path: str | PathLike[str], *, data_dir: str | PathLike[str] | None = None, dataset: Dataset | None = None) -> Run:
    """Opens a run folder: one of this package, or of the program `spikenas`.

    Its images are read when they are needed: CIFAR's from `data_dir`, where it lies elsewhere now; or they are those of
    `dataset`, which have to be the same.
    """
    return Run(path, data_dir, dataset)


def new_run(
    path: str | PathLike[str], architecture: Architecture | str, *, data: str | Dataset = "sample",
    data_dir: str | PathLike[str] = "data", recipe: str | None = None, train: dict[str, Any] | None = None,
    network: dict[str, Any] | None = None, found_by: str | PathLike[str] | None = None,
) -> Run:
    """Makes a run folder for the training of an architecture, and opens it.

    `data`: a `Dataset`, "sample", "cifar10", "cifar100" or a folder of images. `recipe`: "fast" or "snasnet", or that of the
    images. `train` and `network` replace single settings, by their names in `config.toml`.
    """
    data = settings.dataset(data, data_dir=data_dir)
    around = architecture.network if isinstance(architecture, Architecture) else {}
    around = around | settings.plain(network or {})
    _spikenas.new_run(path, str(architecture), data, recipe, settings.plain(train or {}), around, found_by)
    return Run(path, dataset=data)


def in_folder(out: str | PathLike[str] | None, dataset: Dataset, work: Callable[[Path], T]) -> Run:
    """The run that work makes in a folder; without one in a temporary folder, which goes with the run."""
    if out is not None:
        work(Path(out))
        return Run(out, dataset=dataset)
    path = Path(tempfile.mkdtemp(prefix="spikenas-"))
    try:
        work(path)
        run = Run(path, dataset=dataset)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    weakref.finalize(run, shutil.rmtree, path, ignore_errors=True)
    return run
