"""Recordings of event cameras: by folder, and as arrays of frames."""

import json

import numpy as np
import pytest
import spikenas


@pytest.fixture
def waves(tmp_path):
    """A folder of recordings of 6 x 5 pixels: a dot that goes to the right, or to the left."""
    for split, count in [("train", 4), ("test", 2)]:
        for name in ["left", "right"]:
            folder = tmp_path / "waves" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                columns = range(6) if name == "right" else range(5, -1, -1)
                events = [[x, 4 - (number + x) % 5, (step % 2) << 7, 0, 10 * step] for step, x in enumerate(columns)]
                (folder / f"{number}.bin").write_bytes(bytes(sum(events, [])))
    return tmp_path / "waves"


def test_a_folder_of_recordings_is_a_dataset_of_frames(waves):
    dataset = spikenas.Dataset.open(str(waves), frames=3, split_by="time", merge_polarities=True)
    assert dataset.frames == 3 and dataset.image == (1, 8, 8)
    pixels, labels = dataset.images("train")
    assert pixels.shape == (8, 3, 1, 8, 8) and list(labels) == [0] * 4 + [1] * 4
    assert pixels.sum() == 48 and "recordings, 3 frames" in repr(dataset)
    inputs = dataset.normalised("train", [7, 0])
    assert inputs.shape == (3, 2, 1, 8, 8)
    assert np.array_equal(inputs > 0, pixels[[7, 0]].swapaxes(0, 1) > 0)
    with pytest.raises(spikenas.ArgumentError, match="frames 0 is out of range"):
        spikenas.Dataset.open(str(waves), frames=0)
    with pytest.raises(spikenas.ArgumentError, match="did you mean time?"):
        spikenas.Dataset.open(str(waves), split_by="tim")
    with pytest.raises(spikenas.ArgumentError, match="these are images"):
        spikenas.Dataset.open("sample", downscale=2)


def test_arrays_of_frames_are_the_same_and_make_the_timesteps(waves, tmp_path):
    opened = spikenas.Dataset.open(str(waves), frames=3)
    pixels, labels = opened.images("train")
    arrays = spikenas.Dataset(pixels, labels, *opened.images("test"), classes=opened.classes)
    assert arrays.fingerprint == opened.fingerprint
    for data in [opened, arrays]:
        run = spikenas.search(data, score="depth", widths=[4, 8], cells=1, hidden=16, ops="skip,conv3x3")
        assert (run.config["network"]["timesteps"], run.config["network"]["frames"]) == (3, True)
    with pytest.raises(spikenas.ArgumentError, match="each of the 3 frames of a recording"):
        spikenas.search(arrays, score="depth", timesteps=5)
    with pytest.raises(spikenas.ArgumentError, match="test samples of 2 frames, training samples of 3"):
        spikenas.Dataset(pixels, labels, pixels[:, :2], labels)
    with pytest.raises(spikenas.ArgumentError, match=r"\[recordings, frames, 2 or 1, rows, columns\]"):
        spikenas.Dataset(pixels[None], labels)


def test_pytorch_learns_and_tests_frames_as_the_library_does(waves, tmp_path):
    torch = pytest.importorskip("spikenas.torch")
    dataset = spikenas.Dataset.open(str(waves), frames=3)
    network = {"widths": [4, 8], "hidden": 16, "cells": 1, "last_pool": 2}
    settings = {"epochs": 2, "batch": 4, "dropout": 0.0, "validation": 0.0, "choice": "last"}
    runs = {}
    for engine in ["torch", "own"]:
        run = spikenas.new_run(tmp_path / engine, "0313 0031 0003 0000", data=dataset, train=settings, network=network)
        assert run.graph["config"]["frames"]
        runs[engine] = torch.train(run) if engine == "torch" else spikenas.train(run).curve.to_dicts()
    found, expected = ([epoch["train_loss"] for epoch in runs[engine]] for engine in ["torch", "own"])
    assert np.allclose(found, expected, rtol=1e-5), (found, expected)
    own = json.loads((tmp_path / "own/evaluate.json").read_text())
    rates = lambda test: [layer["firing_rate"] for layer in test["layers"]]  # noqa: E731
    assert np.allclose(rates(torch.evaluate(tmp_path / "own")), rates(own), atol=1e-3)
    again = torch.load(tmp_path / "own")
    torch.save(again, tmp_path / "copy.safetensors")
    assert torch.load(tmp_path / "copy.safetensors").frames == 3
