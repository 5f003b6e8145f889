"""Recordings that others have made, as others read them: their events, and SpikingJelly's frames of them, integer for integer.

The recordings are those of the tests of two packages on PyPI, which are downloaded and not kept.
"""

import importlib.util
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import spikenas
from spikenas import events

#: Package, and the folder of its recordings.
PACKAGES = {"tonic": ("1.4.3", "test/test_data"), "faery": ("0.7.1", "tests/data")}
#: Package, recording, events, and columns and rows.
RECORDINGS = [
    ("tonic", "sample_nmnist.bin", 4_325, (34, 34)),
    ("tonic", "sample_ncars.dat", 2_009, (304, 240)),
    ("tonic", "sample.aedat4", 111_954, (320, 240)),
    ("faery", "evt2.raw", 521_252, (640, 480)),
    ("faery", "evt3.raw", 1_218_618, (1280, 720)),
    ("faery", "gen4.dat", 1_218_618, (1280, 720)),
    ("faery", "davis346.aedat4", 78_830, (346, 260)),
]


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """Where a recording of a package lies."""
    folders = {}

    def find(package, name):
        version, inside = PACKAGES[package]
        if package not in folders:
            folder = tmp_path_factory.mktemp(package)
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package]
            subprocess.run([*download, "--dest", str(folder), f"{package}=={version}"], check=True)
            (archive,) = folder.glob("*.tar.gz")
            with tarfile.open(archive) as files:
                files.extractall(folder, filter="data")
            folders[package] = folder / f"{package}-{version}" / inside
        return folders[package] / name

    return find


@pytest.fixture(scope="session")
def integrate():
    """SpikingJelly's frames of events.

    From its file: the package around it imports torchaudio, which works with the PyTorch alone that it was built for.
    """
    found = importlib.util.find_spec("spikingjelly")
    if found is None:
        pytest.skip("SpikingJelly is not there")
    path = Path(found.origin).parent / "datasets" / "utils.py"
    spec = importlib.util.spec_from_file_location("spikingjelly.datasets.utils", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.integrate_events_by_fixed_frames_number


@pytest.mark.parametrize(("package", "name", "count", "sensor"), RECORDINGS)
def test_a_recording_of_others_has_its_events_and_spikingjelly_s_frames(place, integrate, package, name, count, sensor):
    recording = events.read(place(package, name))
    assert len(recording) == len(recording.t) == count
    assert recording.sensor in (None, sensor)
    columns = {"t": recording.t, "x": recording.x, "y": recording.y, "p": recording.p}
    for split in ("number", "time"):
        ours = events.frames(recording, 5, split=split, sensor=sensor)
        theirs = integrate(columns, split, 5, sensor[1], sensor[0])
        assert ours.dtype == np.uint32 and ours.shape == (5, 2, sensor[1], sensor[0])
        assert np.array_equal(ours, theirs)
        assert ours.sum() == count


def test_one_recording_in_two_formats_is_the_same(place):
    one, other = (events.read(place("faery", name)) for name in ("evt3.raw", "gen4.dat"))
    for name in "xyp":
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    # Each counts from a beginning of its own.
    assert np.array_equal(one.t - one.t[0], other.t - other.t[0])
    assert one.t[-1] - one.t[0] == 10_767_997


def test_arrays_are_a_recording_and_pixels_are_added_up():
    recording = events.Recording(t=[5, 6, 9], x=np.array([0, 3, 2], np.uint16), y=[0, 1, 1], p=[True, False, True], sensor=(4, 2))
    assert repr(recording) == "Recording(3 events of 4x2 pixels)"
    assert recording.p.tolist() == [1, 0, 1] and recording.t.dtype == np.int64
    halves = events.frames(recording, 2, scale=2, merge=True)
    assert halves.tolist() == [[[[1, 0]]], [[[0, 2]]]]
    assert events.frames(recording, 1).sum(axis=(0, 2, 3)).tolist() == [1, 2]


def test_a_file_of_numpy_is_read_by_its_path(tmp_path):
    path = tmp_path / "one.npz"
    np.savez_compressed(path, t=np.arange(6), x=np.arange(6) % 2, y=np.zeros(6, int), p=np.ones(6, int))
    counts = events.frames(path, 3, sensor=(2, 1))
    assert counts[:, 1].tolist() == [[[1, 1]]] * 3 and not counts[:, 0].any()


def test_what_is_wrong_is_said_in_one_line(tmp_path):
    recording = events.Recording([1], [2], [3], [0])
    for wrong, words in [
        (lambda: events.frames(recording, 2), r"does not say how large the sensor is \(the events lie within \(3, 4\)\)"),
        (lambda: events.frames(recording, 0, sensor=(9, 9)), "0 frames"),
        (lambda: events.frames(recording, 10**12, sensor=(9, 9)), "take fewer frames"),
        (lambda: events.frames(recording, 2, sensor=(2, 2)), "event 1 lies at column 2, row 3"),
        (lambda: events.frames(recording, 2, split="tme", sensor=(9, 9)), "did you mean time"),
        (lambda: events.Recording([1.5], [2], [3], [0]), "t: give an array of whole numbers"),
        (lambda: events.Recording([1], [2, 3], [3], [0]), "give as many of each"),
        (lambda: events.Recording([-1], [2], [3], [0]), "event 1: t -1"),
        (lambda: events.Recording([1], [2], [3], [2]), "event 1: t 1, x 2, y 3, p 2"),
    ]:
        with pytest.raises(spikenas.ArgumentError, match=words):
            wrong()
    path = tmp_path / "short.bin"
    path.write_bytes(b"1234567")
    with pytest.raises(spikenas.Error, match="short.bin: cut off within an event of five bytes"):
        events.read(path)
