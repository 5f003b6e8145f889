"""Trials: how one is told, counted and kept; which ones the short form takes."""

import collections
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from process import Ran


@dataclass
class Verdict:
    """What came of a trial: why it failed, if it did."""

    reasons: list
    run: Ran = None
    folder: Path = None
    note: str = ""


@dataclass
class Trial:
    """One fault."""

    group: str
    case: str
    fault: str
    #: Returns a verdict; nothing where the fault could not be made.
    attempt: Callable = field(repr=False)


def sample(trials, count):
    """A part of the trials, spread evenly over all cases and over the faults of each."""
    by_case = collections.defaultdict(list)
    for trial in trials:
        by_case[trial.case].append(trial)
    # Small cases give all they have, and the others share the rest.
    share, left = {}, count
    for number, case in enumerate(sorted(by_case, key=lambda case: len(by_case[case]))):
        share[case] = min(len(by_case[case]), max(1, left // (len(by_case) - number)))
        left -= share[case]
    for case, found in by_case.items():
        for number in range(share[case]):
            yield found[(2 * number + 1) * len(found) // (2 * share[case])]


class Log:
    """Runs and counts trials, prints those that failed, keeps the folders of the first few."""

    def __init__(self, path, kept):
        self.file, self.kept = open(path, "a"), kept
        self.counts, self.kinds = collections.Counter(), collections.Counter()

    def run(self, trial):
        verdict = trial.attempt()
        if verdict is None:
            return
        reasons, run = verdict.reasons, verdict.run
        self.counts[trial.group, trial.case, not reasons] += 1
        entry = {"group": trial.group, "case": trial.case, "fault": trial.fault, "failed": reasons, "note": verdict.note}
        if run is not None:
            entry |= {"rc": run.rc, "err": run.err[-600:], "seconds": round(run.seconds, 2), "megabytes": round(run.megabytes)}
        print(json.dumps(entry), file=self.file, flush=True)
        if reasons:
            self.show(trial, verdict)

    def show(self, trial, verdict):
        kind = re.sub(r"\d+|0x[0-9a-f]+|in \.\.\..*", "", trial.fault)[:60]
        key = (trial.group, trial.case, kind, re.sub(r"\d+", "", verdict.reasons[0])[:40])
        self.kinds[key] += 1
        if self.kinds[key] <= 2:
            print(f"FAILED {trial.group} {trial.case} [{trial.fault[:170]}]: {'; '.join(verdict.reasons)[:300]}", flush=True)
            if verdict.run is not None and verdict.run.err:
                print("       | " + verdict.run.err.strip().splitlines()[-1][:240], flush=True)
        if verdict.folder is not None and verdict.folder.exists() and self.kinds[key] == 1:
            place = self.kept / re.sub(r"[^\w.,=+-]+", "_", f"{trial.group}-{trial.case}-{trial.fault}")[:120]
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(verdict.folder, place, symlinks=True)

    def summary(self):
        """Prints the counts; returns how many trials failed."""
        print(f"\n{'group':<9} {'case':<34} passed  failed")
        groups = collections.Counter()
        for group, case in sorted({key[:2] for key in self.counts}):
            passed, failed = self.counts[group, case, True], self.counts[group, case, False]
            groups[group, True] += passed
            groups[group, False] += failed
            print(f"{group:<9} {case:<34} {passed:>6}  {failed:>6}")
        for group in sorted({group for group, _ in groups}):
            print(f"{group:<9} {'all':<34} {groups[group, True]:>6}  {groups[group, False]:>6}")
        return sum(count for (_, passed), count in groups.items() if not passed)
