"""PyTorch as an engine of the library: what the library's training, test and records ask of a device.

`Engine.network` makes an `EngineNetwork`, whose methods are those of the library's trait `Network`. The loop over epochs and steps,
learning rates, checkpoints and records are the library's own, whatever the device.
"""

from functools import partial

import torch
import torch.nn.functional as F

from .. import ArgumentError
from . import models
from .cuda_graphs import Recordings
from .lif import Lif
from .network import Network, Pass
from .optimiser import Optimiser


class Engine:
    """Runs networks on a device of PyTorch.

    `amp`: convolutions and linear layers in bfloat16; membranes, statistics, losses and weights stay float32. `tf32`: products of
    float32 may be rounded to 10 bits on CUDA. `graphs`: records lessons as CUDA graphs, see `cuda_graphs.py`.
    """

    def __init__(self, device: str = "cpu", amp: bool = False, tf32: bool = False, graphs: bool = False):
        self.device, self.amp = known(device), amp
        self.graphs = graphs and self.device.type == "cuda"
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            torch.backends.cudnn.benchmark = True
        self.name = name_of(self.device, amp, tf32)

    def network(self, graph, tensors):
        """A network with these weights: the graph as a dictionary, the tensors as arrays by their names."""
        return EngineNetwork(self, graph, tensors)

    def autocast(self):
        # What a cast weight is kept for would be another pass where passes are recorded.
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp, cache_enabled=not self.graphs)


def known(device):
    """A device of PyTorch on which networks run."""
    kind = str(device).partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise ArgumentError(f"unknown device `{device}`: choose from cpu, cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ArgumentError(f"device `{device}`: PyTorch {torch.__version__} finds no such device here: take cpu")
    return torch.device(device)


def name_of(device, amp, tf32):
    """What stands in records: `PyTorch 2.11.0 on cuda (NVIDIA H100 80GB HBM3), bfloat16`."""
    card = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    numbers = ", bfloat16" if amp else ", tf32" if tf32 and device.type == "cuda" else ""
    return f"PyTorch {torch.__version__} on {device.type}{card}{numbers}"


class EngineNetwork:
    """A network on an engine's device with the state of its optimiser.

    `group`: the processes that share its mini-batches. All but the first are given numbers of images instead of images.
    """

    def __init__(self, engine, graph, tensors, group=None):
        self.engine, self.group = engine, group
        self.module = Network(graph).to(engine.device)
        models.fill(self.module, tensors)
        self.optimiser = Optimiser(self.module, keeps_gradients=engine.graphs)
        self.lifs = [layer for layer in self.module.modules() if isinstance(layer, Lif)]
        self.recordings = Recordings(self.module)

    def weights(self):
        return models.arrays(self.module)

    def replace(self, tensors):
        models.fill(self.module, tensors)

    def sibling(self, graph, tensors):
        return self.engine.network(graph, tensors)

    def part(self, array, shape, dtype):
        """This process's part of an array, on the device, and the number of all; the other processes are given the number alone."""
        count = array if isinstance(array, int) else len(array)
        tensor = None if isinstance(array, int) else torch.from_numpy(array)
        if self.group is not None:
            tensor = self.group.scattered(tensor, count, shape, dtype)
        return tensor.to(self.engine.device), count

    def images(self, images):
        """This process's images as the module takes them, and the number of all; given are frames by sample."""
        frames, shape = self.module.frames, self.module.shape(0)
        if frames == 1:
            return self.part(images, shape, torch.float32)
        images, count = self.part(images, (frames, *shape), torch.float32)
        return images.transpose(0, 1), count

    @torch.no_grad()
    def forward(self, images, mode, passes, pooled):
        """Logits of images, flat, and the spikes of each LIF layer at each timestep; `mode` is train, estimate or evaluate.

        `pooled`: batch norms take statistics of all timesteps together.
        """
        self.module.train(mode != "evaluate")
        images, count = self.images(images)
        asked = Pass(fired={}, passes=passes if mode == "estimate" else None, group=self.group, pooled=pooled)
        with self.engine.autocast():
            logits = self.module(images, asked).cpu()
        layers = [node.name for node in self.module.nodes if node.kind == "lif"]
        fired = torch.stack([asked.fired[name] for name in layers])
        if self.group is not None:
            logits, fired = self.group.gathered(logits, count), self.group.summed(fired)
        return None if logits is None else (logits.flatten().tolist(), list(zip(layers, fired.tolist())))

    def learn(self, images, labels, lesson, seed):
        """Adds a share of the loss's gradient to those since the last step; the loss and the number of images that are right."""
        dropout, *settings = lesson
        self.module.train()
        images, count = self.images(images)
        tensors = images, self.part(labels, (), torch.int64)[0], self.mask(count, dropout, seed)
        if self.engine.graphs and self.group is None:
            shown = self.recordings.run(self.lesson, tensors, (count, *settings))
        else:
            shown = self.lesson(tensors, (count, *settings))
        loss, correct = (shown if self.group is None else self.group.summed(shown)).tolist()
        return loss, int(correct)

    def lesson(self, tensors, settings):
        """A forward and a backward pass; the loss and the number of images that are right, float64 [2]."""
        (images, labels, mask), (count, smoothing, kind, share, pooled, alpha) = tensors, settings
        for layer in self.lifs:
            layer.surrogate_alpha = alpha
        with self.engine.autocast():
            votes = self.module.votes(images, Pass(mask=mask, group=self.group, pooled=pooled))
        loss = self.loss(votes, labels, smoothing, kind) / count
        (share * loss).backward()
        correct = count_correct(votes.detach().mean(0), labels)
        return torch.stack([loss.detach().double(), correct.double()])

    def loss(self, votes, labels, smoothing, kind):
        """The sum over images of the cross entropy of the mean votes, or of the mean of those at each timestep."""
        entropy = partial(F.cross_entropy, label_smoothing=smoothing, reduction="sum")
        if kind == "timestep":
            return entropy(votes.flatten(0, 1), labels.repeat(len(votes))) / len(votes)
        return entropy(votes.mean(0), labels)

    def mask(self, images, dropout, seed):
        """Factors of the classifier's inputs: 0 with the probability of dropout, or what keeps the mean."""
        if dropout == 0:
            return None
        generator = torch.Generator(self.engine.device).manual_seed(seed)
        drawn = torch.rand(
            (images, self.module.classifier_inputs), generator=generator, device=self.engine.device
        )
        part = slice(None) if self.group is None else self.group.part(images)
        return (drawn[part] >= dropout) / (1 - dropout)

    def gradients(self):
        gradients = self.optimiser.gradients()
        if self.group is not None:
            gradients = {name: self.group.summed(gradient.clone()) for name, gradient in gradients.items()}
        return {name: models.to_array(gradient).ravel() for name, gradient in gradients.items()}

    def step(self, rule, momentum, weight_decay, decays_all, rate):
        if self.group is not None:
            self.sum_gradients()
        self.optimiser.step(rule, momentum, weight_decay, decays_all, rate)

    def sum_gradients(self):
        """Adds up the gradients of all processes, in one message."""
        gradients = list(self.optimiser.gradients().values())
        total = self.group.summed(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, values in zip(gradients, total.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(values.view(gradient.shape))

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
