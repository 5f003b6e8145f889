"""Finds, trains and tests spiking neural networks that fit a memory budget.

    import spikenas

    run = spikenas.search("sample", budget="40k", score="funnel")      # or of your own images and labels
    run.architecture, run.score, run.parameters, run.journal
    spikenas.train(run, epochs=4)
    run.accuracy, run.firing_rates, run.curve
    spikenas.export(run, to="nir", out="network.nir")

A `Run` is a run folder: what `search` found, what `train` learned, what `load` opens. An `Architecture` draws itself in a
notebook, a `Table` has `to_pandas()`. `spikenas.events` reads recordings of event cameras. `spikenas.torch` (extra `torch`) has the same networks in PyTorch. Everything is the
library's own; errors are `Error`, with its one line, and `ArgumentError`, which is a `ValueError`, too. Ctrl-C is a
KeyboardInterrupt, with what was done kept.
"""

from . import events
from ._spikenas import ArgumentError, Dataset, Error, __version__, graph, load_model, save_model
from .architecture import Architecture, Ledger, memory
from .evaluation import Evaluation
from .exporting import export, quantise
from .run import Run, load, new_run
from .scoring import score
from .searching import search
from .table import Table
from .testing import evaluate
from .training import train

__all__ = [
    "Architecture", "ArgumentError", "Dataset", "Error", "Evaluation", "Ledger", "Run", "Table",
    "__version__", "evaluate", "events", "export", "graph", "load", "load_model", "memory", "new_run", "quantise",
    "save_model", "score", "search", "train",
]
