"""Golden cases: networks that ran in SNASNet's own code, with their weights, images and every number they gave.

Each case is `NAME.json` beside `NAME.safetensors`, in the library's `tests/golden` or the folder that `SPIKENAS_GOLDEN` names.
"""

import json
import os
from pathlib import Path

import numpy as np
import spikenas
from safetensors.numpy import load_file
from spikenas.torch import Network, models

FOLDER = Path(os.environ.get("SPIKENAS_GOLDEN", Path(__file__).parents[2] / "spikenas" / "tests" / "golden"))
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
assert NAMES, f"no golden case in {FOLDER}"


class GoldenCase:
    """One network that ran in the reference."""

    def __init__(self, name):
        self.name = name
        self.json = json.loads((FOLDER / f"{name}.json").read_text())
        self.tensors = load_file(FOLDER / f"{name}.safetensors")
        config = self.json["config"]
        self.graph = spikenas.graph(
            " ".join("".join(map(str, row)) for row in self.json["con_mat"]),
            preset="cifar10",
            image=self.tensors["input"].shape[1:],
            cells=2,
            widths=[config["c1"], config["c2"]],
            last_pool=config["second_avgpooling"],
            hidden=config["classifier_inter"],
            classes=config["num_class"],
            cluster=config["num_cluster"],
            timesteps=config["timesteps"],
            tau=config["tau"],
            threshold=config["threshold"],
        )

    @property
    def labels(self):
        return np.array(self.json["labels"])

    def parameters(self):
        """The tensors of the state dict before the first pass, the counters left out."""
        named = ((name.removeprefix("param."), t) for name, t in self.tensors.items() if name.startswith("param."))
        return {name: t for name, t in named if not name.endswith("num_batches_tracked")}

    def network(self, device="cpu"):
        network = Network(self.graph)
        models.fill(network, self.parameters())
        return network.to(device)


def with_gradients():
    """Cases whose gradients the reference wrote down."""
    return [name for name in NAMES if "grad" in json.loads((FOLDER / f"{name}.json").read_text())]


def relative_l2(found, expected):
    found, expected = (np.asarray(x, dtype=np.float64).ravel() for x in (found, expected))
    return np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-30)
