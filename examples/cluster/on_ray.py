"""A shared search, or the tasks of a study, on Ray (`pip install ray`).

    python on_ray.py search --shards 8 --passes 2 --out runs/shared -- --budget 40k --widths 16,32
    python on_ray.py tasks --out studies/table1 -- reproduce --data cifar10 --scale cpu

Joins the cluster that `RAY_ADDRESS` names, or starts one on this machine. All nodes see the same folder, and have the program (SPIKENAS
says where). A task whose node is lost is done again by another, and goes on from what is in the folder.
"""

import argparse
import json
import os
import subprocess
import sys

import ray

SPIKENAS = os.environ.get("SPIKENAS", "spikenas")


@ray.remote(max_retries=5, retry_exceptions=False)
def run(arguments, cpus, folder):
    """Runs the program in a folder; says what it printed."""
    argv = [SPIKENAS, *arguments, "--threads", str(cpus)]
    ended = subprocess.run(argv, cwd=folder, text=True, capture_output=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {ended.stderr.strip().splitlines()[-1:]}")
    return ended.stdout


def together(all_arguments, cpus):
    """Runs the program as often as there are arguments, and waits for all."""
    return ray.get([run.options(num_cpus=cpus).remote(arguments, cpus, os.getcwd()) for arguments in all_arguments])


def search(options, out, shards, passes, cpus):
    """A shared search: all shards for each pass of Algorithm 1 (one a cell), then the merge. No task waits for another that has not begun."""
    for _ in range(passes):
        shard = ["search", *options, "--out", out, "--no-wait", "--shard"]
        together([[*shard, f"{number}/{shards}"] for number in range(1, shards + 1)], cpus)
    return together([["merge", out]], cpus)[0]


def tasks(command, out, cpus):
    """The tasks of `reproduce`, `ablate`, `tabulate` or `train RUN --front`, then the command that puts them together."""
    where = [] if "--front" in command else ["--out", out]
    listed = subprocess.run([SPIKENAS, *command, *where, "--list-tasks", "--json"], check=True, stdout=subprocess.PIPE)
    together([[*command, *where, "--task", str(task["task"])] for task in json.loads(listed.stdout)], cpus)
    return together([[*command, *where]], cpus)[0]


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
    ray.init(log_to_driver=False)
    if given.what == "search":
        print(search(options, given.out, given.shards, given.passes, given.cpus), end="")
    else:
        print(tasks(options, given.out, given.cpus), end="")


if __name__ == "__main__":
    main()
