"""The commands `python -m spikenas.torch train RUN` and `evaluate RUN`, alone or under `torchrun`."""

import argparse
import os
import signal
import sys

from .. import Error
from . import distributed
from .training import evaluate, train


def parser():
    program = argparse.ArgumentParser(
        prog="python -m spikenas.torch",
        description="Trains and tests a run's winner by PyTorch, also by several processes of torchrun.",
    )
    commands = program.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help in (
        ("train", "train a run's winner, or go on with it; the records are those of `spikenas train`"),
        ("evaluate", "test a run's model; `spikenas evaluate` keeps the record"),
    ):
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("run", metavar="RUN", help="the run folder")
        command.add_argument("--device", default="cpu", help="device of PyTorch, such as cuda [default: cpu]")
        command.add_argument("--amp", action="store_true", help="convolutions and linear layers in bfloat16")
        command.add_argument("--tf32", action="store_true", help="products of float32 with 10 bits, on CUDA")
        command.add_argument("--cuda-graphs", action="store_true", help="launch each step's passes as a whole, on CUDA")
        command.add_argument("--data-dir", metavar="DIR", help="where CIFAR lies now")
        if name == "train":
            command.add_argument("--epochs", type=int, metavar="N", help="passes over the training images")
            command.add_argument("--batch", type=int, metavar="N", help="images of a mini-batch")
    return program


def main(arguments=None):
    given = parser().parse_args(arguments)
    try:
        if distributed.is_asked_for():
            distributed.share(lambda engine: work(given, engine), given.device, given.amp, given.tf32)
        else:
            work(given)
    except KeyboardInterrupt as stop:
        print(f"error: {stop}", file=sys.stderr)
        return 128 + (getattr(stop, "signal", None) or signal.SIGINT)
    except (Error, MemoryError, RuntimeError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return 0


def work(given, engine=None):
    """Does what a command line asks for, on an engine or on that of the command line."""
    common = {"device": given.device, "amp": given.amp, "tf32": given.tf32, "graphs": given.cuda_graphs}
    common |= {"data_dir": given.data_dir, "engine": engine}
    if given.command == "train":
        settings = {name: value for name in ("epochs", "batch") if (value := getattr(given, name)) is not None}
        train(given.run, **common, **settings)
    record = evaluate(given.run, **common)
    print(f"{record['accuracy']:.2f} % of {record['total']} test images")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is on the disk. Threads of PyTorch and gloo may be ending still, and one that wants the interpreter while that is
    # taken down would abort the process.
    os._exit(status)
