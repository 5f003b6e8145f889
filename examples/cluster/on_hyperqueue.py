"""A shared search, or the tasks of a study, on HyperQueue (https://it4innovations.github.io/hyperqueue; `pip install hyperqueue`).

    python on_hyperqueue.py search --shards 8 --passes 2 --out runs/shared -- --budget 40k --widths 16,32
    python on_hyperqueue.py tasks --out studies/table1 -- reproduce --data cifar10 --scale cpu

Needs a running server (`hq server start`; HQ_SERVER_DIR says where, if not in the home folder) and workers on the nodes (`hq worker
start`, or `hq alloc add slurm`), all of which see the same folder. What stands behind `--` are options of `spikenas search`, or a command with `--list-tasks` and its options.

A worker that is lost takes its tasks along; the server gives them to others, which go on from what is in the folder.
"""

import argparse
import json
import os
import subprocess
import sys

from hyperqueue import Client, Job
from hyperqueue.ffi.protocol import ResourceRequest

SPIKENAS = os.environ.get("SPIKENAS", "spikenas")


class Work:
    """A job whose tasks run the program, each on some cores."""

    def __init__(self, cpus):
        self.cpus = cpus
        self.job = Job(default_workdir=os.getcwd(), name="spikenas")

    def add(self, arguments, after=()):
        arguments = [SPIKENAS, *arguments, "--threads", str(self.cpus)]
        # What tasks say goes to a file, where one is named.
        words = {"stdout": None, "stderr": os.environ.get("SPIKENAS_STDERR")}
        return self.job.program(arguments, deps=after, resources=ResourceRequest(cpus=self.cpus), **words)


def search(work, options, out, shards, passes):
    """A shared search: all shards for each pass of Algorithm 1 (one a cell), then the merge.

    No task waits for another that has no worker yet: with `--no-wait`, a shard ends where it needs what others have not scored, and goes on
    in the next round.
    """
    before = ()
    for _ in range(passes):
        shard = ["search", *options, "--out", out, "--no-wait", "--shard"]
        before = [work.add([*shard, f"{number}/{shards}"], after=before) for number in range(1, shards + 1)]
    return work.add(["merge", out], after=before)


def tasks(work, command, out):
    """The tasks of `reproduce`, `ablate`, `tabulate` or `train RUN --front`, then the command that puts them together."""
    where = [] if "--front" in command else ["--out", out]
    listed = subprocess.run([SPIKENAS, *command, *where, "--list-tasks", "--json"], check=True, stdout=subprocess.PIPE)
    done = [work.add([*command, *where, "--task", str(task["task"])]) for task in json.loads(listed.stdout)]
    return work.add([*command, *where], after=done)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["search", "tasks"])
    parser.add_argument("--out", required=True, help="the shared folder")
    parser.add_argument("--shards", type=int, default=8, help="of a search")
    parser.add_argument("--passes", type=int, default=1, help="of Algorithm 1: the cells of the network")
    parser.add_argument("--cpus", type=int, default=1, help="of a task")
    words = sys.argv[1:]
    behind = words.index("--") if "--" in words else len(words)
    given, options = parser.parse_args(words[:behind]), words[behind + 1 :]
    work = Work(given.cpus)
    if given.what == "search":
        search(work, options, given.out, given.shards, given.passes)
    else:
        tasks(work, options, given.out)
    client = Client(os.environ.get("HQ_SERVER_DIR"))
    client.wait_for_jobs([client.submit(work.job)])


if __name__ == "__main__":
    main()
