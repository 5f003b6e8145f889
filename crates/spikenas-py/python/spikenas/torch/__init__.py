"""The networks of spikenas in plain PyTorch: as modules, and as an engine that trains a run's winner.

    network = spikenas.torch.load("runs/sample")          # a trained network: torch.nn.Module
    network = spikenas.torch.Network(spikenas.graph("0313 0031 0003 0000", preset="sample"))
    logits = network(images)                              # float32 [images, classes] of [images, channels, rows, columns]

    python -m spikenas.torch train runs/sample --device cuda --amp

A module's state dict has the names of the library's `model.safetensors`, which are those of SNASNet's.
"""

try:
    from .engine import Engine
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError("spikenas.torch needs PyTorch: pip install 'spikenas[torch]'") from error
from .models import load, save
from .network import Network
from .training import evaluate, train

__all__ = ["Engine", "Network", "evaluate", "load", "save", "train"]
