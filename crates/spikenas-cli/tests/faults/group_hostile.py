"""Inputs that somebody made to break the program: options, files of every kind, archives."""

import resource
import shutil

import hostile_archives
import hostile_files
import hostile_images
import hostile_options
import hostile_weights
from process import complaint, crashed
from trials import Trial, Verdict


def trials(commands, rng):
    attacks = Attacks(commands)
    for part in (hostile_options, hostile_files, hostile_weights, hostile_images, hostile_archives):
        for case, what, attempt in part.attacks(attacks, rng):
            yield Trial("hostile", case, what[:100], attempt)


class Attacks:
    """Runs commands on hostile inputs."""

    def __init__(self, commands):
        self.commands, self.images = commands, commands.images
        self.place = commands.place.work / "hostile"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        #: The options of a small network on the images.
        self.network = ["--data", self.images, "--preset", "sample", "--widths", "8,16", "--threads", "1"]

    def template(self, name):
        return self.commands.templates / name

    def folder(self, name):
        """A fresh copy of a template."""
        folder = self.place / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template(name), folder)
        return folder

    def run(self, argv, folder=None, program=None, slow=20, most=1500):
        """A command on a hostile input: it ends within so many seconds of one core, within its memory, with 0 or one line."""
        argv = [program or self.commands.place.program, *argv]
        limits = {resource.RLIMIT_AS: 4_000_000 << 10, resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: slow}
        run = self.commands.place.execute(argv, limits=limits, timeout=10 * slow)
        reasons = crashed(run)
        if run.failed():
            reasons += complaint(run, longest=2000 + 3 * max(len(str(word)) for word in argv))
        if run.megabytes > most:
            reasons.append(f"took {run.megabytes:.0f} MB")
        if any(ord(c) < 32 and c not in "\n\t" for c in run.err):
            reasons.append("control characters of the input reach the terminal")
        return Verdict(reasons, run, folder, f"status {run.rc}, {run.megabytes:.0f} MB")
