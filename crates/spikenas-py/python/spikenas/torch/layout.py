"""How feature maps lie in memory: [steps, images, channels, rows, columns], timestep by timestep, each with its channels last."""

import torch


def empty(first, steps, dtype):
    """A tensor [steps, ...] without values, with the order in memory of one of its timesteps."""
    return torch.empty_strided(
        (steps, *first.shape), (first.numel(), *first.stride()), dtype=dtype, device=first.device
    )


def is_dense(x):
    """Whether each timestep of a tensor, [steps, ...], is one run of memory, and one follows the other."""
    first = x[0]
    channels_last = first.dim() == 4 and first.is_contiguous(memory_format=torch.channels_last)
    return (first.is_contiguous() or channels_last) and (x.shape[0] == 1 or x.stride(0) == first.numel())


def like(tensor, other):
    """A tensor with the order in memory that another has within its first dimension: itself, or a copy."""
    if tensor.stride()[1:] == other.stride()[1:] and (tensor.shape[0] == 1 or tensor.stride(0) == other[0].numel()):
        return tensor
    return empty(other[0], tensor.shape[0], tensor.dtype).copy_(tensor)
