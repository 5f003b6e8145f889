"""One training by several processes, which share each mini-batch.

The first process runs the library's loop and reads the images. It tells the others what is asked of its network, and gives each its
part of the images; they need neither the run nor its data. Statistics of batch norms are those of the whole mini-batch, timestep by
timestep; gradients are added up once before each step. So all have the same weights after it.
"""

import os
import signal
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from .engine import Engine, EngineNetwork

# Longer than any pause of the first process: the writing of a checkpoint, the reading of images.
PATIENCE = timedelta(hours=1)


def is_asked_for():
    """Whether this is one of several processes that `torchrun` has started."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class Group:
    """The processes of a training."""

    def __init__(self, device):
        backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def close(self):
        dist.destroy_process_group()

    def part(self, count):
        """This process's part of so many images."""
        return self.parts(count)[self.rank]

    def parts(self, count):
        """Each process's part of so many images, as slices of almost equal lengths."""
        ends = [count * rank // self.size for rank in range(self.size + 1)]
        return [slice(first, last) for first, last in zip(ends, ends[1:])]

    def told(self, message=None):
        """What the first process says to all."""
        messages = [message]
        dist.broadcast_object_list(messages, src=0, device=torch.device("cpu"))
        return messages[0]

    def scattered(self, tensor, count, shape, dtype):
        """This process's part of a tensor of `count` rows on the processor of the first; the others give none."""
        if self.rank > 0:
            part = self.part(count)
            mine = torch.empty((part.stop - part.start, *shape), dtype=dtype)
            if len(mine) > 0:
                dist.recv(mine, src=0)
            return mine
        for rank, part in enumerate(self.parts(count)):
            if rank > 0 and part.stop > part.start:
                dist.send(tensor[part].contiguous(), dst=rank)
        return tensor[self.part(count)]

    def gathered(self, tensor, count):
        """The parts of all processes, one after the other, at the first; `count` rows in all. Tensors are on the processor."""
        if self.rank > 0:
            if len(tensor) > 0:
                dist.send(tensor.contiguous(), dst=0)
            return None
        parts = [tensor]
        for rank, part in enumerate(self.parts(count)[1:], 1):
            other = torch.empty((part.stop - part.start, *tensor.shape[1:]), dtype=tensor.dtype)
            if len(other) > 0:
                dist.recv(other, src=rank)
            parts.append(other)
        return torch.cat(parts)

    def summed(self, tensor):
        """The sum over all processes."""
        tensor = tensor.contiguous()
        dist.all_reduce(tensor)
        return tensor

    def joined_moments(self, mean, squares, count):
        """Mean, sum of squares around it and number of values over all processes, from those of each."""
        if count == 0:
            mean, squares = torch.zeros_like(mean), torch.zeros_like(squares)
        mine = torch.cat([mean.flatten(), squares.flatten(), mean.new_tensor([count])])
        everyones = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(everyones, mine)
        parts = torch.stack(everyones)
        counts = parts[:, -1]
        means, squares = parts[:, :-1].unflatten(1, (2, *mean.shape)).unbind(1)
        total = counts.sum()
        weights = counts[:, None, None]
        mean = (means * weights).sum(0) / total
        return mean, (squares + (means - mean) ** 2 * weights).sum(0), int(total)


class Leader(Engine):
    """The engine of the first process: what is asked of its networks is asked of those of all."""

    def __init__(self, group, *settings):
        super().__init__(*settings)
        self.group = group
        self.name += f", {group.size} processes"
        self.made, self.dropped = 0, []
        # Whether all are at work on what was asked last: then they cannot hear.
        self.is_under_way = False

    def network(self, graph, tensors):
        return LeaderNetwork(self, graph, tensors)

    def tell(self, *message):
        """Tells the others, first of all which networks are not needed any more."""
        self.group.told((*message, self.dropped))
        self.dropped = []

    @contextmanager
    def asks(self, *message):
        """Tells the others what this process does meanwhile, too."""
        self.tell(*message)
        self.is_under_way = True
        yield
        self.is_under_way = False

    def close(self):
        """Lets the others go; those that wait for this process in vain end when it does."""
        if not self.is_under_way:
            self.tell("end", None, ())


class LeaderNetwork(EngineNetwork):
    """The network of the first process."""

    def __init__(self, engine, graph, tensors):
        self.number, engine.made = engine.made, engine.made + 1
        self.leader = engine
        with engine.asks("network", self.number, (graph, tensors)):
            super().__init__(engine, graph, tensors, engine.group)

    def __del__(self):
        # The others are told with the next message: this may run while one is under way.
        self.leader.dropped.append(self.number)

    def replace(self, tensors):
        with self.leader.asks("replace", self.number, (tensors,)):
            super().replace(tensors)

    def forward(self, images, mode, passes, pooled):
        with self.leader.asks("forward", self.number, (len(images), mode, passes, pooled)):
            return super().forward(images, mode, passes, pooled)

    def learn(self, images, labels, lesson, seed):
        with self.leader.asks("learn", self.number, (len(images), len(labels), lesson, seed)):
            return super().learn(images, labels, lesson, seed)

    def gradients(self):
        with self.leader.asks("gradients", self.number, ()):
            return super().gradients()

    def step(self, *settings):
        with self.leader.asks("step", self.number, settings):
            super().step(*settings)

    def set_optimiser_state(self, steps, buffers):
        with self.leader.asks("set_optimiser_state", self.number, (steps, buffers)):
            super().set_optimiser_state(steps, buffers)


def follow(group, *settings):
    """What the other processes do: as the first one says, until it ends. It alone heeds signals."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    engine, networks = Engine(*settings), {}
    while True:
        asked, number, arguments, dropped = group.told()
        for old in dropped:
            del networks[old]
        if asked == "end":
            return
        if asked == "network":
            networks[number] = EngineNetwork(engine, *arguments, group)
        else:
            getattr(networks[number], asked)(*arguments)


def share(work, device, *settings):
    """Gives work, which takes an engine, to the processes that `torchrun` has started."""
    if torch.device(device).type == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    group = Group(device)
    if group.rank > 0:
        follow(group, device, *settings)
    else:
        engine = Leader(group, device, *settings)
        try:
            work(engine)
        finally:
            engine.close()
    group.close()
