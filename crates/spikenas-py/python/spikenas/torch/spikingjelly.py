"""The same network with SpikingJelly's neurons."""

import copy

from torch import nn

from .lif import Lif


class SpikingJellyLif(nn.Module):
    """A LIF layer whose neuron is SpikingJelly's; called as `Lif` is."""

    def __init__(self, lif):
        from spikingjelly.activation_based import neuron, surrogate

        super().__init__()
        self.name, self.threshold = lif.name, lif.threshold
        self.neuron = neuron.LIFNode(
            tau=float(lif.tau), decay_input=True, v_threshold=lif.threshold, v_reset=0.0,
            surrogate_function=surrogate.ATan(alpha=lif.surrogate_alpha), detach_reset=True, step_mode="m",
        )

    def forward(self, x, steps, membrane=None):
        self.begin(membrane)
        spikes = self.neuron(x.float().expand(steps, *x.shape[1:]))
        return spikes, self.neuron.v.detach()

    def step(self, x, v):
        self.begin(v)
        return self.neuron(x.float()[None])[0], self.neuron.v

    def begin(self, membrane):
        self.neuron.reset()
        if membrane is not None:
            self.neuron.v = membrane


def with_spikingjelly(network):
    """A copy of a network whose LIF layers are SpikingJelly's `LIFNode`s in multi-step mode."""
    changed = copy.deepcopy(network)
    for name, layer in list(changed.named_modules()):
        if isinstance(layer, Lif):
            parent, _, last = name.rpartition(".")
            changed.get_submodule(parent)._modules[last] = SpikingJellyLif(layer)
    return changed
