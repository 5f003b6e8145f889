"""Muon (Jordan et al. 2024): matrices move by their momentum, with all its singular values taken to about 1."""

import torch

# Factors of a matrix, its third and its fifth power in each step of the iteration, as in `torch.optim.Muon`.
NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)
NEWTON_SCHULZ_STEPS = 5


class Muon(torch.optim.Optimizer):
    """As `torch.optim.Muon` with `adjust_lr_fn="match_rms_adamw"`, but in float32 throughout, and of kernels of convolutions, too: a
    matrix is [outputs, all else].
    """

    def __init__(self, groups, lr, momentum):
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameters in of_one_shape(group["params"]):
                self.move(parameters, group["lr"], group["momentum"], group["weight_decay"])

    def move(self, parameters, lr, momentum, weight_decay):
        """Moves parameters of one shape, whose matrices are worked on side by side."""
        updates = []
        for parameter in parameters:
            buffer = self.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))
            buffer.lerp_(parameter.grad, 1 - momentum)
            updates.append(parameter.grad.lerp(buffer, momentum).flatten(1))
        updates = orthogonalised(torch.stack(updates))
        scale = 0.2 * max(updates.shape[1:]) ** 0.5
        for parameter, update in zip(parameters, updates):
            parameter.mul_(1 - lr * weight_decay).sub_(update.reshape(parameter.shape), alpha=lr * scale)


def of_one_shape(parameters):
    """Parameters of each shape."""
    shapes = {}
    for parameter in parameters:
        shapes.setdefault(parameter.shape, []).append(parameter)
    return shapes.values()


def orthogonalised(matrices):
    """Matrices with about the singular vectors of others, and singular values near 1; see the library's kernel of this name."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if is_tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if is_tall else x
