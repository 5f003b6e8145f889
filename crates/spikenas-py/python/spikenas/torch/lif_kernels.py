"""The LIF neuron over all timesteps as one Triton kernel forwards and one backwards; see `lif.py` for the formulas.

A program keeps the membranes of some neurons in registers over all timesteps. Backwards, it computes them again from the input,
which is all that is kept: the values lie in the gradient's own memory until they are read for the last time, in the nearest caches.
"""

import torch

from .layout import empty, is_dense, like
from .triton import tl, triton

BLOCK = 1024


def can_run(x):
    """Whether the kernels can take a tensor: on a GPU, with Triton, dense in the order of its timesteps."""
    return triton is not None and x.is_cuda and x.dtype == torch.float32 and is_dense(x)


if triton is not None:

    @triton.jit
    def charge(x, v, tau):
        return v + tl.div_rn(x - v, tau)

    # An argument that is 1 would be a constant of the compiler, and no value that it can convert.
    @triton.jit(do_not_specialize=["steps"])
    def forward_kernel(
        x_ptr, before_ptr, spikes_ptr, after_ptr, count, stride, steps, tau, threshold,
        HAS_BEFORE: tl.constexpr, BLOCK: tl.constexpr,
    ):
        place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        inside = place < count
        v = tl.zeros([BLOCK], tl.float32)
        if HAS_BEFORE:
            v = tl.load(before_ptr + place, mask=inside, other=0.0)
        for t in range(steps):
            step = tl.cast(t, tl.int64)
            h = charge(tl.load(x_ptr + step * stride + place, mask=inside, other=0.0), v, tau)
            fired = h - threshold >= 0
            tl.store(spikes_ptr + step * count + place, fired.to(spikes_ptr.dtype.element_ty), mask=inside)
            v = tl.where(fired, 0.0, h)
        tl.store(after_ptr + place, v, mask=inside)

    @triton.jit(do_not_specialize=["steps"])
    def backward_kernel(
        x_ptr, before_ptr, gradient_ptr, charges_ptr, result_ptr, count, stride, steps, tau, threshold, highest,
        HAS_BEFORE: tl.constexpr, IS_CONSTANT: tl.constexpr, BLOCK: tl.constexpr,
    ):
        place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        inside = place < count
        v = tl.zeros([BLOCK], tl.float32)
        if HAS_BEFORE:
            v = tl.load(before_ptr + place, mask=inside, other=0.0)
        for t in range(steps):
            step = tl.cast(t, tl.int64)
            h = charge(tl.load(x_ptr + step * stride + place, mask=inside, other=0.0), v, tau)
            tl.store(charges_ptr + step * count + place, h, mask=inside)
            v = tl.where(h - threshold >= 0, 0.0, h)
        # Who reads a charge may be another thread than who wrote it.
        tl.debug_barrier()
        of_membrane = tl.zeros([BLOCK], tl.float32)
        total = tl.zeros([BLOCK], tl.float32)
        for back in range(steps):
            far = tl.cast(steps - 1 - back, tl.int64) * count + place
            over = tl.load(charges_ptr + far, mask=inside, other=0.0) - threshold
            scaled = 3.141592653589793 * highest * over
            gradient = tl.load(gradient_ptr + far, mask=inside, other=0.0).to(tl.float32)
            of_charge = highest * gradient / (1.0 + scaled * scaled) + tl.where(over >= 0, 0.0, of_membrane)
            of_input = tl.div_rn(of_charge, tau)
            of_membrane = of_charge - of_input
            if IS_CONSTANT:
                total += of_input
            else:
                tl.store(result_ptr + far, of_input, mask=inside)
        if IS_CONSTANT:
            tl.store(result_ptr + place, total, mask=inside)


class LifOverTime(torch.autograd.Function):
    """All timesteps: spikes [steps, ...] and the membranes after them, of `x` [steps, ...] or, the same at every timestep, [1, ...]."""

    @staticmethod
    def forward(ctx, x, membrane, steps, tau, threshold, alpha, dtype):
        first = x[0]
        count, stride = first.numel(), first.numel() if x.shape[0] == steps else 0
        spikes = empty(first, steps, dtype)
        after = torch.empty_like(first)
        before = first if membrane is None else like(membrane, first)
        ctx.steps, ctx.tau, ctx.threshold, ctx.alpha = steps, tau, threshold, alpha
        ctx.has_before = membrane is not None
        ctx.save_for_backward(x, before)
        if count > 0:
            forward_kernel[(triton.cdiv(count, BLOCK),)](
                x, before, spikes, after, count, stride, steps, tau, threshold, HAS_BEFORE=ctx.has_before, BLOCK=BLOCK
            )
        ctx.mark_non_differentiable(after)
        return spikes, after

    @staticmethod
    def backward(ctx, gradient, _):
        x, before = ctx.saved_tensors
        first, steps = x[0], ctx.steps
        count, is_constant = first.numel(), x.shape[0] != steps
        gradient = like(gradient, x)
        result = empty(first, x.shape[0], torch.float32)
        charges = empty(first, steps, torch.float32) if is_constant else result
        if count > 0:
            backward_kernel[(triton.cdiv(count, BLOCK),)](
                x, before, gradient, charges, result, count, 0 if is_constant else count, steps, ctx.tau, ctx.threshold, ctx.alpha / 2,
                HAS_BEFORE=ctx.has_before, IS_CONSTANT=is_constant, BLOCK=BLOCK,
            )
        return result, None, None, None, None, None, None

