"""PyTorch as an engine of the library: what the library's training, test and records ask of a device.

`Engine.network` makes an `EngineNetwork`, whose methods are those of the library's trait `Network`. The loop over epochs and steps,
learning rates, checkpoints and records are the library's own, whatever the device.
"""

import torch
import torch.nn.functional as F

from . import models
from .network import Network, Pass
from .optimiser import Optimiser


class Engine:
    """Runs networks on a device of PyTorch.

    `amp`: convolutions and linear layers in bfloat16; membranes, statistics, losses and weights stay float32. `tf32`: products of
    float32 may be rounded to 10 bits on CUDA.
    """

    def __init__(self, device="cpu", amp=False, tf32=False):
        self.device, self.amp = torch.device(device), amp
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            torch.backends.cudnn.benchmark = True
        self.name = name_of(self.device, amp, tf32)

    def network(self, graph, tensors):
        """A network with these weights: the graph as a dictionary, the tensors as arrays by their names."""
        return EngineNetwork(self, graph, tensors)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp)


def name_of(device, amp, tf32):
    """What stands in records: `PyTorch 2.11.0 on cuda (NVIDIA H100 80GB HBM3), bfloat16`."""
    card = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    numbers = ", bfloat16" if amp else ", tf32" if tf32 and device.type == "cuda" else ""
    return f"PyTorch {torch.__version__} on {device.type}{card}{numbers}"


class EngineNetwork:
    """A network on an engine's device with the state of its optimiser."""

    def __init__(self, engine, graph, tensors):
        self.engine = engine
        self.module = Network(graph).to(engine.device)
        models.fill(self.module, tensors)
        self.optimiser = Optimiser(self.module)

    def weights(self):
        return models.arrays(self.module)

    def replace(self, tensors):
        models.fill(self.module, tensors)

    def sibling(self, tensors):
        return EngineNetwork(self.engine, self.module.graph, tensors)

    def images(self, images):
        """Images on the device, [images, channels, rows, columns]."""
        return torch.from_numpy(images).to(self.engine.device, memory_format=torch.channels_last)

    @torch.no_grad()
    def forward(self, images, mode, passes):
        """Logits of images, flat, and the spikes of each LIF layer at each timestep; `mode` is train, estimate or evaluate."""
        self.module.train(mode != "evaluate")
        asked = Pass(fired={}, passes=passes if mode == "estimate" else None)
        with self.engine.autocast():
            logits = self.module(self.images(images), asked)
        layers = [node.name for node in self.module.nodes if node.kind == "lif"]
        return logits.flatten().tolist(), [(name, asked.fired[name].tolist()) for name in layers]

    def learn(self, images, labels, lesson, seed):
        """Adds a share of the loss's gradient to those since the last step; the loss and the number of images that are right."""
        dropout, smoothing, kind, share = lesson
        self.module.train()
        images, labels = self.images(images), torch.from_numpy(labels).to(self.engine.device)
        asked = Pass(mask=self.mask(len(images), dropout, seed))
        with self.engine.autocast():
            votes = self.module.votes(images, asked)
        loss = self.loss(votes, labels, smoothing, kind)
        (share * loss).backward()
        correct = count_correct(votes.detach().mean(0), labels)
        loss, correct = torch.stack([loss.detach().double(), correct.double()]).tolist()
        return loss, int(correct)

    def loss(self, votes, labels, smoothing, kind):
        """The mean cross entropy of the mean votes, or of the votes of each timestep."""
        if kind == "timestep":
            return F.cross_entropy(votes.flatten(0, 1), labels.repeat(len(votes)), label_smoothing=smoothing)
        return F.cross_entropy(votes.mean(0), labels, label_smoothing=smoothing)

    def mask(self, images, dropout, seed):
        """Factors of the classifier's inputs: 0 with the probability of dropout, or what keeps the mean."""
        if dropout == 0:
            return None
        generator = torch.Generator(self.engine.device).manual_seed(seed)
        drawn = torch.rand(
            (images, self.module.classifier_inputs), generator=generator, device=self.engine.device
        )
        return (drawn >= dropout) / (1 - dropout)

    def gradients(self):
        named = self.module.named_parameters()
        return {name: models.to_array(p.grad).ravel() for name, p in named if p.grad is not None}

    def step(self, rule, momentum, weight_decay, decays_all, rate):
        self.optimiser.step(rule, momentum, weight_decay, decays_all, rate)

    def optimiser_state(self):
        return self.optimiser.state()

    def set_optimiser_state(self, steps, buffers):
        self.optimiser.set_state(steps, buffers)


def count_correct(logits, labels):
    """Images whose label has the highest logit, or is the first of those that have it."""
    own = logits.gather(1, labels[:, None])
    comes_before = torch.arange(logits.shape[1], device=logits.device) < labels[:, None]
    beaten = (logits > own) | ((logits == own) & comes_before)
    return (~beaten.any(1)).sum()
