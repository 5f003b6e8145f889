"""A search and a small study on HyperQueue with two workers, one of which is killed in the middle: the same as one process makes?

    make cluster

The jobs are those of examples/cluster/on_hyperqueue.py. Compared bit for bit: scores and results, without what the clock says, and
every trained model.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from hyperqueue import Client
from hyperqueue.cluster import LocalCluster

ROOT = pathlib.Path(__file__).resolve().parents[4]
PROGRAM = os.environ.setdefault("SPIKENAS", str(ROOT / "target/release/spikenas"))
sys.path.insert(0, str(ROOT / "examples/cluster"))
sys.dont_write_bytecode = True

import on_hyperqueue  # noqa: E402

SHARDS = 4
SEARCH = "--widths 8,16 --timesteps 3 --batch 16 --score sahd --ops skip,conv3x3,avgpool3x3 --confirm 1".split()
SETTINGS = {"hidden": 32, "timesteps": 3, "iterations": 20, "drawn": 20, "epochs": 3, "batch": 16, "limit_train": 400}
SCENARIOS = "1C2O,1C2O_M"


def program(*arguments):
    subprocess.run([PROGRAM, *arguments, "--threads", "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def timeless(record):
    """A record without what the clock says, and without the checksum over it."""
    if isinstance(record, dict):
        return {key: timeless(value) for key, value in record.items() if "seconds" not in key and key != "crc"}
    return [timeless(value) for value in record] if isinstance(record, list) else record


def lines(path):
    """The lines of a journal, which are in order of their finding, in order of their text."""
    return sorted(json.dumps(timeless(json.loads(line))) for line in path.read_text().splitlines())


def same(found, expected, what):
    assert found == expected, f"{what} differs from that of one process"
    print(f"the same as of one process: {what}")


class Cluster:
    """A server, and workers in processes of their own."""

    def __init__(self, place):
        self.place, self.workers = place, []
        self.server = LocalCluster(server_dir=str(place / "server"))
        self.client = Client(place / "server")

    def add_worker(self):
        own = self.place / f"worker-{len(self.workers)}"
        script = pathlib.Path(__file__).with_name("worker.py")
        argv = [sys.executable, script, own, self.place / "server"]
        self.workers.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL))

    def kill_worker(self):
        """Kills the first worker, with all that it started, as a node that fails does."""
        worker = self.workers.pop(0)
        tasks = descendants(worker.pid)
        for process in [worker.pid, *tasks]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        worker.wait()
        print(f"killed a worker with {len(tasks)} processes at a task")
        assert tasks, "the worker had nothing to do when it was killed"

    def do(self, work, kill_when):
        """Does a job, kills a worker as soon as something is true, and puts another in its place."""
        job = self.client.submit(work.job)
        begin = time.monotonic()
        while not kill_when():
            assert time.monotonic() - begin < 60, "the job does not begin"
            time.sleep(0.01)
        self.kill_worker()
        self.add_worker()
        # Its progress bar is for people.
        with contextlib.redirect_stderr(io.StringIO()):
            self.client.wait_for_jobs([job])

    def stop(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.server.stop()


def descendants(process):
    """The processes that a process started, and those that these did."""
    children = pathlib.Path(f"/proc/{process}/task").glob("*/children")
    started = [int(child) for path in children for child in path.read_text().split()]
    return started + [deeper for child in started for deeper in descendants(child)]


def settings(place):
    """The settings of a study that takes seconds."""
    shown = subprocess.run([PROGRAM, "reproduce", "--show-settings"], check=True, text=True, stdout=subprocess.PIPE).stdout
    for key, value in SETTINGS.items():
        shown = re.sub(rf"^{key} = .*$", f"{key} = {value}", shown, flags=re.MULTILINE)
    path = place / "tiny.toml"
    path.write_text(shown)
    return path


def check_search(cluster, place):
    work = on_hyperqueue.Work(1)
    out = place / "all"
    on_hyperqueue.search(work, SEARCH, str(out), SHARDS, passes=2)
    written = lambda: sum(path.stat().st_size for path in out.glob("shards/*/*.jsonl"))  # noqa: E731
    cluster.do(work, lambda: written() > 20_000)
    print(f"{len(list(out.glob('shards/*/*.jsonl')))} processes scored {SHARDS} shards of 2 passes")
    program("search", *SEARCH, "--out", str(place / "one"))
    same(lines(out / "journal.jsonl"), lines(place / "one/journal.jsonl"), "journal.jsonl of a search")
    read = lambda name: timeless(json.loads((place / name / "search.json").read_text()))  # noqa: E731
    same(read("all"), read("one"), "search.json")


def check_study(cluster, place):
    work = on_hyperqueue.Work(1)
    command = ["reproduce", "--scale", str(settings(place)), "--scenario", SCENARIOS]
    out = place / "study"
    on_hyperqueue.tasks(work, command, str(out))
    cluster.do(work, lambda: any(out.glob("*/train.jsonl")))
    program(*command, "--out", str(place / "study-one"))
    read = lambda name: timeless(json.loads((place / name / "study.json").read_text()))  # noqa: E731
    same(read("study"), read("study-one"), "study.json")
    for model in sorted((place / "study-one").glob("*/model.safetensors")):
        name = model.parent.name
        same((out / name / "model.safetensors").read_bytes(), model.read_bytes(), f"the model of {name}")


def main():
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = pathlib.Path(folder)
        cluster = Cluster(place)
        stack.callback(cluster.stop)
        cluster.add_worker()
        cluster.add_worker()
        check_search(cluster, place)
        check_study(cluster, place)
    print(f"the cluster did what one process does, in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
