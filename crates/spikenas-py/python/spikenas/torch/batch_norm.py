"""Batch norm with statistics of each timestep, or of all together.

In training, each timestep is normalised by its own mean and variance over images, rows and columns (divided by the count), or by those of all timesteps; the running
statistics are updated at each timestep (variance divided by the count less one). In evaluation all have the running ones. Statistics
are float32 or more, whatever the maps are.
"""

from dataclasses import dataclass

import torch
from torch import nn

from . import norm_kernels
from .norm_kernels import EPSILON, MOMENTUM


@dataclass
class Statistics:
    """Mean and biased variance, float64 [steps, channels], over so many values of a channel."""

    mean: torch.Tensor
    variance: torch.Tensor
    count: int


def moments(x, group):
    """The statistics of a map [steps, images, channels, rows, columns], over the images of all processes of a group."""
    count = x.shape[1] * x.shape[3] * x.shape[4]
    if norm_kernels.can_run(x):
        mean, squares = norm_kernels.moments(x)
    else:
        variance, mean = torch.var_mean(x.float(), dim=(1, 3, 4), correction=0)
        mean, squares = mean.double(), variance.double() * count
    if group is not None:
        mean, squares, count = group.joined_moments(mean, squares, count)
    return Statistics(mean, squares / count, count)


class Normalise(torch.autograd.Function):
    """(x - mean) / sqrt(variance + epsilon) * weight + bias, with the gradient through the statistics, too."""

    @staticmethod
    def forward(ctx, x, weight, bias, statistics, group):
        inverse = (statistics.variance + EPSILON).rsqrt()
        scale = inverse * weight.double()
        shift = bias.double() - statistics.mean * scale
        ctx.statistics, ctx.group = statistics, group
        ctx.save_for_backward(x, inverse, scale)
        return affine(x, scale, shift)

    @staticmethod
    def backward(ctx, gradient):
        x, inverse, scale = ctx.saved_tensors
        mean, count = ctx.statistics.mean, ctx.statistics.count
        total, product = sums(gradient, x, mean)
        of_bias, of_weight = total.sum(0), (product * inverse).sum(0)
        if ctx.group is not None:
            total, product = ctx.group.summed(total), ctx.group.summed(product)
        # of x: scale (g - mean(g) - (x - mean) inverse^2 mean(g (x - mean)))
        slope = -scale * inverse**2 * product / count
        shift = -scale * total / count - slope * mean
        of_x = combined(gradient, x, scale, slope, shift)
        return of_x, of_weight.to(torch.float32), of_bias.to(torch.float32), None, None


def by_channel(values):
    """[steps, channels] as float32 that fits a map."""
    return values.to(torch.float32)[:, None, :, None, None]


def affine(x, scale, shift, added=None):
    """x scale + shift, and another map added to it where kernels can run, float32."""
    if norm_kernels.can_run(x):
        return norm_kernels.affine(x, scale, shift, added)
    return torch.addcmul(by_channel(shift), x.float(), by_channel(scale))


def sums(gradient, x, mean):
    """The sums of g and of g (x - mean) over each timestep and channel, float64 [steps, channels]."""
    if norm_kernels.can_run(x):
        return norm_kernels.sums(gradient, x, mean)
    total = gradient.sum((1, 3, 4), dtype=torch.float64)
    product = (gradient * (x.float() - by_channel(mean))).sum((1, 3, 4), dtype=torch.float64)
    return total, product


def combined(gradient, x, scale, slope, shift):
    """g scale + x slope + shift, in the type of x."""
    if norm_kernels.can_run(x):
        return norm_kernels.combined(gradient, x, scale, slope, shift)
    result = torch.addcmul(by_channel(shift), gradient, by_channel(scale))
    return result.addcmul_(x.float(), by_channel(slope)).to(x.dtype)


def fits(added, x):
    """Whether kernels can add a map to another of these sizes: at each timestep, or the same at all."""
    return added.dtype == torch.float32 and added.shape[1:] == x.shape[1:] and added.shape[0] in (1, x.shape[0])


class BatchNorm(nn.Module):
    """A batch norm; its tensors have the names of `torch.nn.BatchNorm2d`'s.

    `updates`: timesteps at which a pass updates the running statistics; a map that is the same at every timestep has them once each.
    """

    def __init__(self, channels, updates):
        super().__init__()
        self.updates = updates
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def extra_repr(self):
        return f"{len(self.weight)}"

    def forward(self, x, passes=None, group=None, at=None, added=None, pooled=False):
        """Normalises `x` [steps, images, channels, rows, columns], and adds another map.

        `passes`: the running statistics become the mean over this pass and so many before it. `at`: the only timestep of `x`, where
        it has one of several. `pooled`: statistics in training are those of all timesteps together.
        """
        if pooled and self.training and len(x) > 1:
            normal = self(x.flatten(0, 1)[None], passes, group)[0].unflatten(0, x.shape[:2])
            return normal if added is None else added + normal
        if added is not None and not (norm_kernels.can_run(x) and fits(added, x)):
            return added + self(x, passes, group, at)
        if norm_kernels.can_run(x) and not self.training:
            return affine(x, *self.running(), added)
        if norm_kernels.can_run(x) and group is None and passes is None and at is None:
            self.num_batches_tracked += self.updates
            tensors = self.weight, self.bias, self.running_mean, self.running_var
            return norm_kernels.Normalise.apply(x, *tensors, self.updates, added)
        normal = self.normalised(x, passes, group, at)
        return normal if added is None else added + normal

    def running(self):
        """Scale and shift by the running statistics, [1, channels]."""
        inverse = (self.running_var.double() + EPSILON).rsqrt()
        scale = (inverse * self.weight.double())[None]
        return scale, self.bias.double() - self.running_mean.double() * scale

    def normalised(self, x, passes, group, at):
        """The same without another map, by operations of PyTorch around the sums."""
        if not self.training:
            return affine(x, *self.running())
        statistics = moments(x.detach(), group)
        self.update(statistics, passes, range(self.updates) if at is None else range(at, at + 1))
        return Normalise.apply(x, self.weight, self.bias, statistics, group)

    @torch.no_grad()
    def update(self, statistics, passes, timesteps):
        """Moves the running statistics towards those of each timestep, one after the other."""
        kept, weights = self.weights(passes, timesteps, len(statistics.mean))
        unbiased = statistics.count / max(statistics.count - 1, 1)
        moved = [(self.running_mean, statistics.mean, 1), (self.running_var, statistics.variance, unbiased)]
        for running, batch, factor in moved:
            of_batch = sum(weight * batch[t] for t, weight in enumerate(weights))
            running.copy_(kept * running.double() + factor * of_batch)
        self.num_batches_tracked += len(timesteps)

    def weights(self, passes, timesteps, maps):
        """What is kept of the running statistics after some timesteps, and the part that each of so many maps has in them then."""
        kept, weights = 1.0, [0.0] * maps
        for place, t in enumerate(timesteps):
            share = MOMENTUM if passes is None else 1 / (passes * self.updates + t + 1)
            kept, weights = kept * (1 - share), [weight * (1 - share) for weight in weights]
            weights[min(place, maps - 1)] += share
        return kept, weights
