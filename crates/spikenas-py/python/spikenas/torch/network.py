"""The network of a graph as a module: it interprets the graph's nodes in their order, each over all timesteps at once.

A feature map is a tensor [steps, images, channels, rows, columns] with one step where it is the same at every timestep. What reads
its own past, by edges back in a cell, runs timestep by timestep.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from .. import ArgumentError
from .batch_norm import BatchNorm
from .lif import Lif

# The place of a node in the classifier, as the graph writes it.
CLASSIFIER = "classifier"


@dataclass(frozen=True)
class Node:
    """A node of the graph: the kind of its layer, the layer's settings, and the places of the nodes that it reads."""

    kind: str
    settings: dict
    inputs: tuple
    place: object
    time: str

    @classmethod
    def of(cls, node):
        layer = node["layer"]
        kind, settings = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
        return cls(kind, settings, tuple(node["inputs"]), node["place"], node["time"])

    @property
    def name(self):
        return self.settings.get("name")


@dataclass
class Pass:
    """What one forward pass is asked for, and what it leaves."""

    # Factors of the classifier's inputs, [images, inputs]: one mask for all timesteps.
    mask: torch.Tensor | None = None
    # Membranes by the layer's name, with which the pass begins and which it leaves; zeros where there are none.
    membranes: dict | None = None
    # Spikes of all images at each timestep by the layer's name, int64 [steps], filled where a dictionary is given.
    fired: dict | None = None
    # Passes before this one, whose running statistics are to be the mean of all.
    passes: int | None = None
    # Whether batch norms take statistics of all timesteps together in training.
    pooled: bool = False
    # The processes that share the mini-batch.
    group: object | None = None
    # Spikes of this pass by what the layer reads and its threshold: layers that agree in both fire the same.
    spikes: dict = field(default_factory=dict)


