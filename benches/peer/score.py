"""The time of a score: SpikingJelly's SNASNet, the fastest form of it in PyTorch, and spikenas, in turn on one machine.

Run `benches/peer/setup.sh` once, then `benches/peer/.venv/bin/python benches/peer/score.py [--preset NAME] [MATRIX...]`.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy
import torch

from networks import PRESETS, Fast, Reference, snasnet

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHITECTURES = ["0313 0031 0003 0000", "0333 0033 0003 0000", "0111 0011 0001 0000"]


def images(batch):
    """The images of `cargo bench --bench scoring`: whatever their values, batch norm makes 8 to 12 % of the neurons fire."""
    index = numpy.arange(batch * 3 * 32 * 32, dtype=numpy.uint64)
    values = 1.7 * numpy.sin((index * index).astype(numpy.float32) * numpy.float32(0.37))
    return torch.from_numpy(values.astype(numpy.float32)).reshape(batch, 3, 32, 32)


def seconds(scorer, batch):
    begin = time.perf_counter()
    score = scorer.score(batch)
    return time.perf_counter() - begin, score


def ours(architecture, preset, threads):
    """Seconds of a score with weights drawn and memory in hand, and of the first score of a new process."""
    command = ["cargo", "bench", "--quiet", "-p", "spikenas", "--bench", "scoring", "--"]
    options = ["--preset", preset, "--threads", str(threads), architecture]
    result = subprocess.run(command + options, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architectures", nargs="*", default=ARCHITECTURES)
    parser.add_argument("--preset", choices=PRESETS, default="cifar100")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    batch = images(arguments.batch)
    print(f"{arguments.preset}, {arguments.batch} images, {arguments.threads} threads, PyTorch {torch.__version__}; ", end="")
    print(f"seconds per score, medians of {arguments.rounds} rounds in turn")
    print("| architecture | SNASNet, SpikingJelly | PyTorch, eager | PyTorch, compiled | spikenas | its first score |", end="")
    print(" ratio to SNASNet | ratio to the fastest PyTorch |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for architecture in arguments.architectures:
        network = snasnet(architecture, arguments.preset)
        peers = [Reference(network), Fast(network, compiled=False), Fast(network)]
        warm = [seconds(peer, batch)[1] for peer in peers]
        assert max(warm) - min(warm) < 0.02 * abs(warm[0]), f"the peers disagree: {warm}"
        times, own = [[] for _ in peers], []
        for _ in range(arguments.rounds):
            for peer, taken in zip(peers, times):
                taken.append(seconds(peer, batch)[0])
            own.append(ours(architecture, arguments.preset, arguments.threads))
        reference, eager, compiled = (statistics.median(taken) for taken in times)
        warm, first = (statistics.median(o[key] for o in own) for key in ("seconds", "first_seconds"))
        print(f"| `{architecture}` | {reference:.2f} | {eager:.2f} | {compiled:.2f} | {warm:.2f} | {first:.2f} ", end="")
        print(f"| {reference / warm:.1f} | {min(eager, compiled) / warm:.1f} |", flush=True)


if __name__ == "__main__":
    main()
