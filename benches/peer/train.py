"""Speed and accuracy of training: SpikingJelly's SNASNet, the fastest form of it in PyTorch, and spikenas.

Run `benches/peer/setup.sh` once, then one of

    benches/peer/.venv/bin/python benches/peer/train.py speed [--widths 16,32] [MATRIX...]
    benches/peer/.venv/bin/python benches/peer/train.py parity --data-dir DIR [--widths 16,32] [--seeds 1 2 3] [MATRIX]

`speed` times steps of 64 images in turn. `parity` trains SpikingJelly's network from our initial weights on the same
10,000 images of CIFAR-10 in the same order, without augmentation and dropout, and compares losses and accuracies.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from spikingjelly.activation_based import functional

from networks import Fast, snasnet
from score import images

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHITECTURES = ["0333 0033 0003 0000", "0313 0031 0003 0000"]
BATCH, CLASSES = 64, 10


def narrowed(architecture, widths, weights=None):
    """SpikingJelly's network for CIFAR-10 at other widths, with last pooling 4: tensors of other sizes in the same modules."""
    network = snasnet(architecture, "snasnet-cifar10")
    sizes = {3: 3, 256: widths[0], 512: widths[1]}
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            shape = [sizes[module.out_channels], sizes[module.in_channels], *module.kernel_size]
            module.weight = torch.nn.Parameter(torch.nn.init.kaiming_uniform_(torch.empty(shape), a=2))
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.__init__(sizes[module.num_features])
        elif isinstance(module, torch.nn.Linear):
            inputs, outputs = (16 * widths[1], 128) if module.bias is None else (128, module.out_features)
            module.__init__(inputs, outputs, bias=module.bias is not None)
    if weights is not None:
        network.load_state_dict(weights)
    return network


class Stepwise:
    """SpikingJelly's network as it is, timestep by timestep."""

    def __init__(self, network):
        self.network = network

    def __call__(self, batch):
        functional.reset_net(self.network)
        return self.network(batch)


class Layerwise(Fast):
    """The form of `Fast` with the classifier, for training."""

    def __call__(self, batch):
        n = self.network
        features = self.features(batch)
        spikes = self.lif(n.classifier[1](features))
        votes = n.classifier[3](spikes.mean(0))
        return n.boost(votes[:, None]).squeeze(1)


def step(model, optimiser, batch, labels):
    loss = F.cross_entropy(model(batch), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def sgd(model):
    return torch.optim.SGD(model.network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)


def bench(name, *options):
    command = ["cargo", "bench", "--quiet", "-p", "spikenas", "--bench", name, "--", *options]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def speed(arguments):
    widths = [int(width) for width in arguments.widths.split(",")]
    batch, labels = images(BATCH), torch.arange(BATCH) % CLASSES
    print(f"widths {arguments.widths}, {BATCH} images, PyTorch {torch.__version__}; images per second, ", end="")
    print(f"medians of {arguments.rounds} rounds in turn")
    print("| architecture | SNASNet, SpikingJelly | PyTorch, eager | PyTorch, compiled | spikenas | ratio to SNASNet |", end="")
    print(" ratio to the fastest PyTorch |\n| --- | --- | --- | --- | --- | --- | --- |")
    for architecture in arguments.architectures or ARCHITECTURES:
        network = narrowed(architecture, widths)
        models = [Stepwise(network), Layerwise(network, compiled=False), Layerwise(network)]
        optimisers = [sgd(model) for model in models]
        warm = [step(model, optimiser, batch, labels) for model, optimiser in zip(models, optimisers)]
        assert max(warm) - min(warm) < 1e-3, f"the peers disagree: {warm}"
        rates, own = [[] for _ in models], []
        for _ in range(arguments.rounds):
            for model, optimiser, rate in zip(models, optimisers, rates):
                step(model, optimiser, batch, labels)
                begin = time.perf_counter()
                for _ in range(3):
                    step(model, optimiser, batch, labels)
                rate.append(3 * BATCH / (time.perf_counter() - begin))
            own.append(bench("training", "--widths", arguments.widths, architecture)["images_per_second"])
        reference, eager, compiled = (statistics.median(rate) for rate in rates)
        ours = statistics.median(own)
        print(f"| `{architecture}` | {reference:.0f} | {eager:.0f} | {compiled:.0f} | {ours:.0f} ", end="")
        print(f"| {ours / reference:.1f} | {ours / max(eager, compiled):.1f} |", flush=True)


def accuracy(model, batches, labels):
    model.network.eval()
    with torch.inference_mode():
        found = torch.cat([model(batch).argmax(1) for batch in batches.split(250)])
    model.network.train()
    return 100 * (found == labels).double().mean().item()


def parity(arguments):
    architecture = (arguments.architectures or ARCHITECTURES[1:])[0]
    widths = [int(width) for width in arguments.widths.split(",")]
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--out", folder, "--data-dir", str(arguments.data_dir.resolve()), "--arch", architecture]
            options += ["--widths", arguments.widths, "--seed", str(seed), "--epochs", str(arguments.epochs)]
            ours = bench("parity", *options)
            folder = pathlib.Path(folder)
            about = json.loads((folder / "labels.json").read_text())
            read = lambda name: torch.from_numpy(numpy.fromfile(folder / name, "<f4").reshape(-1, 3, 32, 32))
            train, test = read("train.f32"), read("test.f32")
            labels, test_labels = torch.tensor(about["train"]), torch.tensor(about["test"])
            weights = load_file(folder / "initial.safetensors")
        model = Stepwise(narrowed(architecture, widths, weights))
        optimiser, losses, accuracies = sgd(model), [], []
        begin = time.perf_counter()
        for order in about["orders"]:
            for indices in torch.tensor(order).split(BATCH):
                losses.append(step(model, optimiser, train[indices], labels[indices]))
            accuracies.append(accuracy(model, test, test_labels))
        rate = len(about["orders"]) * len(train) / (time.perf_counter() - begin)
        print(f"seed {seed}: test accuracy after each epoch, SNASNet {[round(a, 2) for a in accuracies]}, ", end="")
        print(f"spikenas {[round(a, 2) for a in ours['accuracies']]}")
        apart = [abs(a - b) / abs(b) for a, b in zip(ours["losses"], losses)]
        for limit in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2):
            until = next((i for i, d in enumerate(apart) if d > limit), len(apart))
            print(f"  losses within {limit:g} for {until} steps")
        print(f"  largest of {len(apart)} steps: {max(apart):.2g}; images per second with the tests {rate:.0f}, ", end="")
        print(f"spikenas without {ours['images_per_second']:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "parity"])
    parser.add_argument("architectures", nargs="*")
    parser.add_argument("--widths", default="16,32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--data-dir", type=pathlib.Path, default=ROOT / "data")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_intermixed_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    {"speed": speed, "parity": parity}[arguments.what](arguments)


if __name__ == "__main__":
    main()
