"""The module in PyTorch: its weights go both ways, its layers run on SpikingJelly's neurons, its kernels compute what it does."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import spikenas
import spikenas.torch
import torch
from golden import GoldenCase
from spikenas.torch import Network, models

IMAGE = (3, 8, 8)


def graph(architecture="0313 0031 0003 0000", **settings):
    return spikenas.graph(architecture, preset="sample", image=IMAGE, widths=[4, 8], hidden=16, timesteps=3, **settings)


def images(count=3, size=IMAGE):
    return torch.randn(count, *size, generator=torch.Generator().manual_seed(1))


def test_weights_go_into_the_library_s_files_and_back(tmp_path):
    network = Network(graph())
    network.train()(images())
    spikenas.torch.save(network, tmp_path / "model.safetensors")
    again = spikenas.torch.load(tmp_path / "model.safetensors")
    assert again.graph == network.graph and not again.training
    for (name, tensor), (other, found) in zip(network.state_dict().items(), again.state_dict().items()):
        assert name == other and torch.equal(tensor, found), name
    assert torch.equal(network.eval()(images()), again(images()))


@pytest.mark.parametrize("cells", [1, 2, 3])
def test_networks_have_one_to_three_cells_and_a_matrix_each(cells):
    matrices = ["0310 0001 0000 0000", "0101 0030 0004 0000", "0231 0010 0002 0000"][:cells]
    network = Network(graph("/".join(matrices), cells=cells, last_pool=2)).train()
    loss = network(images()).square().sum()
    loss.backward()
    expected = {f"cell{cell}" for cell in range(1, cells + 1) if "3" in matrices[cell - 1] or "2" in matrices[cell - 1]}
    assert {name.split(".")[0] for name in network.state_dict() if name.startswith("cell")} == expected
    assert all(parameter.grad is not None for name, parameter in network.named_parameters() if "stem" in name)


def test_cells_with_edges_back_learn():
    network = Network(graph("0310 0031 1003 0200")).train()
    asked = spikenas.torch.network.Pass(fired={})
    network(images(), asked).square().sum().backward()
    assert network.get_parameter("cell1.cell_architecture_back.4.1.weight").grad.abs().max() > 0
    assert all(len(counts) == 3 for counts in asked.fired.values())


def test_layers_that_fire_the_same_are_computed_once():
    network = Network(graph("0333 0003 0000 0000")).train()
    asked = spikenas.torch.network.Pass(fired={})
    network(images(), asked)
    edges = [f"cell1.cell_architecture.{edge}.0" for edge in (0, 1, 3)]
    assert all(torch.equal(asked.fired[edges[0]], asked.fired[edge]) for edge in edges)
    assert len(asked.spikes) == len(asked.fired) - 4


def test_in_bfloat16_membranes_and_statistics_stay_float32():
    network = Network(graph()).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(images())
    assert logits.dtype == torch.float32
    assert all(tensor.dtype in (torch.float32, torch.int64) for tensor in network.state_dict().values())
    assert (logits - Network.forward(network, images())).abs().max() < 0.2


@pytest.mark.parametrize("name", ["g6_every_op", "gb_backward"])
def test_spikingjelly_s_neurons_give_the_same(name):
    case = GoldenCase(name)
    network = case.network().train()
    other = network.to_spikingjelly()
    shown = torch.from_numpy(case.tensors["input"])
    for training in (True, False):
        logits = [module.train(training)(shown) for module in (network, other)]
        assert (logits[0] - logits[1]).abs().max() < 1e-6
    assert [name for name in network.state_dict()] == [name for name in other.state_dict()]


def test_spikingjelly_s_snasnet_takes_the_weights():
    from spikingjelly.activation_based.model.snas_net import SNASNet

    network = Network(spikenas.graph("0310 0001 0004 0000", preset="cifar100", timesteps=2)).eval()
    rows = torch.tensor([[0, 3, 1, 0], [0, 0, 0, 1], [0, 0, 0, 4], [0, 0, 0, 0]])
    settings = SimpleNamespace(
        dataset="cifar100", timestep=2, second_avgpooling=2, celltype="forward", threshold=1.0, tau=4 / 3
    )
    theirs = SNASNet(settings, rows).eval()
    theirs.load_state_dict(network.state_dict(), strict=True)
    shown = images(1, (3, 32, 32))
    with torch.no_grad():
        assert (theirs(shown) - network(shown)).abs().max() < 1e-5


def test_triton_s_kernels_compute_what_plain_operations_do():
    pytest.importorskip("triton")
    program = Path(__file__).with_name("kernel_cases.py")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    environment = os.environ | ({} if device == "cuda" else {"TRITON_INTERPRET": "1"})
    done = subprocess.run([sys.executable, program, device], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_graph_is_the_library_s():
    nodes = graph()["nodes"]
    assert [name for name in nodes[1]["layer"]] == ["convolution"] and nodes[0]["layer"] == "input"
    with pytest.raises(ValueError, match="unknown field `width`"):
        graph(width=3)
    with pytest.raises(ValueError, match="multiples of"):
        spikenas.graph("0313 0031 0003 0000", image=(3, 30, 32))
    assert np.prod(nodes[0]["shape"]["channels"]) == 3
    assert models.arrays(Network(graph()))["stem.0.weight"].shape == (4, 3, 3, 3)
