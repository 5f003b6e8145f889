"""The commands that are disturbed, the folders that they begin with, and what they must leave."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from folders import differences, digest, harmed, raw, work_lost
from inputs import STUDY, Server, cifar_archive, patched, small_images, small_table


@dataclass
class Command:
    """A command, the folder that it begins with, and how it is repeated. `RUN` stands for the folder of a trial."""

    name: str
    argv: list
    again: list = None
    template: str = None
    program: Path = None
    #: What an undisturbed run leaves.
    reference: dict = None


class Commands:
    """All commands, their templates made."""

    def __init__(self, place):
        self.place = place
        work = place.work
        self.images, self.templates = work / "images", work / "templates"
        small_images(self.images)
        small_table(work / "table.csv")
        (work / "study.toml").write_text(STUDY)
        self.server = Server(cifar_archive())
        patched(place.program, work / "spikenas-fetch", self.server.data)
        self.all = {command.name: command for command in self.list(work)}
        self.make_templates()

    def list(self, work):
        images, table = self.images, work / "table.csv"
        network = ["--data", images, "--preset", "sample", "--widths", "8,16", "--cells", "1", "--ops", "skip,conv3x3"]
        search = [*network, "--threads", "1", "--batch", "16", "--budget", "2500", "--scope", "backbone"]
        search += ["--score", "funnel", "--confirm", "1"]
        learn = ["--epochs", "3", "--learning-rate", "0.05"]
        supernet = [*network, "--threads", "1", "--batch", "8", "--method", "supernet", "--supernet-epochs", "2"]
        supernet += ["--iterations", "6", "--validation", "0.3", "--checkpoint-minutes", "0"]
        device = ["--data", images, "--flash", "6KiB", "--ram", "8KiB", "--bits", "4", "--finalists", "0", "--confirm", "0"]
        kept = [*learn, "--threads", "1", "--tensorboard", "--checkpoint-minutes", "0"]
        scores = ["--score", "funnel,parameters", "--seeds", "2", "--batch", "8", "--widths", "8,16", "--threads", "1"]
        scenarios = ["--scale", work / "study.toml", "--scenario", "1C2O,1C2O_M", "--threads", "1"]
        return [
            Command("search", ["search", *search, "--out", "RUN"]),
            Command("shard", ["search", *search, "--out", "RUN", "--shard", "1/1"]),
            Command("merge", ["merge", "RUN", "--threads", "1"], template="shared"),
            Command("supernet", ["search", *supernet, "--out", "RUN"]),
            Command("train", ["train", "RUN", *kept], ["train", "RUN", *kept, "--resume"], "searched"),
            Command("resume", ["train", "RUN", *kept, "--resume"], template="half"),
            Command("run", ["run", *search, *learn, "--out", "RUN"]),
            Command("device", ["run", *device, "--epochs", "2", "--threads", "1", "--out", "RUN"]),
            Command("quantise", ["quantise", "RUN"], ["quantise", "RUN", "--replace"], "finished"),
            Command("export", ["export", "RUN", "--to", "c", "--out", "RUN/c"], template="quantised"),
            Command("correlate", ["correlate", "--table", table, "--data", images, *scores, "--out", "RUN"]),
            Command("evaluate", ["evaluate", "RUN", "--threads", "1"], template="finished"),
            Command("report", ["report", "RUN", "--svg", "RUN/svg"], template="finished"),
            Command("study", ["reproduce", "--data", images, *scenarios, "--out", "RUN"]),
            Command(
                "fetch",
                ["data", "fetch", "cifar10", "--from", self.server.url, "--data-dir", "RUN"],
                program=work / "spikenas-fetch",
            ),
        ]

    def line(self, command, folder, again=False):
        """The words of a command in a folder, or of its repetition."""
        argv = command.again if again and command.again else command.argv
        return [command.program or self.place.program, *[str(word).replace("RUN", str(folder)) for word in argv]]

    def begin(self, command, place=None):
        """A fresh folder for a command."""
        place = place or self.place.trial
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if command.template:
            shutil.copytree(self.templates / command.template, place / "run")
        return place / "run"

    def begin_trial(self, command, place=None):
        """A fresh folder, and what it holds."""
        folder = self.begin(command, place)
        return folder, raw(folder) if folder.exists() else {}

    def undisturbed(self, command):
        """What a command leaves where nothing disturbs it."""
        if command.reference is None:
            folder = self.begin(command)
            run = self.place.execute(self.line(command, folder))
            assert run.rc == 0, (command.name, run)
            command.reference = digest(folder)
        return command.reference

    def check_after(self, command, folder, run, before, ran_well=None):
        """What a disturbed run left, and what the next one makes of it."""
        reasons = work_lost(folder, before)
        ran_well = run.rc == 0 if ran_well is None else ran_well
        # A report says what it could not read, as it should; repeated, it reads all.
        if ran_well and not (command.name == "report" and "warning:" in run.err):
            changed = differences(digest(folder), self.undisturbed(command), before)
            return reasons + ([f"status 0, but {', '.join(changed)} differ"] if changed else [])
        # What a signal leaves half-written goes with the next write.
        if run.rc in (1, 2) and command.name != "fetch":
            left = [name for name in digest(folder) if name.endswith(".part") and name not in before]
            reasons += [f"left {', '.join(left)}"] if left else []
        reasons += harmed(folder, before)
        if command.name == "export" and (folder / "c").exists():
            # It is whole, or not there at all; what is there is in the way.
            changed = differences(digest(folder), self.undisturbed(command), before)
            return reasons + ([f"what is exported differs in {', '.join(changed)}"] if changed else [])
        again = self.place.execute(self.line(command, folder, again=True))
        # The small archive is a part of CIFAR-10: where it was unpacked, it is in the way.
        if again.rc != 0 and not (command.name == "fetch" and "a partial copy of 5 + 1 images" in again.err):
            return reasons + [f"repeated, it ends with {again.rc}: {again.err.strip()[-300:]}"]
        reasons += work_lost(folder, before)
        changed = differences(digest(folder), self.undisturbed(command), before)
        if again.rc != 0:
            # The archive is removed where what was unpacked is whole.
            changed = [name for name in changed if not name.endswith(".tar.gz.part (left over)")]
        return reasons + ([f"repeated, it differs in {', '.join(changed)}"] if changed else [])

    def make_templates(self):
        """Folders that commands begin with: searched, scored by shards, half trained, finished, quantised, a study, a correlation, half searched, trained."""

        def keep(name, folder):
            shutil.rmtree(self.templates / name, ignore_errors=True)
            shutil.copytree(folder, self.templates / name)

        def finished(command):
            folder = self.begin(command)
            run = self.place.execute(self.line(command, folder))
            assert run.rc == 0, (command.name, run)
            return folder

        keep("searched", finished(self.all["search"]))
        keep("shared", finished(self.all["shard"]))
        # Killed in the middle of the second epoch: 4 checkpoints an epoch.
        folder = self.killed(self.all["train"], "rename", "last.safetensors", 7)
        assert (folder / "checkpoint/last.safetensors").exists()
        keep("half", folder)
        for name, command in (
            ("finished", "run"), ("quantised", "quantise"), ("study", "study"), ("correlate", "correlate"),
        ):
            keep(name, finished(self.all[command]))
        folder = self.killed(self.all["search"], "write", "journal.jsonl", 5)
        assert not (folder / "search.json").exists()
        keep("searching", folder)
        # Learned something, so that damage can be seen in its accuracy.
        more = {"3": "25", "0.05": "0.1"}
        self.thorough = Command("run", [more.get(str(word), word) for word in self.all["run"].argv])
        keep("trained", finished(self.thorough))

    def killed(self, command, syscall, name, number):
        """The folder of a command that was killed at one of its calls on a file."""
        self.place.traced(self.line(command, self.begin(command)), syscall)
        numbers = [number for call, number, line in self.place.calls() if name in line]
        folder = self.begin(command)
        run = self.place.traced(self.line(command, folder), syscall, f"signal=KILL:when={numbers[number - 1]}")
        assert run.rc != 0, run
        return folder
