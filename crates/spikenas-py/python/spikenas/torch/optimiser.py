"""PyTorch's optimisers with the state that the library keeps: buffers by the names of their parameters."""

import torch

from .models import to_array
from .muon import Muon

# The library's names of an optimiser's buffers, and PyTorch's.
BUFFERS = {
    "sgd": {"momentum": "momentum_buffer"},
    "adam": {"momentum": "exp_avg", "square": "exp_avg_sq"},
    "adamw": {"momentum": "exp_avg", "square": "exp_avg_sq"},
    "muon": {"momentum": "momentum_buffer"},
}


def rule_of(rule, parameter):
    """What a parameter follows: under Muon, vectors follow AdamW."""
    return "adamw" if rule == "muon" and parameter.dim() == 1 else rule


class Optimiser:
    """What updates a network's parameters. PyTorch's optimisers are made with the first step, which says what they are.

    `keeps_gradients`: the gradients' tensors stay where they are in memory when they are cleared.
    """

    def __init__(self, module, keeps_gradients=False):
        self.keeps_gradients = keeps_gradients
        self.parameters = dict(module.named_parameters())
        self.steps, self.buffers = 0, {}
        self.made = None

    def step(self, rule, momentum, weight_decay, decays_all, rate):
        """Updates every parameter by its gradient, or by one of zeros, and clears the gradients."""
        asked = (rule, momentum, weight_decay, decays_all)
        if self.made is None or self.made[0] != asked:
            self.buffers = self.state()[1]
            self.made = asked, self.make(*asked)
        self.gradients()
        for optimiser in self.made[1]:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=not self.keeps_gradients)
        self.steps += 1

    def gradients(self):
        """The gradients by the names of their parameters: zeros where the loss does not depend on one."""
        for parameter in self.parameters.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        return {name: parameter.grad for name, parameter in self.parameters.items()}

    def make(self, rule, momentum, weight_decay, decays_all):
        """PyTorch's optimisers with the buffers that there are, one for each rule that parameters follow."""
        rules = {rule_of(rule, parameter) for parameter in self.parameters.values()}
        return [self.made_of(one, rule, momentum, weight_decay, decays_all) for one in sorted(rules)]

    def made_of(self, rule, asked, momentum, weight_decay, decays_all):
        """PyTorch's optimiser of the parameters that follow a rule, where one was asked for."""
        parameters = {name: p for name, p in self.parameters.items() if rule_of(asked, p) == rule}
        # Weights of convolutions and linear layers have more dimensions than scales, shifts and biases.
        decayed = [p for p in parameters.values() if decays_all or p.dim() > 1]
        spared = [p for p in parameters.values() if not decays_all and p.dim() == 1]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
        groups = [group for group in groups if group["params"]]
        if rule == "muon":
            made = Muon(groups, lr=0.0, momentum=momentum)
        else:
            kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
            settings = {"momentum": momentum} if rule == "sgd" else {"betas": (0.9, 0.999), "eps": 1e-8}
            made = kinds[rule](groups, lr=0.0, fused=all(p.is_cuda for p in parameters.values()), **settings)
        if self.steps > 0:
            for name, parameter in parameters.items():
                made.state[parameter] = self.restored(name, parameter, rule)
        return made

    def restored(self, name, parameter, rule):
        state = {}
        for prefix, key in BUFFERS[rule].items():
            values = self.buffers.get(f"{prefix}.{name}")
            buffer = torch.zeros_like(parameter)
            state[key] = buffer if values is None else buffer.copy_(torch.from_numpy(values).view(parameter.shape))
        if "square" in BUFFERS[rule]:
            state["step"] = torch.tensor(float(self.steps), device=parameter.device if parameter.is_cuda else "cpu")
        return state

    def state(self):
        """Steps made, and the buffers by the library's names."""
        if self.made is None:
            return self.steps, self.buffers
        (rule, *_), optimisers = self.made
        states = {p: state for optimiser in optimisers for p, state in optimiser.state.items()}
        buffers = {}
        for name, parameter in self.parameters.items():
            for prefix, key in BUFFERS[rule_of(rule, parameter)].items():
                value = states.get(parameter, {}).get(key)
                if value is not None:
                    buffers[f"{prefix}.{name}"] = to_array(value)
        return self.steps, buffers

    def set_state(self, steps, buffers):
        self.steps, self.buffers, self.made = steps, dict(buffers), None
