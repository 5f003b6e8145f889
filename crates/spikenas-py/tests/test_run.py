"""Runs from Python: trained, tested, read, shown and exported."""

import os
import signal
import threading
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import spikenas
from conftest import SMALL, TINY, images

CELL = "0313 0031 0003 0000"
#: A training of tests.
SHORT = {"epochs": 2, "batch": 12, "augment": False, "dropout": 0.0, "validation": 0.0}


@pytest.fixture(scope="module")
def trained(stripes):
    run = spikenas.search(stripes, score="depth", **SMALL)
    return spikenas.train(run, **SHORT)


def test_a_search_is_trained_in_its_folder_and_tested(trained):
    assert trained.curve["epoch"] == [1, 2] and trained.accuracy == pytest.approx(100 * trained.test.correct / 12)
    rates = trained.firing_rates
    lifs = [node["layer"]["lif"] for node in trained.graph["nodes"] if isinstance(node["layer"], dict) and "lif" in node["layer"]]
    assert rates["name"] == [lif["name"] for lif in lifs] and all(0 <= rate <= 1 for rate in rates["firing_rate"])
    assert trained.energy_pj > 0 and f"{trained.accuracy:.2f} %" in repr(trained)
    assert trained.model()["origin"]["classes"] == ["lying", "standing", "leaning"]


def test_a_finished_training_is_left_as_it_is_and_more_epochs_go_on(stripes, tmp_path):
    run = spikenas.train(spikenas.Architecture(CELL, data=stripes, **TINY), stripes, out=tmp_path / "run", **SHORT)
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    spikenas.train(run)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before
    assert spikenas.train(run, epochs=3).curve["epoch"] == [1, 2, 3]


def test_a_search_after_the_training_finds_the_folder_as_it_is(stripes, tmp_path):
    run = spikenas.search(stripes, score="depth", out=tmp_path / "run", **SMALL)
    spikenas.train(run, **SHORT)
    again = spikenas.search(stripes, score="depth", out=tmp_path / "run", **SMALL)
    assert again.accuracy == run.accuracy is not None


def test_a_run_is_trained_in_another_folder(trained, tmp_path):
    other = spikenas.train(trained, out=tmp_path / "other", **SHORT | {"epochs": 1})
    assert str(other.architecture) == str(trained.architecture) and other.config["network"] == trained.config["network"]
    assert len(other.curve) == 1 and len(trained.curve) == 2 and other.search is None


def test_a_kept_run_is_the_same_and_a_temporary_one_goes(stripes, tmp_path):
    run = spikenas.search(stripes, score="depth", **SMALL)
    folder = run.path
    kept = run.keep(tmp_path / "kept")
    assert kept.journal == run.journal and kept.path == tmp_path / "kept"
    with pytest.raises(spikenas.Error, match="is there already"):
        run.keep(tmp_path / "kept")
    del run
    assert not folder.exists() and kept.journal


def test_a_run_of_other_images_is_refused(trained, tmp_path):
    kept = trained.keep(tmp_path / "run")
    assert spikenas.load(kept.path, dataset=kept.dataset).accuracy == trained.accuracy
    loaded = spikenas.load(kept.path)
    assert loaded.accuracy == trained.accuracy and loaded.architecture == trained.architecture
    with pytest.raises(spikenas.ArgumentError, match="in the memory of the program"):
        spikenas.evaluate(loaded)
    with pytest.raises(spikenas.Error, match="fingerprint"):
        spikenas.load(kept.path, dataset=spikenas.Dataset(*images(24, 0)))
    with pytest.raises(spikenas.Error, match="there is no such run"):
        spikenas.load(tmp_path / "nothing")


def test_a_test_on_arrays_is_that_on_the_run_s_own_images(trained):
    own = spikenas.evaluate(trained)
    on_arrays = spikenas.evaluate(trained, *trained.dataset.images("test"))
    assert (own.correct, own.total, own.loss) == (on_arrays.correct, on_arrays.total, on_arrays.loss)
    assert own.firing_rates == on_arrays.firing_rates == trained.firing_rates
    assert own.classes["name"] == ["lying", "standing", "leaning"] and sum(own.classes["correct"]) == own.correct
    model = trained.path / "model.safetensors"
    assert spikenas.evaluate(model, trained.dataset).correct == own.correct
    with pytest.raises(spikenas.Error, match="8x8"):
        spikenas.evaluate(trained, np.zeros((2, 3, 8, 8), np.uint8), np.zeros(2, np.int64))


