"""Trained networks from the library's files into modules, and back."""

from os import PathLike

import torch

from .. import load_model, save_model
from .network import Network


def load(path: str | PathLike) -> Network:
    """The trained network of a run folder or of a safetensors file, in evaluation mode."""
    model = load_model(path)
    network = Network(model["graph"])
    fill(network, model["tensors"])
    count_batches(network, model["batches_tracked"])
    return network.eval()


def save(network: Network, path: str | PathLike) -> None:
    """Writes a network's weights as the library's `model.safetensors`, with the description of the network and a checksum.

    What it was trained on is not known here: a training by `spikenas.torch.train` writes that, too.
    """
    passes = int(network.state_dict()["stem.1.num_batches_tracked"]) // network.frames
    save_model(path, network.graph, arrays(network), passes)


@torch.no_grad()
def fill(network, tensors):
    """Gives a network the tensors of a state dict, as arrays by their names."""
    own = network.state_dict()
    for name, values in tensors.items():
        own[name].copy_(torch.from_numpy(values).view(own[name].shape))


def count_batches(network, passes):
    """Sets the counters that PyTorch keeps beside batch norms: a pass counts at each timestep, that of the stem once for an image."""
    for name, counter in network.named_buffers():
        if name.endswith("num_batches_tracked"):
            counter.fill_(passes * (network.frames if name.startswith("stem") else network.steps))


def arrays(network):
    """All tensors of a network but the counters, as arrays of float32 by their names."""
    tensors = network.state_dict().items()
    return {name: to_array(tensor) for name, tensor in tensors if not name.endswith("num_batches_tracked")}


def to_array(tensor):
    """A tensor as an array of float32 of its own, in the order of its dimensions."""
    return tensor.detach().to("cpu", torch.float32, copy=True).contiguous().numpy()
