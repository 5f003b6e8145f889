"""What each layer of an export to NIR takes of Loihi 1's cores: nengo-loihi's builder beside `spikenas chip check`.

    benches/peer/loihi/setup.sh
    spikenas export RUN --to nir -o net.nir && spikenas chip check RUN --chip loihi1 --json > check.json
    benches/peer/loihi/.nengo/bin/python benches/peer/loihi/cores.py net.nir check.json

Each layer is built by itself, with the layers that it reads as sources, in the largest tiles of all channels that the builder takes:
with whole channels the output axons of a core do not suffice. nengo-loihi tells how full the cores are.
The image is left out: nengo would send it from the host.
"""

import argparse
import json
import re
import warnings

import nengo
import nengo_loihi
import nir
import numpy as np
from nengo.exceptions import BuildError

COMPARTMENTS = 1024
KINDS = ["compartments", "in-axons", "synapses"]


def shape_of(node):
    return tuple(int(n) for n in np.shape(node.v_threshold))


def ensemble(shape, label):
    count = int(np.prod(shape))
    same = {"gain": nengo.dists.Choice([1.0]), "bias": nengo.dists.Choice([0.0])}
    return nengo.Ensemble(count, 1, neuron_type=nengo_loihi.LoihiLIF(), encoders=np.ones((count, 1)), label=label, **same)


def tiles_of(shape):
    """Tiles of all channels that fit a core's neurons, the largest first."""
    channels, height, width = shape
    divisors = lambda side: [n for n in range(1, side + 1) if side % n == 0]
    tiles = [(h, w) for h in divisors(height) for w in divisors(width) if h * w * channels <= COMPARTMENTS]
    return sorted(tiles, key=lambda tile: (-tile[0] * tile[1], abs(tile[0] - tile[1])))


def block_of(shape, tile):
    channels, height, width = shape
    return nengo_loihi.BlockShape((*tile, channels), (height, width, channels))


def convolution(node, shape):
    outputs, _, rows, columns = node.weight.shape
    channels, height, width = shape
    kernel = np.moveaxis(node.weight, (0, 1), (3, 2)).astype(float)
    return nengo.Convolution(
        outputs,
        (height, width, channels),
        kernel_size=(rows, columns),
        strides=tuple(int(n) for n in node.stride),
        padding="same" if int(node.padding[0]) else "valid",
        init=kernel,
    )


def built(name, node, convolutions, tile):
    """What the builder says of the cores of a layer in tiles. Raises BuildError where a core is too full."""
    with nengo.Network(seed=0) as network:
        nengo_loihi.add_params(network)
        layer = ensemble(shape_of(node), name)
        network.config[layer].block_shape = block_of(shape_of(node), tile)
        for source, shape, kernel in convolutions:
            reads = ensemble(shape, f"source {source}")
            network.config[reads].block_shape = block_of(shape, tiles_of(shape)[0])
            transform = convolution(kernel, shape)
            is_dense = int(np.prod(transform.output_shape.spatial_shape)) == 1
            if is_dense:
                # A layer of one place reads all: a matrix, as the builder has none of such a kernel.
                transform = np.moveaxis(kernel.weight, 1, 3).reshape(len(kernel.weight), -1).astype(float)
            connection = nengo.Connection(reads.neurons, layer.neurons, transform=transform, synapse=None)
            if not is_dense:
                network.config[connection].pop_type = 32
    with nengo_loihi.Simulator(network, target="sim", progress_bar=False) as simulator:
        return [line for line in simulator.model.utilization_summary() if f"'{name}'" in line]


def cores_of(name, node, convolutions):
    """Cores of a layer, and the largest and the mean part of each resource that they use, in percent; why not, where it fits none."""
    reason = "no tile fits"
    for tile in tiles_of(shape_of(node)):
        try:
            lines = built(name, node, convolutions, tile)
        except BuildError as error:
            reason = str(error).split("): ")[-1]
            continue
        used = {kind: [float(found) for line in lines for found in re.findall(rf"([\d.]+)% {kind}", line)] for kind in KINDS}
        return len(lines), {kind: (max(parts), sum(parts) / len(parts)) for kind, parts in used.items()}, None
    return 0, {}, reason


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="a .nir file")
    parser.add_argument("check", help="what `spikenas chip check --chip loihi1 --json` printed of the same run")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    graph = nir.read(arguments.export)
    check = json.load(open(arguments.check))
    into = lambda name: [a for a, b in graph.edges if b == name]
    total = 0
    for name, node in graph.nodes.items():
        if not isinstance(node, nir.LIF):
            continue
        convolutions = []
        for kernel in into(name):
            (source,) = into(kernel)
            if isinstance(graph.nodes[source], nir.LIF):
                convolutions.append((source, shape_of(graph.nodes[source]), graph.nodes[kernel]))
        cores, used, reason = cores_of(name, node, convolutions)
        total += cores
        if reason:
            print(f"{name}: {int(np.prod(shape_of(node)))} neurons fit no cores: {reason}")
            continue
        parts = ", ".join(f"{kind} {most:.0f} % at most, {mean:.0f} % on average" for kind, (most, mean) in used.items())
        print(f"{name}: {int(np.prod(shape_of(node)))} neurons on {cores} cores: {parts}")
    print(f"{total} cores by nengo-loihi, {check['cores']} by spikenas; the chip has 128")


if __name__ == "__main__":
    main()
