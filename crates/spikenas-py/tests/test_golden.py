"""The networks in PyTorch against SNASNet's own code: every spike, output, running statistic and gradient."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import NAMES, GoldenCase, relative_l2, with_gradients
from spikenas.torch import models
from spikenas.torch.network import Pass


DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
# What PyTorch rounds to 10 bits by itself, the reference did not.
torch.backends.cudnn.allow_tf32 = False


def shown(case, network, membranes=None):
    """Logits and spike counts of one pass."""
    asked = Pass(fired={}, membranes=membranes)
    device = next(network.parameters()).device
    with torch.no_grad():
        logits = network(torch.from_numpy(case.tensors["input"]).to(device), asked)
    return logits.cpu().numpy(), {name: counts.tolist() for name, counts in asked.fired.items()}


def check_spikes(case, fired, expected):
    assert [node.name for node in case.network().nodes if node.kind == "lif"] == case.json["lif_order"]
    for name in case.json["lif_order"]:
        assert fired[name] == expected(name), f"{case.name} {name}"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
def test_a_training_pass_has_the_same_spikes_outputs_and_running_statistics(name, device):
    case = GoldenCase(name)
    network = case.network(device).train()
    membranes = {}
    logits, fired = shown(case, network, membranes)
    check_spikes(case, fired, lambda layer: case.json["lif"][layer]["spike_count"])
    assert np.abs(logits - case.tensors["acc_voltage"]).max() < 1e-5
    after = models.arrays(network)
    for tensor in (tensor for tensor in after if "running" in tensor):
        expected = case.tensors[f"after1.{tensor}"]
        # Means that are zero in exact arithmetic are compared absolutely.
        assert relative_l2(after[tensor], expected) < 1e-5 or np.linalg.norm(expected) < 1e-6, tensor

    network.eval()
    logits, fired = shown(case, network)
    check_spikes(case, fired, lambda layer: case.json["eval_after1"]["spike_count"][layer])
    assert np.abs(logits - case.tensors["acc_voltage_eval"]).max() < 1e-5
    assert all(np.array_equal(after[name], values) for name, values in models.arrays(network).items())

    network.train()
    _, fired = shown(case, network, membranes)
    second = case.json["second_pass_without_reset"]["spike_count"]
    check_spikes(case, fired, lambda layer: second[layer])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", with_gradients())
def test_gradients_agree(name, device):
    case = GoldenCase(name)
    network = case.network(device).train()
    images, labels = torch.from_numpy(case.tensors["input"]), torch.from_numpy(case.labels)
    loss = F.cross_entropy(network(images.to(device)), labels.to(device))
    loss.backward()
    grad = case.json["grad"]
    assert abs(loss.item() - grad["loss"]) < 1e-5
    for name, parameter in network.named_parameters():
        found = parameter.grad.cpu().numpy()
        if name in grad["zero_in_exact_arithmetic"]:
            assert np.abs(found).max() < 1e-6, name
            continue
        assert abs(np.linalg.norm(found) / grad["grad_l2"][name] - 1) < 1e-4, name
        if name in grad["stored_full"]:
            assert relative_l2(found, case.tensors[f"grad.{name}"]) < 1e-4, name


@pytest.mark.parametrize("name", with_gradients())
def test_steps_of_gradient_descent_go_the_same_way(name):
    case = GoldenCase(name)
    network = case.network().train()
    images, labels = torch.from_numpy(case.tensors["input"]), torch.from_numpy(case.labels)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    for expected in case.json["grad"]["sgd_losses"]:
        loss = F.cross_entropy(network(images), labels)
        # Chaotic: rounding grows from step to step.
        assert abs(loss.item() - expected) < 0.05 * expected
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
