"""Batch norm on maps with their channels last, as Triton kernels: three launches forwards and three backwards.

A map is [steps, rows, channels] here, its images, rows and columns being one dimension. Statistics are of parts of the rows first, each
around its own mean, and then of all parts in float64, by one program for some channels, which updates the running statistics, too.
"""

import torch

from .layout import empty, is_dense, like
from .triton import tl, triton

EPSILON, MOMENTUM = 1e-5, 0.1

# Values of a block of a map, blocks of a part, values of a program that changes each by itself, and channels of a last sum.
BLOCK, BLOCKS, EACH, LAST = 4096, 16, 1024, 32


def can_run(x):
    """Whether the kernels can take a map: on a GPU, with Triton, channels last."""
    return triton is not None and x.is_cuda and x.stride(2) == 1 and is_dense(x) and x.numel() > 0


if triton is not None:

    @triton.jit
    def moments_kernel(
        x_ptr, mean_ptr, squares_ptr, rows, channels,
        ROWS: tl.constexpr, CHANNELS: tl.constexpr, BLOCKS: tl.constexpr,
    ):
        """Mean of each part, and the sum of squares around it."""
        step = tl.program_id(2).to(tl.int64)
        channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
        count = tl.zeros([CHANNELS], tl.float32)
        mean = tl.zeros([CHANNELS], tl.float32)
        squares = tl.zeros([CHANNELS], tl.float32)
        for block in range(BLOCKS):
            row = (tl.program_id(0) * BLOCKS + block) * ROWS + tl.arange(0, ROWS)
            inside = (row[:, None] < rows) & (channel[None, :] < channels)
            place = (step * rows + row[:, None]) * channels + channel[None, :]
            x = tl.load(x_ptr + place, mask=inside, other=0.0).to(tl.float32)
            here = tl.sum(inside.to(tl.float32), 0)
            center = tl.sum(x, 0) / tl.maximum(here, 1.0)
            away = tl.where(inside, x - center[None, :], 0.0)
            total = tl.maximum(count + here, 1.0)
            between = center - mean
            squares += tl.sum(away * away, 0) + between * between * (count * here / total)
            mean += between * (here / total)
            count += here
        part = (step * tl.num_programs(0) + tl.program_id(0)) * channels + channel
        tl.store(mean_ptr + part, mean, mask=channel < channels)
        tl.store(squares_ptr + part, squares, mask=channel < channels)

    @triton.jit(do_not_specialize=["steps", "repeats", "parts"])
    def statistics_kernel(
        means_ptr, squares_ptr, weight_ptr, bias_ptr, running_mean_ptr, running_variance_ptr,
        mean_ptr, inverse_ptr, scale_ptr, shift_ptr, rows, channels, parts, steps, repeats,
        PART: tl.constexpr, PARTS: tl.constexpr, CHANNELS: tl.constexpr,
        EPSILON: tl.constexpr, MOMENTUM: tl.constexpr,
    ):
        """Statistics of each timestep from those of its parts, what they make of the affine map, and the running ones."""
        channel = tl.program_id(0) * CHANNELS + tl.arange(0, CHANNELS)
        is_one = channel < channels
        weight = tl.load(weight_ptr + channel, mask=is_one, other=0.0).to(tl.float64)
        bias = tl.load(bias_ptr + channel, mask=is_one, other=0.0).to(tl.float64)
        running_mean = tl.load(running_mean_ptr + channel, mask=is_one, other=0.0).to(tl.float64)
        running_variance = tl.load(running_variance_ptr + channel, mask=is_one, other=0.0).to(tl.float64)
        part = tl.arange(0, PARTS)
        all_rows = (tl.zeros([CHANNELS], tl.int32) + rows).to(tl.float64)
        for step in range(steps):
            total = tl.zeros([CHANNELS], tl.float64)
            for first in range(0, parts, PARTS):
                inside = (first + part[:, None] < parts) & is_one[None, :]
                place = (step * parts + first + part[:, None]) * channels + channel[None, :]
                count = tl.minimum(rows - (first + part) * PART, PART).to(tl.float64)
                center = tl.load(means_ptr + place, mask=inside, other=0.0).to(tl.float64)
                total += tl.sum(center * count[:, None], 0)
            mean = total / all_rows
            total = tl.zeros([CHANNELS], tl.float64)
            for first in range(0, parts, PARTS):
                inside = (first + part[:, None] < parts) & is_one[None, :]
                place = (step * parts + first + part[:, None]) * channels + channel[None, :]
                count = tl.minimum(rows - (first + part) * PART, PART).to(tl.float64)
                center = tl.load(means_ptr + place, mask=inside, other=0.0).to(tl.float64)
                squares = tl.load(squares_ptr + place, mask=inside, other=0.0).to(tl.float64)
                away = center - mean[None, :]
                total += tl.sum(tl.where(inside, squares + away * away * count[:, None], 0.0), 0)
            variance = total / all_rows
            inverse = 1.0 / tl.sqrt(variance + EPSILON)
            out = step * channels + channel
            tl.store(mean_ptr + out, mean.to(tl.float32), mask=is_one)
            tl.store(inverse_ptr + out, inverse.to(tl.float32), mask=is_one)
            tl.store(scale_ptr + out, (inverse * weight).to(tl.float32), mask=is_one)
            tl.store(shift_ptr + out, (bias - mean * inverse * weight).to(tl.float32), mask=is_one)
            unbiased = total / tl.maximum(all_rows - 1.0, 1.0)
            for _ in range(repeats):
                running_mean += MOMENTUM * (mean - running_mean)
                running_variance += MOMENTUM * (unbiased - running_variance)
        tl.store(running_mean_ptr + channel, running_mean.to(tl.float32), mask=is_one)
        tl.store(running_variance_ptr + channel, running_variance.to(tl.float32), mask=is_one)

    @triton.jit
    def sums_kernel(
        gradient_ptr, x_ptr, mean_ptr, total_ptr, product_ptr, rows, channels,
        ROWS: tl.constexpr, CHANNELS: tl.constexpr, BLOCKS: tl.constexpr,
    ):
        """The sums of g and of g (x - mean) over each part."""
        step = tl.program_id(2).to(tl.int64)
        channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
        mean = tl.load(mean_ptr + step * channels + channel, mask=channel < channels, other=0.0)
        total = tl.zeros([CHANNELS], tl.float32)
        product = tl.zeros([CHANNELS], tl.float32)
        for block in range(BLOCKS):
            row = (tl.program_id(0) * BLOCKS + block) * ROWS + tl.arange(0, ROWS)
            inside = (row[:, None] < rows) & (channel[None, :] < channels)
            place = (step * rows + row[:, None]) * channels + channel[None, :]
            gradient = tl.load(gradient_ptr + place, mask=inside, other=0.0).to(tl.float32)
            x = tl.load(x_ptr + place, mask=inside, other=0.0).to(tl.float32)
            total += tl.sum(gradient, 0)
            product += tl.sum(gradient * (x - mean[None, :]), 0)
        part = (step * tl.num_programs(0) + tl.program_id(0)) * channels + channel
        tl.store(total_ptr + part, total, mask=channel < channels)
        tl.store(product_ptr + part, product, mask=channel < channels)

    @triton.jit(do_not_specialize=["steps", "parts"])
    def backward_kernel(
        totals_ptr, products_ptr, mean_ptr, inverse_ptr, scale_ptr,
        of_weight_ptr, of_bias_ptr, slope_ptr, shift_ptr, rows, channels, parts, steps,
        PARTS: tl.constexpr, CHANNELS: tl.constexpr,
    ):
        """The gradients of weight and bias, and what each timestep's gradient needs beside its own scale."""
        channel = tl.program_id(0) * CHANNELS + tl.arange(0, CHANNELS)
        is_one = channel < channels
        part = tl.arange(0, PARTS)
        all_rows = (tl.zeros([CHANNELS], tl.int32) + rows).to(tl.float64)
        of_weight = tl.zeros([CHANNELS], tl.float64)
        of_bias = tl.zeros([CHANNELS], tl.float64)
        for step in range(steps):
            total = tl.zeros([CHANNELS], tl.float64)
            product = tl.zeros([CHANNELS], tl.float64)
            for first in range(0, parts, PARTS):
                inside = (first + part[:, None] < parts) & is_one[None, :]
                place = (step * parts + first + part[:, None]) * channels + channel[None, :]
                total += tl.sum(tl.load(totals_ptr + place, mask=inside, other=0.0).to(tl.float64), 0)
                product += tl.sum(tl.load(products_ptr + place, mask=inside, other=0.0).to(tl.float64), 0)
            out = step * channels + channel
            mean = tl.load(mean_ptr + out, mask=is_one, other=0.0).to(tl.float64)
            inverse = tl.load(inverse_ptr + out, mask=is_one, other=0.0).to(tl.float64)
            scale = tl.load(scale_ptr + out, mask=is_one, other=0.0).to(tl.float64)
            slope = -scale * inverse * inverse * product / all_rows
            tl.store(slope_ptr + out, slope.to(tl.float32), mask=is_one)
            tl.store(shift_ptr + out, (-scale * total / all_rows - slope * mean).to(tl.float32), mask=is_one)
            of_weight += product * inverse
            of_bias += total
        tl.store(of_weight_ptr + channel, of_weight.to(tl.float32), mask=is_one)
        tl.store(of_bias_ptr + channel, of_bias.to(tl.float32), mask=is_one)

    @triton.jit
    def combined_kernel(
        gradient_ptr, x_ptr, scale_ptr, slope_ptr, shift_ptr, result_ptr, count, stride, channels,
        HAS_GRADIENT: tl.constexpr, HAS_SCALE: tl.constexpr, EACH: tl.constexpr,
    ):
        """g scale + x slope + shift; without a scale, g + x slope + shift; without a gradient, x slope + shift.

        `stride`: from one timestep of g to the next, 0 where it is the same at all.
        """
        step = tl.program_id(1).to(tl.int64)
        place = tl.program_id(0) * EACH + tl.arange(0, EACH)
        inside = place < count
        channel = step * channels + place % channels
        far = step * count + place
        value = tl.load(x_ptr + far, mask=inside, other=0.0).to(tl.float32)
        value = value * tl.load(slope_ptr + channel, mask=inside, other=0.0)
        value += tl.load(shift_ptr + channel, mask=inside, other=0.0)
        if HAS_GRADIENT:
            gradient = tl.load(gradient_ptr + step * stride + place, mask=inside, other=0.0).to(tl.float32)
            if HAS_SCALE:
                gradient *= tl.load(scale_ptr + channel, mask=inside, other=0.0)
            value += gradient
        tl.store(result_ptr + far, value.to(result_ptr.dtype.element_ty), mask=inside)


