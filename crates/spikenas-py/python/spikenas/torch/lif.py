"""The leaky integrate-and-fire neuron over all timesteps.

    h[t] = v[t-1] + (x[t] - v[t-1]) / tau        in this order, float32
    s[t] = 1 where h[t] - threshold >= 0, else 0
    v[t] = (1 - s[t]) h[t]                       the reset has no gradient

Backwards, the spike's derivative is that of ATan with alpha = 2: 1 / (1 + (pi (h - threshold))^2).
"""

import math

import torch
from torch import nn

from . import lif_kernels
from .layout import empty


def charge(x, v, tau):
    """h of an input and a membrane. `tau` is a tensor: a division by a number is a product with its inverse on some devices."""
    return v + (x - v) / tau


def surrogate(over):
    """The derivative of the spike by the membrane, so far over the threshold."""
    return 1 / (1 + (math.pi * over) ** 2)


class Fire(torch.autograd.Function):
    """Spikes of membranes that are so far over the threshold."""

    @staticmethod
    def forward(ctx, over):
        ctx.save_for_backward(over)
        return (over >= 0).to(over.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (over,) = ctx.saved_tensors
        return gradient * surrogate(over)


class LifOverTime(torch.autograd.Function):
    """All timesteps, plain: `x` [steps, ...], or without the first dimension if the input is the same at every timestep."""

    @staticmethod
    def forward(ctx, x, membrane, steps, tau, threshold, dtype):
        ctx.steps, ctx.tau, ctx.threshold = steps, tau, threshold
        ctx.save_for_backward(x, membrane)
        is_constant = x.dim() == membrane.dim()
        spikes = empty(membrane, steps, dtype)
        v, divisor = membrane, torch.tensor(tau, device=x.device)
        for t in range(steps):
            h = charge(x if is_constant else x[t], v, divisor)
            fired = h - threshold >= 0
            spikes[t] = fired
            v = h.masked_fill(fired, 0)
        ctx.mark_non_differentiable(v)
        return spikes, v

    @staticmethod
    def backward(ctx, gradient, _):
        x, membrane = ctx.saved_tensors
        is_constant = x.dim() == membrane.dim()
        divisor = torch.tensor(ctx.tau, device=x.device)
        charges, v = [], membrane
        for t in range(ctx.steps):
            h = charge(x if is_constant else x[t], v, divisor)
            charges.append(h)
            v = h.masked_fill(h - ctx.threshold >= 0, 0)
        result = torch.zeros_like(x)
        of_membrane = torch.zeros_like(membrane)
        for t in reversed(range(ctx.steps)):
            over = charges.pop() - ctx.threshold
            of_charge = gradient[t].float() * surrogate(over) + of_membrane.masked_fill(over >= 0, 0)
            of_input = of_charge / divisor
            if is_constant:
                result += of_input
            else:
                result[t] = of_input
            of_membrane = of_charge - of_input
        return result, None, None, None, None, None


class Lif(nn.Module):
    """A LIF layer. It has no parameters; its membranes begin at zero with every call, unless they are given."""

    def __init__(self, name, threshold, tau):
        super().__init__()
        self.name, self.threshold, self.tau = name, threshold, tau

    def extra_repr(self):
        return f"threshold={self.threshold:g}, tau={self.tau:g}"

    def forward(self, x, steps, membrane=None):
        """Spikes [steps, ...] and the membranes after them, of `x` [steps, ...] or, the same at every timestep, [1, ...]."""
        dtype = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else torch.float32
        x = x.float()
        if lif_kernels.can_run(x):
            return lif_kernels.LifOverTime.apply(x, membrane, steps, self.tau, self.threshold, dtype)
        first = x[0]
        membrane = torch.zeros_like(first) if membrane is None else membrane
        return LifOverTime.apply(x if x.shape[0] == steps else first, membrane, steps, self.tau, self.threshold, dtype)

    def step(self, x, v):
        """One timestep: spikes and the membrane after them, float32."""
        h = charge(x.float(), v, torch.tensor(self.tau, device=x.device))
        spikes = Fire.apply(h - self.threshold)
        return spikes, (1 - spikes.detach()) * h
