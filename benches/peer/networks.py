"""SNASNet as SpikingJelly ships it, and the fastest form of the same arithmetic that we know in PyTorch."""

import copy
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from spikingjelly.activation_based import functional, neuron
from spikingjelly.activation_based.model.snas_net import SNASNet

TIMESTEPS, TAU, THRESHOLD = 5, 4 / 3, 1.0
# SpikingJelly's data set name decides the widths (cifar100: 128/256, cifar10: 256/512), beside the last pooling.
PRESETS = {"cifar100": ("cifar100", 2), "snasnet-cifar10": ("cifar10", 4)}
# From-node of each edge and its to-node, in the order of `cell_architecture`.
EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]


def snasnet(architecture, preset):
    """SpikingJelly's network of an architecture such as "0313 0031 0003 0000", in training mode without dropout."""
    dataset, last_pool = PRESETS[preset]
    matrix = torch.tensor([[int(digit) for digit in row] for row in architecture.split()])
    arguments = SimpleNamespace(
        dataset=dataset, timestep=TIMESTEPS, second_avgpooling=last_pool, celltype="forward", threshold=THRESHOLD, tau=TAU
    )
    network = SNASNet(arguments, matrix).train()
    network.classifier[0].p = 0.0
    return network


class Kernel:
    """The kernel matrix of SAHD: `K += F - 0.5 / ((r_i (1 - r_j) + (1 - r_i) r_j) F + 0.001) H` per layer and timestep."""

    def __init__(self, samples):
        self.values, self.summands = torch.zeros(samples, samples, dtype=torch.float64), 0

    def add(self, spikes, times=1):
        codes = spikes.flatten(1)
        neurons = codes.shape[1]
        rates = codes.mean(1)
        both = codes @ codes.T
        counts = rates * neurons
        distances = counts[:, None] + counts[None, :] - 2 * both
        differing = rates[:, None] * (1 - rates[None, :]) + (1 - rates[:, None]) * rates[None, :]
        self.values += times * (neurons - 0.5 / (differing * neurons + 1e-3) * distances).double()
        self.summands += times

    def score(self):
        return torch.linalg.slogdet(self.values / self.summands).logabsdet.item()


class Reference:
    """SpikingJelly's network, timestep by timestep, with a hook on every LIF layer."""

    def __init__(self, network):
        self.network = network
        for module in network.modules():
            if isinstance(module, neuron.LIFNode):
                module.register_forward_hook(lambda module, inputs, spikes: self.kernel.add(spikes))

    @torch.inference_mode()
    def score(self, images):
        self.kernel = Kernel(len(images))
        functional.reset_net(self.network)
        self.network(images)
        return self.kernel.score()


class Spike(torch.autograd.Function):
    """A step in the forward pass; the surrogate gradient is ATan's with alpha 2, as SpikingJelly's."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient / (1 + (torch.pi * x) ** 2)


def lif(x):
    """All timesteps, `[T, ...]`; an input of one timestep stands for all."""
    v, spikes = torch.zeros_like(x[0]), []
    for t in range(TIMESTEPS):
        h = v + (x[t if len(x) > 1 else 0] - v) / TAU
        spike = Spike.apply(h - THRESHOLD)
        v = h * (1 - spike.detach())
        spikes.append(spike)
    return torch.stack(spikes)


def normalised(x, norm):
    """Batch norm with the statistics of each timestep, `[T, N, C, H, W]`."""
    variance, mean = torch.var_mean(x, dim=(1, 3, 4), correction=0, keepdim=True)
    scale = norm.weight[:, None, None] * torch.rsqrt(variance + norm.eps)
    return (x - mean) * scale + norm.bias[:, None, None]


class Fast:
    """The same weights layer by layer: all timesteps of a layer in one batch, channels last, LIF and batch norm compiled.

    Layers that read the same node share their spikes; what is constant in time is computed once.
    """

    def __init__(self, network, compiled=True):
        self.network, self.kernel = copy.deepcopy(network).to(memory_format=torch.channels_last), None
        compile_ = torch.compile if compiled else lambda function: function
        self.lif, self.normalised = compile_(lif), compile_(normalised)
        # Not compiled: PyTorch's own batch norm, timestep by timestep.
        if not compiled:
            native = lambda x, norm: torch.stack([F.batch_norm(s, None, None, norm.weight, norm.bias, True) for s in x])
            self.normalised = native

    def fire(self, x, times=1):
        spikes = self.lif(x)
        if self.kernel is not None:
            for step in spikes:
                self.kernel.add(step, times)
        return spikes

    @staticmethod
    def each(layer, x):
        """A layer on all timesteps as one batch."""
        y = layer(x.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return y.unflatten(0, x.shape[:2])

    def cell(self, cell, x):
        nodes, fired = [x, 0, 0, 0], {}
        for (source, target), layer in zip(EDGES, cell.cell_architecture):
            if isinstance(layer, torch.nn.Sequential):
                if source not in fired:
                    readers = [l for (s, _), l in zip(EDGES, cell.cell_architecture) if s == source]
                    times = sum(isinstance(l, torch.nn.Sequential) for l in readers)
                    fired[source] = self.fire(nodes[source], times)
                brought = self.normalised(self.each(layer[1], fired[source]), layer[2])
            elif isinstance(layer, torch.nn.AvgPool2d):
                brought = self.each(layer, nodes[source])
            else:
                brought = layer(nodes[source])
            nodes[target] = nodes[target] + brought
        return nodes[3]

    def features(self, images):
        """Everything before the classifier, `[T, N, features]`."""
        n = self.network
        x = self.normalised(n.stem[0](images.contiguous(memory_format=torch.channels_last))[None], n.stem[1])
        x = self.cell(n.cell1, x)
        spikes = self.fire(self.normalised(x, n.downconv1[0]))
        x = self.normalised(self.each(n.downconv1[2], spikes), n.downconv1[3])
        x = self.cell(n.cell2, self.each(n.resdownsample1, x))
        spikes = self.fire(self.normalised(x, n.last_act[0]))
        return self.each(n.resdownsample2, spikes).contiguous().flatten(2)

    @torch.inference_mode()
    def score(self, images):
        self.kernel = Kernel(len(images))
        self.fire(self.network.classifier[1](self.features(images)))
        return self.kernel.score()