class Sizes:
    """How a map is cut into blocks and parts."""

    def __init__(self, x):
        self.steps, images, self.channels, height, width = x.shape
        self.rows = images * height * width
        self.block_channels = min(64, triton.next_power_of_2(self.channels))
        self.block_rows = BLOCK // self.block_channels
        self.part = self.block_rows * BLOCKS
        self.parts = triton.cdiv(self.rows, self.part)

    def partial_sums(self, kernel, *tensors):
        """Two sums over each part, float32 [steps, parts, channels]."""
        size = (2, self.steps, self.parts, self.channels)
        first, second = torch.empty(size, dtype=torch.float32, device=tensors[0].device)
        kernel[(self.parts, triton.cdiv(self.channels, self.block_channels), self.steps)](
            *tensors, first, second, self.rows, self.channels,
            ROWS=self.block_rows, CHANNELS=self.block_channels, BLOCKS=BLOCKS,
        )
        return first, second

    def by_channel(self, x, count):
        """`count` tensors of float32 [steps, channels] without values."""
        return torch.empty((count, self.steps, self.channels), dtype=torch.float32, device=x.device)

    def last(self):
        """The programs of a kernel that sums up parts, and its sizes."""
        parts = min(64, triton.next_power_of_2(self.parts))
        return (triton.cdiv(self.channels, LAST),), {"PARTS": parts, "CHANNELS": LAST}