def test_exports_are_written_once(trained, tmp_path):
    assert spikenas.export(trained, "safetensors", tmp_path / "model.safetensors").exists()
    assert spikenas.evaluate(tmp_path / "model.safetensors", trained.dataset).correct == trained.test.correct
    assert spikenas.export(trained, "nir", tmp_path / "network.nir", golden=2).read_bytes()[1:4] == b"HDF"
    with pytest.raises(spikenas.Error, match="is there already"):
        spikenas.export(trained, "nir", tmp_path / "network.nir")
    with pytest.raises(spikenas.Error, match="has no integer network"):
        spikenas.export(trained, "c", tmp_path / "c")
    record = spikenas.quantise(trained)
    assert spikenas.export(trained, "c", tmp_path / "c", name="stripes", golden=2) == tmp_path / "c"
    assert sorted(file.name for file in (tmp_path / "c").iterdir()) == ["stripes.c", "stripes.h", "stripes_test.c"]
    assert record["device"]["flash"]["bytes"] == trained.architecture.memory(8).flash
    with pytest.raises(ValueError, match="unknown form `onnx`"):
        spikenas.export(trained, "onnx", tmp_path / "onnx")


def test_an_architecture_draws_itself(trained):
    architecture = spikenas.Architecture(CELL, preset="sample")
    svg = ElementTree.fromstring(architecture._repr_svg_())
    assert svg.tag.endswith("svg") and len([one for one in svg.iter() if one.tag.endswith("path")]) == 6
    assert str(architecture) == CELL == architecture and hash(architecture) == hash(CELL)
    assert spikenas.Architecture(f"{CELL}/0111 0011 0001 0000", preset="sample").cells == [CELL, "0111 0011 0001 0000"]
    with pytest.raises(ValueError, match="four rows of four digits"):
        spikenas.Architecture("0313")


def test_a_ledger_is_a_table_that_adds_up():
    ledger = spikenas.memory(CELL, preset="sample", widths=[8, 16], bits=8)
    total = sum(row["weights"] + row["batch_norm"] + row["bias"] for row in ledger)
    assert total == ledger.parameters["network"] == ledger.bytes
    assert total == ledger.parameters["backbone"] + ledger.parameters["classifier"]
    flash = [row["bytes"] for row in ledger.device if row["memory"] == "flash"]
    assert sum(flash) == ledger.flash > 0 and ledger.ram > 0
    assert ledger == spikenas.Architecture(CELL, preset="sample", widths=[8, 16]).memory(8)


def test_tables_go_to_pandas_and_to_pages(trained):
    pandas = pytest.importorskip("pandas")
    frame = trained.journal.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == trained.journal.columns
    assert frame["score"].max() == trained.score and len(frame) == len(trained.journal)
    assert isinstance(trained.front.to_pandas()["architecture"][0], str)
    table = spikenas.Table([{"name": "<b>", "value": 1.5}] * 30)
    assert "&lt;b&gt;" in table._repr_html_() and "30 rows in all" in table._repr_html_() and "30 rows" in repr(table)
    assert table["value"] == [1.5] * 30 and len(table[:2]) == 2 and table.to_dicts()[0] == {"name": "<b>", "value": 1.5}
    with pytest.raises(KeyError, match="the columns are name, value"):
        table["price"]


def test_a_run_shows_its_page_in_a_frame(trained):
    html = trained._repr_html_()
    assert html.startswith("<iframe srcdoc=") and html.count("<") == 2 and "&lt;html" in html.lower()
    assert str(trained.architecture) in trained.page()


def test_words_that_do_not_belong_together_are_refused(trained, stripes):
    with pytest.raises(ValueError, match="a run has its own images"):
        spikenas.train(trained, stripes)
    with pytest.raises(ValueError, match="an architecture is trained on images"):
        spikenas.train(CELL)
    with pytest.raises(ValueError, match="unknown field `epoch`"):
        spikenas.train(CELL, stripes, epoch=3)
    with pytest.raises(ValueError, match="has its own network"):
        spikenas.memory(trained, widths=[4, 8])
    with pytest.raises(spikenas.Error, match="belongs to another configuration"):
        spikenas.train(trained, batch=6)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_ctrl_c_stops_a_training_which_goes_on_to_the_same_bytes(stripes, tmp_path):
    architecture = spikenas.Architecture(CELL, data=stripes, **TINY)
    settings = SHORT | {"epochs": 30}
    whole = spikenas.train(architecture, stripes, out=tmp_path / "whole", **settings)

    def send():
        while not (tmp_path / "stopped" / "train.jsonl").exists():
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        spikenas.train(architecture, stripes, out=tmp_path / "stopped", **settings)
    thread.join()
    stopped = spikenas.train(spikenas.load(tmp_path / "stopped", dataset=stripes))
    models = [(run.path / "model.safetensors").read_bytes() for run in (whole, stopped)]
    assert models[0] == models[1] and len(stopped.curve) == 30
