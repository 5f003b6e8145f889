"""Each Triton kernel against the plain operations, on sizes that do not fill the kernels' blocks.

Run as a program it takes the device's name; with TRITON_INTERPRET=1 in the environment, `cpu` works, slowly and so on fewer cases.
"""

import sys
from contextlib import contextmanager

import spikenas
import torch
from spikenas.torch import Network, batch_norm, lif, lif_kernels, norm_kernels
from spikenas.torch.layout import empty, is_dense
from spikenas.torch.network import Pass

SIZES = [(3, 2, 5, 7, 9), (1, 1, 1, 1, 1), (2, 2, 70, 5, 5), (5, 2, 16, 4, 4), (2, 9, 3, 30, 31)]
ARCHITECTURES = ["0413 0021 0004 0000", "0313 0031 0003 0000", "0110 0000 0001 0000"]


def chosen(cases, device):
    """The first cases alone where kernels are interpreted."""
    return cases if device != "cpu" else cases[: len(cases) // 2 + 1]


def drawn(size, device, dtype=torch.float32):
    """A map [steps, images, channels, rows, columns], channels last."""
    generator = torch.Generator().manual_seed(sum(size))
    values = torch.randn(size, generator=generator) * 1.5 + 0.5
    first = torch.empty(size[1:], device=device).contiguous(memory_format=torch.channels_last)
    return empty(first, size[0], dtype).copy_(values.to(device))


def lif_cases(device):
    for size in chosen(SIZES, device):
        for has_membrane in (False, True):
            for is_constant in (False, True):
                steps = size[0] + 2 if is_constant else size[0]
                x = drawn((1, *size[1:]) if is_constant else size, device)
                membrane = drawn((1, *size[1:]), device)[0] * 0.3 if has_membrane else None
                gradient = drawn((steps, *size[1:]), device)
                # Without membranes another surrogate, too.
                settings = steps, 4 / 3, 1.0, 2.0 if has_membrane else 0.7, torch.float32
                results = []
                for kernels in (False, True):
                    given = x.detach().clone().requires_grad_()
                    if kernels:
                        spikes, after = lif_kernels.LifOverTime.apply(given, membrane, *settings)
                    else:
                        begin = torch.zeros_like(x[0]) if membrane is None else membrane
                        spikes, after = lif.LifOverTime.apply(given[0] if is_constant else given, begin, *settings)
                    spikes.backward(gradient)
                    results.append((spikes.detach(), after, given.grad))
                plain, other = results
                yield f"lif {size} membrane {has_membrane} constant {is_constant}", [
                    ("spikes", (plain[0] != other[0]).sum().item(), 0),
                    ("membranes", (plain[1] - other[1]).abs().max().item(), 1e-6),
                    ("gradient", (plain[2] - other[2]).abs().max().item(), 1e-5),
                ]


def norm_cases(device):
    for size in chosen(SIZES, device):
        for dtype in (torch.float32, torch.bfloat16):
            x, gradient = drawn(size, device, dtype), drawn(size, device)
            count = size[1] * size[3] * size[4]
            variance, mean = torch.var_mean(x.double(), dim=(1, 3, 4), correction=0)
            found_mean, squares = norm_kernels.moments(x)
            total, product = norm_kernels.sums(gradient, x, mean)
            away = x.double() - mean[:, None, :, None, None]
            scale, slope, shift = (torch.randn(size[0], size[2], dtype=torch.float64).to(device) for _ in range(3))
            wide = lambda values: values[:, None, :, None, None]
            applied = norm_kernels.affine(x, scale, shift)
            combined = norm_kernels.combined(gradient, x, scale, slope, shift)
            expected = gradient * wide(scale) + x.double() * wide(slope) + wide(shift)
            largest = lambda a, b: (a.double() - b).abs().max().item()
            yield f"norm {size} {dtype}", [
                ("mean", largest(found_mean, mean), 1e-6),
                ("squares", largest(squares, variance * count), 1e-4 * count),
                ("sum of gradients", largest(total, gradient.double().sum((1, 3, 4))), 1e-4 * count),
                ("products", largest(product, (gradient.double() * away).sum((1, 3, 4))), 1e-4 * count),
                ("affine", largest(applied, x.double() * wide(scale) + wide(shift)), 1e-5),
                ("combined", largest(combined, expected), 1e-5 if dtype == torch.float32 else 0.2),
            ]


def whole_norm_cases(device):
    """The batch norm of a layer, forwards and backwards, by the kernels and by plain operations."""
    for size in chosen(SIZES, device):
        for is_constant in (False, True):
            x, gradient = drawn(size, device), drawn(size, device)
            added = drawn((1 if is_constant else size[0], *size[1:]), device) * 0.1
            updates = size[0] if not is_constant or size[0] > 1 else 4
            results = []
            for kernels in (False, True):
                layer = batch_norm.BatchNorm(size[2], updates).to(device)
                with torch.no_grad():
                    layer.weight.copy_(torch.linspace(0.5, 1.5, size[2]))
                    layer.bias.copy_(torch.linspace(-1, 1, size[2]))
                given, more = (tensor.detach().clone().requires_grad_() for tensor in (x, added))
                if kernels:
                    tensors = layer.weight, layer.bias, layer.running_mean, layer.running_var
                    y = norm_kernels.Normalise.apply(given, *tensors, updates, more)
                else:
                    statistics = batch_norm.moments(x, None)
                    layer.update(statistics, None, range(updates))
                    y = batch_norm.Normalise.apply(given, layer.weight, layer.bias, statistics, None) + more
                y.backward(gradient)
                results.append((y, layer.running_mean, layer.running_var, given.grad, layer.weight.grad, layer.bias.grad, more.grad))
            largest = lambda a, b: (a - b).abs().max().item() / (1 + a.abs().max().item())
            names = ("map", "running mean", "running variance", "gradient", "of weight", "of bias", "of what is added")
            # A single value has no variance: its normalised map is rounding, blown up.
            limit = 1e-5 if size != SIZES[1] else 1e-3
            yield f"batch norm {size} constant {is_constant}", [
                (name, largest(a, b), limit) for name, a, b in zip(names, *results)
            ]


def network_cases(device):
    """Whole networks, forwards and backwards, whose layers take the kernels wherever these can run, and nowhere."""
    for architecture in ARCHITECTURES if device != "cpu" else ARCHITECTURES[:1]:
        graph = spikenas.graph(architecture, preset="sample", image=(3, 8, 8), widths=[5, 8], hidden=16, timesteps=2)
        generator = torch.Generator().manual_seed(1)
        images = torch.randn(2, 3, 8, 8, generator=generator).to(device)
        results = []
        for kernels in (False, True):
            torch.manual_seed(1)
            network = Network(graph).to(device)
            with only(kernels):
                membranes = {}
                for _ in range(2):
                    votes = network.votes(images, Pass(membranes=membranes))
                    votes.square().sum().backward()
                network.eval()
                votes = torch.cat([votes, network.votes(images)]).detach()
            gradients = torch.cat([p.grad.flatten() for p in network.parameters()])
            buffers = torch.cat([b.flatten().float() for b in network.buffers()])
            results.append((votes, gradients, buffers))
        largest = lambda a, b: (a - b).abs().max().item() / (1 + a.abs().max().item())
        yield f"network {architecture}", [
            (name, largest(a, b), 1e-5) for name, a, b in zip(("votes", "gradients", "buffers"), *results)
        ]


@contextmanager
def only(kernels):
    """Says of every dense map that the kernels can, or cannot, take it."""
    before = lif_kernels.can_run, norm_kernels.can_run
    lif_kernels.can_run = lambda x: kernels and x.dtype == torch.float32 and is_dense(x)
    norm_kernels.can_run = lambda x: kernels and x.stride(2) == 1 and is_dense(x)
    yield
    lif_kernels.can_run, norm_kernels.can_run = before


def compare(device):
    """A line for each case, with what is off."""
    for name, checks in [*lif_cases(device), *norm_cases(device), *whole_norm_cases(device), *network_cases(device)]:
        wrong = [f"{what} {error:.3g} > {limit:.3g}" for what, error, limit in checks if not error <= limit]
        yield f"{name}: {'; '.join(wrong) or 'equal'}"


if __name__ == "__main__":
    if sys.argv[1] == "cpu":
        # Small blocks are quicker to interpret, and cut these small maps into several parts.
        norm_kernels.BLOCK, norm_kernels.BLOCKS = 512, 2
    lines = list(compare(sys.argv[1]))
    print("\n".join(lines))
    sys.exit(any(not line.endswith(": equal") for line in lines))
