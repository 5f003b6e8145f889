"""Muon moves matrices as PyTorch's, whose products are of bfloat16."""

import pytest
import torch
from spikenas.torch.muon import Muon, orthogonalised


def drawn(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(6, 40), (40, 6), (12, 12)])
def test_steps_are_those_of_pytorch(shape):
    start, gradients = drawn(*shape), [drawn(*shape, seed=seed) for seed in (2, 3, 4)]

    def moved(make):
        parameter = torch.nn.Parameter(start.clone())
        optimiser = make(parameter)
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimiser.step()
        return parameter.detach() - start

    own = moved(lambda p: Muon([{"params": [p], "weight_decay": 0.5}], lr=0.1, momentum=0.9))
    settings = {"momentum": 0.9, "weight_decay": 0.5, "adjust_lr_fn": "match_rms_adamw"}
    expected = moved(lambda p: torch.optim.Muon([p], lr=0.1, **settings))
    assert (own - expected).norm() < 0.02 * expected.norm()


def test_kernels_of_convolutions_are_matrices_of_their_outputs():
    kernel = torch.nn.Parameter(torch.zeros(4, 3, 3, 3).contiguous(memory_format=torch.channels_last))
    kernel.grad = drawn(4, 3, 3, 3)
    Muon([{"params": [kernel]}], lr=1.0, momentum=0.0).step()
    matrix = kernel.detach().flatten(1) / (0.2 * 27**0.5)
    assert torch.allclose(matrix, -orthogonalised(kernel.grad.flatten(1)[None])[0], atol=1e-6)
    values = torch.linalg.svdvals(matrix)
    assert values.min() > 0.6 and values.max() < 1.3


def test_parameters_of_one_shape_do_not_change_each_other():
    matrices = torch.stack([drawn(5, 8), 100 * drawn(5, 8, seed=2), torch.zeros(5, 8)])
    for found, matrix in zip(orthogonalised(matrices), matrices):
        assert torch.allclose(found, orthogonalised(matrix[None])[0], atol=1e-6)
    assert orthogonalised(matrices)[2].count_nonzero() == 0
