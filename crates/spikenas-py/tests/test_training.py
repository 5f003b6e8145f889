"""Trainings by PyTorch: the library's loop and records, with what the library's own engine would have learned."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spikenas
import spikenas.torch
from spikenas import _spikenas

CELL = "0313 0031 0003 0000"
SMALL = {"widths": [4, 8], "hidden": 16, "timesteps": 2}
# Two steps an epoch, and nothing that an engine draws by itself.
SHORT = {"epochs": 1, "batch": 16, "limit_train": 32, "dropout": 0.0, "validation": 0.0, "choice": "last"}


class Silent:
    """Progress that says nothing, and stops work after so many steps."""

    def __init__(self, steps=None):
        self.left = steps

    def begin(self, stage, total): ...
    def advance(self, steps, message): ...
    def end(self): ...
    def note(self, message): ...

    def is_cancelled(self):
        if self.left is not None:
            self.left -= 1
        return self.left == 0


def new_run(path, architecture=CELL, recipe="snasnet", **settings):
    return spikenas.new_run(path, architecture, recipe=recipe, train=SHORT | settings, network=SMALL)


def losses(path):
    return [json.loads(line)["train_loss"] for line in (path / "train.jsonl").read_text().splitlines()]


SETTINGS = {
    "snasnet": {},
    "fast": {"recipe": "fast", "choice": "last", "validation": 0.0},
    "adam": {"optimizer": "adam", "learning_rate": 0.001},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.05, "weight_decay_of": "weights"},
    "muon": {"optimizer": "muon", "learning_rate": 0.01, "weight_decay": 0.02},
    "smoothing": {"label_smoothing": 0.1, "loss": "timestep", "weight_decay_of": "weights"},
    "parts": {"accumulate": 2},
    "sharper": {"surrogate_alpha": 3.0},
    "averaged": {"epochs": 2, "average_epochs": 2, "first_timesteps": 1, "first_part": 0.5},
    "rounded": {"weight_bits": 4},
    "together": {"norm_over": "all", "norm_statistics": "estimated", "loss": "timestep"},
    "warm": {"warmup_epochs": 1.0, "schedule": "cosine-per-step", "crop_fill": "reflect", "flip": "alternate"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_engines_learn_the_same(name, tmp_path):
    runs = [new_run(tmp_path / engine, **SETTINGS[name]) for engine in ("torch", "own")]
    spikenas.torch.train(runs[0], progress=Silent())
    _spikenas.train(runs[1], None, Silent())
    found, expected = (losses(run.path) for run in runs)
    assert np.allclose(found, expected, rtol=1e-5), (found, expected)
    models = [spikenas.load_model(run.path) for run in runs]
    # A spike that flips by rounding changes all gradients a little, and Muon makes more of what is weak in them.
    apart = 5e-2 if name in ("muon", "fast") else 2e-2
    for tensor, values in models[1]["tensors"].items():
        assert np.linalg.norm(models[0]["tensors"][tensor] - values) < apart * (np.linalg.norm(values) + 0.1), tensor
    assert models[0]["batches_tracked"] == models[1]["batches_tracked"]


def test_records_say_that_pytorch_trained(tmp_path):
    run = new_run(tmp_path / "run")
    epochs = spikenas.torch.train(run, progress=Silent())
    end = json.loads((run.path / "trained.json").read_text())
    origin = spikenas.load_model(run.path)["origin"]
    assert end["engine"] == origin["engine"] and end["engine"].startswith("PyTorch")
    assert epochs == run.curve.to_dicts() and epochs[0]["epoch"] == origin["epoch"] == 1


def test_the_same_weights_give_the_same_test(tmp_path):
    run = new_run(tmp_path / "run", limit_train=200)
    spikenas.torch.train(run, progress=Silent())
    found = spikenas.torch.evaluate(run, progress=Silent())
    expected = _spikenas.evaluate(run.path, run.dataset, None, Silent())
    for key in ("accuracy", "top5_accuracy", "correct", "total", "classes"):
        assert found[key] == expected[key], key
    rates = [[layer["firing_rate"] for layer in record["layers"]] for record in (found, expected)]
    assert np.allclose(*rates, rtol=1e-6) and abs(found["loss"] - expected["loss"]) < 1e-6


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(tmp_path):
    settings = {"epochs": 2, "dropout": 0.5}
    whole, stopped = (new_run(tmp_path / name, **settings) for name in ("whole", "stopped"))
    spikenas.torch.train(whole, progress=Silent())
    for steps in (1, 2):
        with pytest.raises(KeyboardInterrupt, match="resume the training"):
            spikenas.torch.train(stopped, progress=Silent(steps))
    spikenas.torch.train(stopped, progress=Silent())
    models = [(run.path / "model.safetensors").read_bytes() for run in (whole, stopped)]
    assert models[0] == models[1] and losses(whole.path) == losses(stopped.path)
    assert not (stopped.path / "checkpoint" / "last.safetensors").exists()
    assert len(spikenas.torch.train(stopped, epochs=3, progress=Silent())) == 3


def test_an_exception_of_the_engine_leaves_the_last_checkpoint(tmp_path):
    class Broken(spikenas.torch.Engine):
        def network(self, graph, tensors):
            network = super().network(graph, tensors)
            network.step = lambda *_: 1 / 0
            return network

    run = new_run(tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        spikenas.torch.train(run, engine=Broken(), progress=Silent())
    assert losses(run.path) == []
    spikenas.torch.train(run, progress=Silent())
    assert len(losses(run.path)) == 1


def test_errors_are_the_library_s_one_line(tmp_path):
    with pytest.raises(spikenas.ArgumentError, match="four rows of four digits") as error:
        new_run(tmp_path / "run", "0313")
    assert isinstance(error.value, ValueError) and "\n" not in str(error.value)
    with pytest.raises(ValueError, match="unknown field `epoch`"):
        new_run(tmp_path / "run", epoch=3)
    with pytest.raises(spikenas.Error, match="there is no such run"):
        spikenas.torch.train(tmp_path / "nothing")
    run = new_run(tmp_path / "run")
    spikenas.torch.train(run, progress=Silent())
    with pytest.raises(ValueError, match="choose from cpu, cuda"):
        spikenas.torch.train(run, "abacus", progress=Silent())
    with pytest.raises(spikenas.Error, match="belongs to another configuration"):
        spikenas.torch.train(run, progress=Silent(), batch=8)


def command(path, *launcher):
    """The command on a run, alone or by a launcher."""
    words = [sys.executable, *launcher, "-m", "spikenas.torch", "train", str(path)]
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_two_processes_learn_what_one_does(tmp_path):
    # The last mini-batch has one image, so that one process has none.
    settings = {"limit_train": 41, "batch": 10, "dropout": 0.5, "accumulate": 2, "average_epochs": 1}
    one, two = (new_run(tmp_path / name, **settings) for name in ("one", "two"))
    spikenas.torch.train(one, progress=Silent())
    done = command(two.path, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert done.returncode == 0, done.stderr
    assert np.allclose(losses(one.path), losses(two.path), rtol=1e-5)
    tensors = [spikenas.load_model(run.path)["tensors"] for run in (one, two)]
    for name, values in tensors[0].items():
        assert np.linalg.norm(tensors[1][name] - values) < 2e-2 * (np.linalg.norm(values) + 0.1), name
    assert "2 processes" in json.loads((two.path / "trained.json").read_text())["engine"]


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_signal_ends_the_command_after_a_step(tmp_path):
    run = new_run(tmp_path / "run", epochs=1000)
    words = [sys.executable, "-m", "spikenas.torch", "train", str(run.path)]
    child = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while "epoch 1 of" not in (line := child.stderr.readline()):
        assert line, "it ended by itself"
    child.send_signal(signal.SIGTERM)
    told = child.stderr.read().splitlines()[-1]
    assert child.wait() == 128 + signal.SIGTERM and told.startswith("error: interrupted: epoch "), told
    assert (run.path / "checkpoint" / "last.safetensors").exists()


def test_wrong_commands_are_one_line(tmp_path):
    done = command(tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


@pytest.mark.skipif("SPIKENAS" not in os.environ, reason="the variable SPIKENAS does not name the program")
def test_the_program_goes_on_from_what_pytorch_trained(tmp_path):
    run = new_run(tmp_path / "run", limit_train=200)
    spikenas.torch.train(run, progress=Silent())
    exported = str(tmp_path / "network.nir")
    for words in (
        ["evaluate"], ["report"], ["quantise", "--bits", "8"], ["export", "--to", "nir", "-o", exported],
        ["train", "--resume", "--epochs", "2"],
    ):
        words = [words[0], str(run.path), *words[1:]]
        done = subprocess.run([os.environ["SPIKENAS"], *words], capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
    expected = spikenas.torch.evaluate(run, progress=Silent())
    record = json.loads((run.path / "evaluate.json").read_text())
    assert (record["correct"], record["engine"]) == (expected["correct"], "float")
    assert Path(exported).exists()
