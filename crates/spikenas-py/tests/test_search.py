"""Searches from Python: by the library's scores and by functions, in folders and in memory."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import spikenas
from conftest import SMALL, TINY, images
from spikenas import own_score


def count_parameters(architecture):
    return -architecture.parameters["network"]


def test_a_search_of_arrays_gives_the_winner_with_its_journal(stripes):
    run = spikenas.search(*images(48, 0), score="funnel", batch=8, **SMALL)
    journal = run.journal
    assert len(journal) == run.search["computed"] > 10
    assert dict(zip(journal["architecture"], journal["score"]))[str(run.architecture)] == run.score
    leaders = run.search["confirmation"]["leaders"]
    assert str(run.architecture) in [leader["architecture"] for leader in leaders if leader["is_tied"]]
    assert run.parameters["network"] <= 200_000
    assert run.config["network"]["classes"] == 3 and run.config["data"]["source"] == "in-memory"
    assert run.architecture.image == (3, 16, 16) and run.accuracy is None and len(run.curve) == 0


def test_grey_images_have_one_channel_from_the_search_to_the_test():
    (pixels, labels), (others, theirs) = images(48, 0), images(12, 2)
    grey, test = pixels[:, :1], (others[:, :1], theirs)
    run = spikenas.search(grey, labels, test=test, score="funnel", batch=8, **SMALL)
    assert run.architecture.image == (1, 16, 16)
    spikenas.train(run, epochs=1, batch=8)
    assert spikenas.evaluate(run, *test).accuracy == run.accuracy


def test_a_function_scores_each_different_network_once():
    asked = []

    def score(architecture):
        asked.append(str(architecture))
        return count_parameters(architecture)

    run = spikenas.search(*images(48, 0), score=score, **SMALL)
    assert len(asked) == len(set(asked)) == len(run.journal)
    assert run.journal["architecture"] == asked
    assert run.score == max(run.journal["score"]) == -run.parameters["network"]


@pytest.mark.parametrize("method", ["random", "evolution", "local"])
def test_every_method_takes_a_function(method):
    run = spikenas.search(*images(48, 0), score=count_parameters, method=method, iterations=40, **SMALL)
    assert run.score == max(run.journal["score"]) and run.search["method"] == method


def test_several_budgets_are_answered_by_one_search():
    settings = SMALL | {"budget": ["200k", 1300, "1000"], "scope": "backbone"}
    run = spikenas.search(*images(48, 0), score=lambda a: a.parameters["backbone"], **settings)
    front = run.front
    assert front["budget"] == ["200000", "1300", "1000"]
    assert all(score <= int(budget) for score, budget in zip(front["score"], front["budget"]))
    assert front["score"] == sorted(front["score"], reverse=True) and len(set(front["score"])) == 3
    assert [row["architecture"].parameters["network"] for row in front] == front["parameters"]


def test_a_front_of_objectives_has_what_no_other_beats():
    run = spikenas.search(
        *images(48, 0), score=lambda a: a.parameters["backbone"], objectives=["score", "parameters"], **SMALL
    )
    points = run.front[1:]
    assert points["parameters"] == sorted(points["parameters"]) and points["score"] == sorted(points["score"])
    assert len(points) > 1


def test_under_a_budget_alone_the_sizes_are_chosen_too(stripes):
    run = spikenas.search(stripes, budget="12k", ops="skip,conv3x3", finalists=0)
    network = run.config["network"]
    assert run.architecture.network == network and network["widths"] != [16, 32]
    assert 9_000 < run.parameters["network"] <= 12_000


def test_a_search_in_a_folder_goes_on_and_another_is_refused(stripes, tmp_path):
    first = spikenas.search(stripes, score=count_parameters, out=tmp_path / "run", **SMALL)
    again = spikenas.search(stripes, score=count_parameters, out=tmp_path / "run", **SMALL)
    assert (str(again.architecture), again.search["seconds"]) == (str(first.architecture), first.search["seconds"])
    with pytest.raises(spikenas.Error, match=r"another configuration \(score.own .*count_parameters.* -> .*lambda"):
        spikenas.search(stripes, score=lambda a: 0.0, out=tmp_path / "run", **SMALL)
    with pytest.raises(spikenas.Error, match="belongs to another configuration"):
        spikenas.search(stripes, score="depth", out=tmp_path / "run", **SMALL)


def test_an_own_name_says_that_a_changed_function_is_the_same_score(stripes, tmp_path):
    for score in (lambda a: 1.0 * len(str(a)), lambda a: len(str(a)) * 1.0):
        run = spikenas.search(stripes, score=score, score_name="length", out=tmp_path / "run", **SMALL)
        assert run.config["score"]["own"] == "length"


def test_names_of_functions_tell_their_code_and_settings_apart():
    def scaled(factor):
        return lambda architecture: factor * count_parameters(architecture)

    import functools

    scores = [
        count_parameters, scaled(1), scaled(2), functools.partial(pow, 2), functools.partial(pow, 3),
        lambda a: 1.0, lambda a: 2.0,
    ]
    names = [own_score.name_of(score) for score in scores]
    assert len(set(names)) == len(names) and own_score.name_of(scaled(2)) == names[2]
    assert names[0].startswith("count_parameters-")


def test_an_exception_of_a_score_comes_through_and_the_journal_stays(stripes, tmp_path):
    asked = []

    def score(architecture):
        asked.append(architecture)
        return 1 / (5 - len(asked)) if len(asked) < 6 else 1.0

    with pytest.raises(ZeroDivisionError):
        spikenas.search(stripes, score=score, score_name="shaky", out=tmp_path / "run", **SMALL)
    assert len(spikenas.load(tmp_path / "run").journal) == 4
    run = spikenas.search(stripes, score=score, score_name="shaky", out=tmp_path / "run", **SMALL)
    assert len(asked) == len(run.journal) + 1
    with pytest.raises(spikenas.Error, match="is not a number"):
        spikenas.search(stripes, score=lambda a: float("nan"), **SMALL)
    with pytest.raises(TypeError):
        spikenas.search(stripes, score=lambda a: "high", **SMALL)


def test_progress_is_told_and_its_exception_stops_the_search(stripes):
    events = []
    run = spikenas.search(stripes, score=count_parameters, progress=events.append, **SMALL)
    passes = [event for event in events if event["event"] == "end" and event["stage"].startswith("pass")]
    assert [event["done"] for event in passes] == [event["total"] for event in passes] and passes
    assert any(event["event"] == "note" for event in events) and run.architecture

    def stop(event):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        spikenas.search(stripes, score=count_parameters, progress=stop, **SMALL)


def test_a_bar_is_drawn_where_tqdm_is_there(stripes, capsys):
    spikenas.search(stripes, score=count_parameters, progress=True, **SMALL)
    assert "pass 1 of 1" in capsys.readouterr().err


def test_threads_change_nothing(stripes):
    runs = [spikenas.search(stripes, score="funnel", batch=8, threads=threads, **SMALL) for threads in (1, None)]
    assert runs[0].journal["score"] == runs[1].journal["score"]
    with pytest.raises(ValueError, match="threads 0"):
        spikenas.search(stripes, threads=0, **SMALL)


@pytest.mark.skipif("SPIKENAS" not in os.environ, reason="the variable SPIKENAS does not name the program")
def test_the_program_finds_the_same_and_goes_on_in_the_folder(tmp_path):
    common = {"score": "funnel", "batch": 8, "widths": [4, 8], "hidden": 16, "timesteps": 2, "cells": 1}
    run = spikenas.search("sample", budget="200k", ops="skip,conv3x3", out=tmp_path / "run", **common)
    options = ["--budget", "200k", "--ops", "skip,conv3x3", "--score", "funnel", "--batch", "8", "--widths", "4,8"]
    options += ["--hidden", "16", "--timesteps", "2", "--cells", "1", "--json"]
    for out in ("run", "other"):
        words = [os.environ["SPIKENAS"], "search", *options, "--out", str(tmp_path / out)]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert (found["architecture"], found["score"]) == (str(run.architecture), run.score)
    words = ["train", str(tmp_path / "run"), "--epochs", "1", "--limit-train", "64", "--validation", "0"]
    done = subprocess.run([os.environ["SPIKENAS"], *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert run.accuracy == spikenas.load(tmp_path / "run").accuracy is not None


def interrupt_after(ready):
    """Sends the signal of Ctrl-C once a file is there that is not empty."""

    def send():
        while not (ready.exists() and ready.read_text().count("\n") > 2):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("kind", ["the library's", "a function"])
def test_ctrl_c_stops_a_search_which_goes_on_to_the_same_result(stripes, tmp_path, kind):
    def slow(architecture):
        time.sleep(0.02)
        return count_parameters(architecture)

    settings = SMALL | {"cells": 2, "score": slow if kind == "a function" else "zico"}
    settings |= {"score_name": "slow"} if kind == "a function" else {"batch": 16}
    sender = interrupt_after(tmp_path / "run" / "journal.jsonl")
    with pytest.raises(KeyboardInterrupt):
        spikenas.search(stripes, out=tmp_path / "run", **settings)
    sender.join()
    kept = len(spikenas.load(tmp_path / "run").journal)
    again = spikenas.search(stripes, out=tmp_path / "run", **settings)
    whole = spikenas.search(stripes, **settings)
    assert 0 < kept < len(whole.journal)
    assert again.journal["score"] == whole.journal["score"] and str(again.architecture) == str(whole.architecture)


WRONG = [
    ({"budget": "40 parsecs"}, "the unit `parsecs` is not known"),
    ({"score": "fnunel"}, "did you mean funnel"),
    ({"method": "luck"}, "unknown method `luck`"),
    ({"ops": "skip,conv9x9"}, "conv9x9"),
    ({"objectives": "score,beauty"}, "unknown objective `beauty`"),
    ({"iterations": 3}, "iterations 3"),
    ({"score_name": "mine"}, "it is for a function"),
    ({"training": {"epoch": 3}}, "unknown field `epoch`"),
    ({"tau": float("nan")}, "not a finite number"),
    ({"progress": 3}, "progress 3"),
    ({"widths": [4]}, "the search"),
]


@pytest.mark.parametrize("settings, message", WRONG)
def test_wrong_arguments_are_value_errors_of_one_line(stripes, settings, message):
    with pytest.raises(spikenas.ArgumentError, match=message) as error:
        spikenas.search(stripes, **SMALL | settings)
    assert isinstance(error.value, ValueError) and "\n" not in str(error.value)


def test_images_of_another_form_are_refused_with_the_way_out():
    pixels, labels = images(6, 0)
    for wrong, message in [
        ((pixels.transpose(0, 2, 3, 1), labels), r"transpose\(0, 3, 1, 2\)"),
        ((pixels.astype(np.float32), labels), "float32"),
        ((pixels[:, :2], labels), "uint8"),
        ((pixels[:, 0], labels), r"reshape\(-1, 1, rows, columns\)"),
        ((pixels, labels[:5]), "5 for 6 images"),
        ((pixels, labels - 1), "-1 is out of range"),
        ((pixels, labels + 0.5), "float64"),
        ((pixels, None), "images without labels"),
        (("sample", labels), "a dataset has its own"),
    ]:
        with pytest.raises(ValueError, match=message):
            spikenas.search(*wrong, **SMALL)
    with pytest.raises(ValueError, match="2 classes are named"):
        spikenas.search(pixels, labels, classes=["a", "b"], **SMALL)
    with pytest.raises(ValueError, match="images of one size"):
        spikenas.search(pixels, labels, test=(pixels[:, :, :8], labels), **SMALL)


def test_a_budget_that_nothing_fits_is_an_error_of_the_search(stripes):
    with pytest.raises(spikenas.Error, match="no architecture of") as error:
        spikenas.search(stripes, **SMALL | {"budget": 100})
    assert not isinstance(error.value, ValueError)


def test_numbers_of_numpy_are_numbers(stripes):
    settings = SMALL | {"widths": np.array([4, 8]), "budget": np.int64(200_000), "seed": np.int64(3), "hidden": np.int32(16)}
    run = spikenas.search(stripes, score="depth", **settings)
    assert run.config["search"]["seed"] == 3 and run.config["network"]["widths"] == [4, 8]


def test_other_threads_of_python_run_meanwhile(stripes):
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    spikenas.search(stripes, score="zico", batch=16, **SMALL)
    done.set()
    thread.join()
    assert len(ticks) > 20


def test_scores_of_architectures_are_those_of_a_search(stripes):
    run = spikenas.search(stripes, score="funnel", batch=8, **SMALL)
    texts = run.journal["architecture"][:3]
    table = spikenas.score(texts, stripes, batch=8, **TINY)
    assert table["score"] == pytest.approx(run.journal["score"][:3])
    assert [str(one) for one in table["architecture"]] == texts and table["parameters"] == run.journal["parameters"][:3]
    dead = spikenas.score("0000 0000 0000 0000", stripes, batch=8, **TINY)[0]
    assert dead["score"] == float("-inf") and "no path" in dead["reason"]
    with pytest.raises(ValueError, match="score each by itself"):
        spikenas.score([run.architecture, spikenas.Architecture(texts[0], data=stripes)], stripes)


def test_modules_of_the_package_need_neither_torch_nor_pandas():
    code = "import sys, spikenas; print([name for name in ('torch', 'pandas', 'tqdm') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