class Convolution(nn.Conv2d):
    """A convolution without bias that keeps the size of its map."""

    def __init__(self, inputs, outputs, side):
        super().__init__(inputs, outputs, side, padding=side // 2, bias=False)


class Network(nn.Module):
    """The network of a graph of `spikenas.graph`, `Run.graph` or `load_model`.

    `forward` takes images, float32 [images, channels, rows, columns], normalised as those of the run, or frames, [steps, samples,
    channels, rows, columns], one a timestep, as SpikingJelly's multi-step mode. It gives logits, float32 [images, classes]: the mean
    over timesteps and clusters. As with all modules, `train()` and `eval()` say whose statistics the batch
    norms use.
    """

    def __init__(self, graph: dict):
        super().__init__()
        self.graph = graph
        self.steps = graph["config"]["timesteps"]
        # Frames of a sample: an image is one that is shown at every timestep.
        self.frames = self.steps if graph["config"].get("frames", False) else 1
        self.nodes = [Node.of(node) for node in graph["nodes"]]
        self.loops = loops(self.nodes)
        self.summed = summed(self.nodes)
        self.last_reader = {source: place for place, node in enumerate(self.nodes) for source in node.inputs}
        for node in self.nodes:
            layer = self.layer(node)
            if layer is not None:
                add_module(self, node.name, layer)
        self.to(memory_format=torch.channels_last)

    def layer(self, node):
        """The module of a node, where it has a name."""
        settings = node.settings
        if node.kind == "convolution":
            return Convolution(settings["input"]["channels"], settings["outputs"], settings["kernel"])
        if node.kind == "batch_norm":
            return BatchNorm(settings["channels"], self.frames if node.place == "stem" else self.steps)
        if node.kind == "linear":
            return nn.Linear(settings["inputs"], settings["outputs"], bias=settings["has_bias"])
        if node.kind == "lif":
            return Lif(node.name, settings["threshold"], self.graph["config"]["tau"])
        return None

    def forward(self, images: torch.Tensor, asked: Pass | None = None) -> torch.Tensor:
        return self.votes(images, asked).mean(0)

    def votes(self, images: torch.Tensor, asked: Pass | None = None) -> torch.Tensor:
        """The votes for each class at each timestep, float32 [steps, images, classes]."""
        asked = Pass() if asked is None else asked
        maps, place = {}, 0
        asked.spikes.clear()
        images = self.shown(images)
        while place < len(self.nodes):
            last = self.loops.get(place, place)
            if last > place:
                maps.update(self.loop(place, last, maps, images, asked))
            else:
                maps[place] = self.run(place, maps, images, asked)
            for source in [source for source in maps if self.last_reader.get(source, len(self.nodes)) <= last]:
                del maps[source]
            place = last + 1
        return maps[len(self.nodes) - 1]

    def shown(self, images):
        """Images or frames as a map, [frames, images, channels, rows, columns]."""
        maps = images if self.frames > 1 else images[None]
        expected = (self.frames, *self.shape(0))
        if (maps.shape[0], *maps.shape[2:]) != expected:
            raise ArgumentError(f"input {list(images.shape)}: the network takes {self.frames} frames a sample, of {list(self.shape(0))}")
        return maps.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, maps.shape[:2])

    def loop(self, first, last, maps, images, asked):
        """Nodes that read their own past, timestep by timestep; the maps of those that others read."""
        inner, before, membranes, fired = range(first, last + 1), {}, {}, {}
        read = {source for node in self.nodes[last + 1 :] for source in node.inputs}
        kept = {place: [] for place in inner if place in read}
        for t in range(self.steps):
            now = {place: at(maps[place], t) for node in self.nodes[first : last + 1] for place in node.inputs if place < first}
            for place in inner:
                node = self.nodes[place]
                if node.kind == "feedback":
                    past = before.get(node.settings["of"])
                    now[place] = zeros(self.shape(place), images) if past is None else past
                elif node.kind == "lif":
                    now[place] = self.fire_step(node, now[node.inputs[0]], membranes, asked)
                    fired.setdefault(node.name, []).append(now[place].count_nonzero())
                elif node.kind == "batch_norm":
                    now[place] = self.get_submodule(node.name)(now[node.inputs[0]], asked.passes, asked.group, at=t)
                else:
                    now[place] = self.run(place, now, images, asked)
            for place, values in kept.items():
                values.append(now[place])
            before = now
        if asked.membranes is not None:
            asked.membranes.update((name, membrane.detach()) for name, membrane in membranes.items())
        if asked.fired is not None:
            asked.fired.update((name, torch.stack(counts)) for name, counts in fired.items())
        return {place: torch.cat(values) for place, values in kept.items()}

    def fire_step(self, node, x, membranes, asked):
        """One timestep of a LIF layer within a loop."""
        if node.name not in membranes:
            given = (asked.membranes or {}).get(node.name)
            membranes[node.name] = torch.zeros_like(x[0]) if given is None else given
        spikes, membranes[node.name] = self.get_submodule(node.name).step(x[0], membranes[node.name])
        return spikes[None]

    def run(self, place, maps, images, asked):
        """What a node gives."""
        node = self.nodes[place]
        inputs = [maps[source] for source in node.inputs]
        return getattr(self, f"run_{node.kind}")(node, inputs, place, images, asked)

    def run_input(self, node, inputs, place, images, asked):
        return images

    def run_convolution(self, node, inputs, place, images, asked):
        (x,) = inputs
        return self.get_submodule(node.name)(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def run_batch_norm(self, node, inputs, place, images, asked):
        if place in self.summed:
            return inputs[0]
        return self.get_submodule(node.name)(inputs[0], asked.passes, asked.group, pooled=asked.pooled)

    def run_lif(self, node, inputs, place, images, asked):
        key = (node.inputs[0], node.settings["threshold"])
        begin = None if asked.membranes is None else asked.membranes.get(node.name)
        if key not in asked.spikes:
            asked.spikes[key] = self.get_submodule(node.name)(inputs[0], self.steps, begin)
        spikes, after = asked.spikes[key]
        if asked.membranes is not None:
            asked.membranes[node.name] = after
        if asked.fired is not None:
            asked.fired[node.name] = spikes.flatten(1).count_nonzero(1)
        return spikes

    def run_sum(self, node, inputs, place, images, asked):
        if not inputs:
            return zeros(self.shape(place), images)
        # Batch norms that nothing else reads are applied as they are added up; those come last.
        total = None
        for source, x in sorted(zip(node.inputs, inputs), key=lambda pair: pair[0] in self.summed):
            if source in self.summed:
                layer = self.get_submodule(self.nodes[source].name)
                total = layer(x, asked.passes, asked.group, added=total, pooled=asked.pooled)
            else:
                total = x.float() if total is None else total + x
        return total

    def run_average_pool(self, node, inputs, place, images, asked):
        (x,), side, stride = inputs, node.settings["side"], node.settings["stride"]
        flat = x.flatten(0, 1)
        if stride < side and x.is_cuda:
            # Of maps with their channels last, PyTorch's backward pass is wrong on CUDA where squares overlap (seen in 2.11).
            flat = flat.contiguous(memory_format=torch.contiguous_format)
        return F.avg_pool2d(flat, side, stride, node.settings["padding"]).unflatten(0, x.shape[:2])

    def run_linear(self, node, inputs, place, images, asked):
        x = inputs[0].flatten(2)
        is_first = CLASSIFIER not in [self.nodes[source].place for source in node.inputs]
        if is_first and asked.mask is not None:
            x = x * asked.mask
        return self.get_submodule(node.name)(x)

    def run_vote(self, node, inputs, place, images, asked):
        return inputs[0].float().unflatten(2, (-1, node.settings["cluster"])).mean(3)

    def shape(self, place):
        shape = self.graph["nodes"][place]["shape"]
        return shape["channels"], shape["height"], shape["width"]

    @property
    def classifier_inputs(self):
        """Inputs of the classifier, of which dropout drops some."""
        return next(node.settings["inputs"] for node in self.nodes if node.kind == "linear")

    def to_spikingjelly(self) -> "Network":
        """The same network, with the same weights, whose LIF layers are SpikingJelly's; see `with_spikingjelly`."""
        from .spikingjelly import with_spikingjelly

        return with_spikingjelly(self)


def at(x, t):
    """A map at a timestep, [1, ...]."""
    return x if x.shape[0] == 1 else x[t : t + 1]


def zeros(shape, images):
    """A constant map of zeros for some images, float32."""
    size = (images.shape[1], *shape)
    return torch.zeros(size, device=images.device).contiguous(memory_format=torch.channels_last)[None]


def summed(nodes):
    """Batch norms that only a sum reads, once, outside of what reads its own past."""
    readers = {}
    for place, node in enumerate(nodes):
        for source in node.inputs:
            readers.setdefault(source, []).append(place)
    inner = {place for first, last in loops(nodes).items() for place in range(first, last + 1)}
    sums = {place for place, node in enumerate(nodes) if node.kind == "sum"} - inner
    norms = {place for place, node in enumerate(nodes) if node.kind == "batch_norm"}
    return {place for place in norms if len(readers.get(place, [])) == 1 and readers[place][0] in sums}


def loops(nodes):
    """The nodes that read their own past, as first place -> last place: from a cell's first feedback to the last that is fed back."""
    spans = {}
    for place, node in enumerate(nodes):
        if node.kind == "feedback":
            cell = node.place["feedback"]["cell"]
            first, last = spans.get(cell, (place, place))
            spans[cell] = (first, max(last, node.settings["of"]))
    return dict(spans.values())


def add_module(root, name, layer):
    """Puts a layer at its place in the tree of modules, so that its tensors have the state dict's names."""
    *parents, last = name.split(".")
    for parent in parents:
        if parent not in root._modules:
            root.add_module(parent, nn.Module())
        root = root._modules[parent]
    root.add_module(last, layer)
