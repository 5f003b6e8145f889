"""Finds, trains and tests spiking neural networks that fit a memory budget.

`graph` lays out the network of an architecture, `new_run` and `Run` are run folders, `load_model` and `save_model` trained networks.
`spikenas.torch` (extra `torch`) has the same networks in PyTorch. Every function is the library's own; errors are `Error`, with its
one line, and `ArgumentError`, which is a `ValueError`, too.
"""

from ._spikenas import ArgumentError, Error, Run, __version__, graph, load_model, new_run, save_model

__all__ = ["ArgumentError", "Error", "Run", "__version__", "graph", "load_model", "new_run", "save_model"]
