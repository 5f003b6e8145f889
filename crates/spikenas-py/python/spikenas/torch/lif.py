"""The leaky integrate-and-fire neuron over all timesteps.

    h[t] = v[t-1] + (x[t] - v[t-1]) / tau        in this order, float32
    s[t] = 1 where h[t] - threshold >= 0, else 0
    v[t] = (1 - s[t]) h[t]                       the reset has no gradient

Backwards, the spike's derivative is that of ATan (Fang et al. 2021): (alpha / 2) / (1 + (pi / 2 alpha (h - threshold))^2).
"""

import math

import torch
from torch import nn

from . import lif_kernels
from .layout import empty


def charge(x, v, tau):
    """h of an input and a membrane. `tau` is a tensor: a division by a number is a product with its inverse on some devices."""
    return v + (x - v) / tau


def surrogate(over, alpha):
    """The derivative of the spike by the membrane, so far over the threshold."""
    return alpha / 2 / (1 + (math.pi / 2 * alpha * over) ** 2)


class Fire(torch.autograd.Function):
    """Spikes of membranes that are so far over the threshold."""

    @staticmethod
    def forward(ctx, over, alpha):
        ctx.save_for_backward(over)
        ctx.alpha = alpha
        return (over >= 0).to(over.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (over,) = ctx.saved_tensors
        return gradient * surrogate(over, ctx.alpha), None


class LifOverTime(torch.autograd.Function):
    """All timesteps, plain: `x` [steps, ...], or without the first dimension if the input is the same at every timestep."""

    @staticmethod
    def forward(ctx, x, membrane, steps, tau, threshold, alpha, dtype):
        is_constant = x.dim() == membrane.dim()
        spikes, charges = empty(membrane, steps, dtype), empty(membrane, steps, torch.float32)
        v, divisor = membrane, torch.full((), tau, device=x.device)
        for t in range(steps):
            h = torch.sub(x if is_constant else x[t], v, out=charges[t]).div_(divisor).add_(v)
            # As h - threshold >= 0, whatever the rounding.
            fired = h >= threshold
            spikes[t] = fired
            v = h.masked_fill(fired, 0)
        ctx.save_for_backward(charges)
        ctx.divisor, ctx.threshold, ctx.alpha, ctx.is_constant = divisor, threshold, alpha, is_constant
        ctx.mark_non_differentiable(v)
        return spikes, v

    @staticmethod
    def backward(ctx, gradient, _):
        (charges,) = ctx.saved_tensors
        steps, highest = len(charges), ctx.alpha / 2
        result = torch.zeros_like(charges[0]) if ctx.is_constant else torch.empty_like(charges)
        of_membrane = torch.zeros_like(charges[0])
        for t in reversed(range(steps)):
            over = charges[t] - ctx.threshold
            of_membrane.masked_fill_(over >= 0, 0)
            slope = over.mul_(math.pi * highest).square_().add_(1).reciprocal_().mul_(highest)
            of_charge = slope.mul_(gradient[t]).add_(of_membrane)
            if ctx.is_constant:
                of_input = of_charge / ctx.divisor
                result += of_input
            else:
                of_input = torch.div(of_charge, ctx.divisor, out=result[t])
            of_membrane = of_charge.sub_(of_input)
        return result, None, None, None, None, None, None


class Lif(nn.Module):
    """A LIF layer. It has no parameters; its membranes begin at zero with every call, unless they are given."""

    def __init__(self, name, threshold, tau):
        super().__init__()
        self.name, self.threshold, self.tau = name, threshold, tau
        # Sharpness of the surrogate gradient; a training sets its own.
        self.surrogate_alpha = 2.0

    def extra_repr(self):
        return f"threshold={self.threshold:g}, tau={self.tau:g}"

    def forward(self, x, steps, membrane=None):
        """Spikes [steps, ...] and the membranes after them, of `x` [steps, ...] or, the same at every timestep, [1, ...]."""
        dtype = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else torch.float32
        x = x.float()
        settings = steps, self.tau, self.threshold, self.surrogate_alpha, dtype
        if lif_kernels.can_run(x):
            return lif_kernels.LifOverTime.apply(x, membrane, *settings)
        first = x[0]
        membrane = torch.zeros_like(first) if membrane is None else membrane
        return LifOverTime.apply(x if x.shape[0] == steps else first, membrane, *settings)

    def step(self, x, v):
        """One timestep: spikes and the membrane after them, float32."""
        h = charge(x.float(), v, torch.full((), self.tau, device=x.device))
        spikes = Fire.apply(h - self.threshold, self.surrogate_alpha)
        return spikes, (1 - spikes.detach()) * h
