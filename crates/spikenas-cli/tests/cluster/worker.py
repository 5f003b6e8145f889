"""A HyperQueue worker in a process of its own, which can be killed: the wheel starts workers as threads of a server's process.

    python worker.py OWN SERVER

OWN: a folder for a server that nobody uses. SERVER: the folder of the server that the worker joins.
"""

import pathlib
import signal
import sys

from hyperqueue.cluster import LocalCluster, WorkerConfig

own, server = (pathlib.Path(path) for path in sys.argv[1:])
cluster = LocalCluster(server_dir=str(own))
current = own / "hq-current"
current.unlink()
current.symlink_to((server / "hq-current").resolve())
cluster.start_worker(WorkerConfig(cores=1))
signal.pause()