class Normalise(torch.autograd.Function):
    """The batch norm of a map in training, and another map added to it, which may be the same at every timestep.

    Moves the running statistics at each of `updates` timesteps.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_variance, updates, added=None):
        sizes = Sizes(x)
        means, squares = sizes.partial_sums(moments_kernel, x)
        mean, inverse, scale, shift = sizes.by_channel(x, 4)
        grid, blocks = sizes.last()
        statistics_kernel[grid](
            means, squares, weight, bias, running_mean, running_variance, mean, inverse, scale, shift,
            sizes.rows, sizes.channels, sizes.parts, sizes.steps, updates // sizes.steps,
            PART=sizes.part, EPSILON=EPSILON, MOMENTUM=MOMENTUM, **blocks,
        )
        ctx.save_for_backward(x, mean, inverse, scale)
        ctx.added_steps = 0 if added is None else added.shape[0]
        added = None if added is None else like(added, x)
        return launch_combined(added, x, None, scale, shift, torch.float32)

    @staticmethod
    def backward(ctx, gradient):
        of_added = gradient if ctx.added_steps == len(gradient) else None
        if 0 < ctx.added_steps < len(gradient):
            of_added = gradient.sum(0, keepdim=True)
        x, mean, inverse, scale = ctx.saved_tensors
        sizes, gradient = Sizes(x), like(gradient, x)
        totals, products = sizes.partial_sums(sums_kernel, gradient, x, mean)
        slope, shift = sizes.by_channel(x, 2)
        of_weight, of_bias = torch.empty((2, sizes.channels), dtype=torch.float32, device=x.device)
        grid, blocks = sizes.last()
        backward_kernel[grid](
            totals, products, mean, inverse, scale, of_weight, of_bias, slope, shift,
            sizes.rows, sizes.channels, sizes.parts, sizes.steps, **blocks,
        )
        of_x = launch_combined(gradient, x, scale, slope, shift, x.dtype)
        return of_x, of_weight, of_bias, None, None, None, of_added


def moments(x):
    """The mean, and the sum of squares around it, of each timestep and channel, float64 [steps, channels]."""
    sizes = Sizes(x)
    means, squares = sizes.partial_sums(moments_kernel, x)
    ends = torch.arange(1, sizes.parts + 1, device=x.device, dtype=torch.float64)[:, None] * sizes.part
    counts = (sizes.rows - ends).clamp(max=0) + sizes.part
    means = means.double()
    mean = (means * counts).sum(1) / sizes.rows
    between = ((means - mean[:, None]) ** 2 * counts).sum(1)
    return mean, squares.sum(1, dtype=torch.float64) + between


def sums(gradient, x, mean):
    """The sums of g and of g (x - mean), float64 [steps, channels]."""
    total, product = Sizes(x).partial_sums(sums_kernel, like(gradient, x), x, mean.to(torch.float32).contiguous())
    return total.sum(1, dtype=torch.float64), product.sum(1, dtype=torch.float64)


def affine(x, scale, shift, added=None):
    """x scale + shift, and another map added to it, float32."""
    added = None if added is None else like(added, x)
    return launch_combined(added, x, None, rows_of(scale, x), rows_of(shift, x), torch.float32)


def combined(gradient, x, scale, slope, shift):
    """g scale + x slope + shift, in the type of x."""
    scale, slope, shift = (rows_of(values, x) for values in (scale, slope, shift))
    return launch_combined(like(gradient, x), x, scale, slope, shift, x.dtype)


def launch_combined(gradient, x, scale, slope, shift, dtype):
    steps, count, channels = x.shape[0], x[0].numel(), x.shape[2]
    result = empty(x[0], steps, dtype)
    stride = 0 if gradient is None or gradient.shape[0] != steps else count
    combined_kernel[(triton.cdiv(count, EACH), steps)](
        x if gradient is None else gradient, x, slope if scale is None else scale, slope, shift, result,
        count, stride, channels,
        HAS_GRADIENT=gradient is not None, HAS_SCALE=scale is not None, EACH=EACH,
    )
    return result


def rows_of(values, x):
    """[steps, channels] in float32, of values that may be the same at every timestep."""
    return values.to(torch.float32).expand(x.shape[0], -1).contiguous()
