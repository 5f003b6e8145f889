"""Exports to NIR, read by SpikingJelly and snnTorch: do their layers fire what the file says?

    python check.py EXPORT.nir...

For each file and simulator: the spikes of every layer at every timestep on the golden inputs, and the outputs. Of an integer
network, every count must be equal, and the outputs up to the rounding of their bias; of a float one, whose sums are added in another
order, the share of counts that differ by more than a spike in a thousand must stay below TOLERANCE, the outputs of an image of which
no count differs be equal up to rounding, and those of nine images in ten: a spike more or less on the way may become one of the classifier.
"""

import contextlib
import io
import json
import sys

import nir
import numpy as np
import torch

TOLERANCE = 0.02


def counts_of(modules, spiking):
    """Hooks that collect the spikes of LIF modules; what they collect."""
    seen = {name: [] for name in spiking}

    def hook(name):
        def collect(module, inputs, outputs):
            spikes = outputs[0] if isinstance(outputs, tuple) else outputs
            seen[name].append(spikes.detach().flatten(1).sum(1).to(torch.int64).numpy())

        return collect

    for name, module in modules.items():
        if name in seen:
            module.register_forward_hook(hook(name))
    return seen


def shown(network, about, inputs):
    """Spikes of every layer and summed outputs of a network that sees the inputs at every timestep."""
    seen = counts_of(dict(network.named_modules()), about["layers"])
    total, state = 0, None
    for _ in range(about["timesteps"]):
        output, state = network(inputs, state) if state is not None else network(inputs)
        total = total + output
    return seen, total


def with_spikingjelly(path, about):
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    return import_from_nir(path, dt=about["dt"])


def with_snntorch(path, about):
    from snntorch.import_nir import import_from_nir

    # It prints whole tensors.
    with contextlib.redirect_stdout(io.StringIO()):
        return import_from_nir(nir.read(path))


def check(path, simulator):
    metadata = nir.read(path).metadata
    text = metadata["spikenas"]
    about = json.loads(text.decode() if isinstance(text, bytes) else str(text))
    inputs = torch.from_numpy(np.asarray(metadata["golden_inputs"]))
    expected = np.asarray(metadata["golden_spikes"])  # [images, layers, timesteps]
    with torch.no_grad():
        seen, total = shown(simulator(path, about), about, inputs)
    found = np.stack([np.stack(seen[name], axis=1) for name in about["layers"]], axis=1)
    outputs = np.asarray(metadata["golden_outputs"])
    total = total.reshape(outputs.shape).numpy()
    off = np.abs(total - outputs).max(axis=1) / np.abs(outputs).max()
    differ = int((found != expected).sum())
    print(f"{path}, {simulator.__name__}: {differ} of {expected.size} counts differ, {int(expected.sum())} spikes, outputs off by {off.max():.2e}")
    if about["arithmetic"].startswith("integer"):
        assert differ == 0 and off.max() < 1e-6, "an integer network must be equal"
    else:
        far = np.abs(found - expected) > np.maximum(1, expected / 1000)
        same = (found == expected).all(axis=(1, 2))
        rounded = off < 1e-5
        assert far.mean() < TOLERANCE and rounded[same].all() and rounded.mean() >= 0.9, "a float network is too far away"


if __name__ == "__main__":
    # Both may convolve by Winograd's algorithm, whose float32 is not exact; NNPACK does from 16 images on.
    torch.backends.mkldnn.enabled = False
    torch.backends.nnpack.set_flags(False)
    for path in sys.argv[1:]:
        for simulator in (with_spikingjelly, with_snntorch):
            check(path, simulator)
