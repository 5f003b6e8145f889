"""Loihi 1's neurons, as lava-nc models them to the bit, on an integer network that spikenas exported to NIR.

    benches/peer/loihi/setup.sh
    spikenas quantise RUN --for simulator && spikenas export RUN --to nir --integer -o net.nir
    benches/peer/loihi/.lava/bin/python benches/peer/loihi/neurons.py net.nir

A layer's currents are computed exactly; its neurons are a process of lava with 12 bits of decay, 6 bits behind the point, rounded
towards zero, firing at `v > threshold` and reset to 0. Told for every layer: the spikes of the file's golden images that are not where
the exact arithmetic has them, where the layers before fire exactly (alone), and where they are lava's, too (in the network).
"""

import argparse
import json
import math

import nir
import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF

DECAY_BITS = 12
POINT_BITS = 6
THRESHOLD_BITS = 17
MEMBRANE_BITS = 23


def convolved(node, maps):
    """A convolution of [images, channels, rows, columns], in float64, whose sums are exact here."""
    rows, columns = np.asarray(node.padding)
    step, side = int(node.stride[0]), node.weight.shape[2]
    padded = np.pad(maps.astype(np.float64), ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(2, 3))[:, :, ::step, ::step]
    # Where there is one place, a product of matrices is all of it.
    sums = np.tensordot(windows, node.weight.astype(np.float64), axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(sums, -1, 1) + node.bias.astype(np.float64)[:, None, None]


def exact(currents, keeps, threshold):
    """Spikes of currents [timesteps, ...] at `v <- keeps * v + current`, `v >= threshold`."""
    spikes, membrane = np.zeros(currents.shape, bool), np.zeros(currents.shape[1:])
    for now, current in enumerate(currents):
        membrane = keeps * membrane + current
        spikes[now] = membrane >= threshold
        membrane[spikes[now]] = 0
    return spikes


def scale_of(currents, threshold):
    """The largest power of two at which threshold and membranes have their bits; the currents must be whole there."""
    most = 4 / 3 * np.abs(currents).max()
    scale = 2.0 ** math.floor(min(THRESHOLD_BITS - math.log2(threshold), MEMBRANE_BITS - POINT_BITS - math.log2(most)))
    assert (currents * scale == np.rint(currents * scale)).all(), "currents are finer than Loihi's units"
    return scale


def on_lava(currents, keeps, threshold):
    """The same by lava's model of Loihi's neurons."""
    timesteps, scale = len(currents), scale_of(currents, threshold)
    whole = np.rint(currents * scale).astype(np.int32).reshape(timesteps, -1)
    neurons = whole.shape[1]
    decay = round((1 - keeps) * 2**DECAY_BITS)
    # `v > threshold` is `v >= threshold` where no membrane lies between the threshold and the whole number below.
    source = Source(data=whole.T)
    lif = LIF(shape=(neurons,), du=2**DECAY_BITS - 1, dv=decay, vth=math.ceil(threshold * scale) - 1, bias_mant=0)
    sink = Sink(shape=(neurons,), buffer=timesteps)
    source.s_out.connect(lif.a_in)
    lif.s_out.connect(sink.a_in)
    lif.run(RunSteps(timesteps), Loihi2SimCfg(select_tag="fixed_pt"))
    spikes = sink.data.get().T.reshape(currents.shape).astype(bool)
    lif.stop()
    return spikes


def layers_of(graph):
    """Nodes in an order in which each comes behind those that it reads, and what each reads."""
    before = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    order = []
    while len(order) < len(graph.nodes):
        order += [name for name in graph.nodes if name not in order and all(b in order for b in before[name])]
    return order, before


def shown(graph, about, images, neurons):
    """Values of every node of a graph that sees images at every timestep, with `neurons` for its LIF layers."""
    order, before = layers_of(graph)
    values = {"input": np.stack([images.astype(np.float64)] * about["timesteps"])}
    for name in order:
        # Of what two kinds of neurons fired, the first is read on.
        first = [values[b][0] if isinstance(values[b], tuple) else values[b] for b in before[name]]
        node, read = graph.nodes[name], first
        if isinstance(node, nir.Conv2d):
            values[name] = np.stack([convolved(node, maps) for maps in read[0]])
        elif isinstance(node, nir.LIF):
            # NIR: v <- v + dt / tau (current - v); with currents multiplied by tau / dt all of it is kept of them.
            part = about["dt"] / float(np.ravel(node.tau)[0])
            values[name] = neurons(sum(read), 1 - part, float(np.ravel(node.v_threshold)[0]) / part)
        elif isinstance(node, nir.Output):
            values[name] = read[0]
        elif not isinstance(node, nir.Input):
            raise SystemExit(f"{name}: Loihi has no {type(node).__name__}")
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="a .nir file of an integer network")
    parser.add_argument("--images", type=int, default=1, help="golden images that are shown; lava takes a minute for each")
    arguments = parser.parse_args()
    graph = nir.read(arguments.export)
    text = graph.metadata["spikenas"]
    about = json.loads(text.decode() if isinstance(text, bytes) else str(text))
    images = np.asarray(graph.metadata["golden_inputs"])[: arguments.images]
    golden = np.asarray(graph.metadata["golden_spikes"])[: arguments.images]  # [images, layers, timesteps]
    ours, lava = (shown(graph, about, images, neurons) for neurons in (exact, on_lava))
    alone = shown(graph, about, images, lambda *of: (exact(*of), on_lava(*of)))
    totals = np.zeros(3, int)
    for at, name in enumerate(about["layers"]):
        counts = ours[name].reshape(about["timesteps"], len(images), -1).sum(2).T
        assert (counts == golden[:, at]).all(), f"{name}: the exact arithmetic does not fire as the file says"
        found = [int(counts.sum()), *(int((ours[name] != spikes).sum()) for spikes in (alone[name][1], lava[name]))]
        print(f"{name}: {found[0]} spikes of {ours[name].size} places; on Loihi {found[1]} differ alone, {found[2]} in the network")
        totals += found
    classes = [values["output"].sum(0).reshape(len(images), -1).argmax(1) for values in (ours, lava)]
    print(f"{totals[0]} spikes, {totals[1]} differ alone, {totals[2]} in the network; {(classes[0] == classes[1]).sum()} of {len(images)} classes equal")


if __name__ == "__main__":
    main()
