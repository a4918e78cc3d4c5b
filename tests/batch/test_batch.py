"""A batch: each result whole, nothing done twice, nothing lost."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from film_core.__main__ import main
from film_core.batch import (
    LocalEngine,
    open_archive,
    pairs_of_folders,
    read_texts,
    run_batch,
    write_report,
)
from film_core.batch.limits import BatchError
from film_core.errors import OutputError
from film_core.fusion import load_fuser, read_origin
from film_core.images import read_text
from tests.batch.conftest import png


@pytest.fixture(scope="module")
def fuser(random_weights):
    return load_fuser(random_weights, device="cpu")


@pytest.fixture
def engine(fuser):
    return LocalEngine(fuser, "ivf")


def states(batch):
    return {outcome.pair.name: outcome.state for outcome in batch.outcomes}


def test_each_picture_is_what_the_fuser_gives(fuser, engine, folders, tmp_path):
    pairs = pairs_of_folders(*folders).pairs
    told = []
    batch = run_batch(
        engine, pairs, tmp_path / "out", text_a="Warm.", texts={"2": ("Cold.", None)},
        on_outcome=lambda outcome, number, count: told.append((outcome.pair.name, number, count)),
    )  # fmt: skip
    assert told == [("1", 1, 3), ("2", 2, 3), ("10", 3, 3)]
    assert batch.complete
    for name, text in (("1", "Warm."), ("2", "Cold."), ("10", "Warm.")):
        fuser.set_images(folders[0] / f"{name}.png", folders[1] / f"{name}.png", "ivf")
        expected = fuser.fuse(text, None, attention=False, compare=False)
        outcome = next(one for one in batch.outcomes if one.pair.name == name)
        picture = Image.open(outcome.image)
        assert np.array_equal(np.asarray(picture), expected.image)
        origin = read_origin(read_text(outcome.image), outcome.image.name)
        assert (origin.task, origin.weights, origin.text_a) == ("ivf", "random", text)
        content = (folders[0] / f"{name}.png").read_bytes()
        assert origin.sha256_a == hashlib.sha256(content).hexdigest()
        assert outcome.facts["text_b"] == expected.text_b
        assert outcome.facts["metrics"]["raw"]["SD"] == pytest.approx(expected.metrics["raw"]["SD"])


def test_a_second_run_keeps_what_did_not_change(engine, folders, tmp_path, monkeypatch):
    out = tmp_path / "out"
    pairs = pairs_of_folders(*folders).pairs
    assert set(states(run_batch(engine, pairs, out)).values()) == {"done"}
    fused = []
    work = type(engine)._fuse
    monkeypatch.setattr(
        type(engine), "_fuse", lambda self, w, c: fused.append(w.pair.name) or work(self, w, c)
    )
    assert set(states(run_batch(engine, pairs, out)).values()) == {"kept"}
    assert fused == []
    (folders[0] / "1.png").write_bytes(png(77))
    (out / "images" / "2.png").write_bytes(b"damaged")
    (out / "records" / "10.json").write_text("{")
    batch = run_batch(engine, pairs, out)
    assert fused == ["1", "2", "10"]
    assert run_batch(engine, pairs, out).count("kept") == 3
    assert run_batch(engine, pairs, out, text_b="Other.").count("done") == 3
    assert [o.facts["width"] for o in batch.outcomes] == [56, 56, 56]
    assert not [path for path in out.rglob("*.partial")]


def test_a_stopped_batch_carries_on(engine, folders, tmp_path):
    pairs = pairs_of_folders(*folders).pairs
    seen = []
    batch = run_batch(
        engine, pairs, tmp_path / "out", on_outcome=lambda *told: seen.append(told),
        cancelled=lambda: len(seen) == 2,
    )  # fmt: skip
    assert not batch.complete
    assert states(batch) == {"1": "done", "2": "done"}
    write_report(batch)
    assert "1 not reached" in (tmp_path / "out" / "log.txt").read_text()
    assert states(run_batch(engine, pairs, tmp_path / "out")) == {
        "1": "kept", "2": "kept", "10": "done",
    }  # fmt: skip


def test_a_bad_pair_does_not_stop_the_others(engine, zipped, tmp_path):
    archive = zipped(
        {"IR/1.png": png(1), "VI/1.png": png(2), "IR/2.png": b"no image", "VI/2.png": png(3),
         "IR/3.png": png(4, (40, 80)), "VI/3.png": png(5), "IR/4.png": png(6), "VI/4.png": png(7)}
    )  # fmt: skip
    batch = run_batch(engine, open_archive(archive).pairs, tmp_path / "out")
    assert states(batch) == {"1": "done", "2": "failed", "3": "failed", "4": "done"}
    assert "IR/2.png" in str(batch.outcomes[1].error)
    assert "aspect" in str(batch.outcomes[2].error)
    assert sorted(p.name for p in (tmp_path / "out" / "images").iterdir()) == ["1.png", "4.png"]


def test_the_report_is_a_table_a_log_a_sheet_and_a_zip(engine, folders, tmp_path):
    (folders[0] / "2.png").write_bytes(b"broken")
    batch = run_batch(engine, pairs_of_folders(*folders).pairs, tmp_path / "out", "=1+1", "B.")
    written = write_report(batch)
    table = list(csv.DictReader(io.StringIO(written["results.csv"].read_text("utf-8-sig"))))
    assert [row["name"] for row in table] == ["1", "2", "10", "mean of 2"]
    assert table[1]["state"] == "failed"
    assert table[1]["SD (raw)"] == table[0]["VIFF (raw)"] == ""  # failed; too small
    assert table[0]["text_a"] == "'=1+1"
    values = [float(table[i]["AG (raw)"]) for i in (0, 2)]
    assert float(table[3]["AG (raw)"]) == pytest.approx(np.mean(values), rel=1e-4)
    assert "3 pairs: 2 done, 0 kept, 1 failed." in written["log.txt"].read_text()
    assert Image.open(written["contact-sheet.png"]).size == (2 * 208 + 8, 216)
    with zipfile.ZipFile(written["results.zip"]) as archive:
        assert sorted(archive.namelist()) == [
            "contact-sheet.png", "images/1.png", "images/10.png", "log.txt", "results.csv",
        ]  # fmt: skip
        assert archive.testzip() is None
    for record in (tmp_path / "out" / "records").iterdir():
        json.loads(record.read_text(), parse_constant=pytest.fail)


def test_a_full_disk_is_one_sentence_and_leaves_what_is_done(
    engine, folders, tmp_path, monkeypatch
):
    pairs = pairs_of_folders(*folders).pairs
    written = []

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 2:  # picture and record of the first pair
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        run_batch(engine, pairs, tmp_path / "out")
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "out").rglob("*.partial")]
    assert states(run_batch(engine, pairs, tmp_path / "out"))["1"] == "kept"


def test_texts_come_from_a_table_of_their_own(tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text(
        'name,text_a,text_b\n1,"A, and\nmore.",\n 2 ,,B.\n,x,y\n', encoding="utf-8-sig"
    )
    assert read_texts(table) == {"1": ("A, and\nmore.", None), "2": (None, "B.")}
    table.write_text("name,text\n1,x\n")
    with pytest.raises(BatchError, match="no column text_a"):
        read_texts(table)
    table.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(BatchError, match="UTF-8"):
        read_texts(table)
    with pytest.raises(BatchError, match="can't be read"):
        read_texts(tmp_path / "absent.csv")


def test_the_verb_fuses_previews_and_reports(folders, tmp_path, random_weights, capsys):
    base = ["batch", "--a", str(folders[0]), "--b", str(folders[1]), "--task", "ivf", "--json"]
    assert main([*base, "--preview"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [pair["name"] for pair in told["pairs"]] == ["1", "2", "10"]
    assert len(told["unpaired"]) == 2
    rest = ["--out", str(tmp_path / "out"), "--weights", str(random_weights), "--device", "cpu"]
    assert main([*base, *rest]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["kept"], told["failed"]) == (3, 0, 0)
    assert (tmp_path / "out" / "results.zip").is_file()
    (folders[0] / "1.png").write_bytes(b"x")
    assert main([*base, *rest]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["kept"], told["failed"]) == (0, 2, 1)
    assert told["outcomes"][0]["error"]


def test_a_preview_without_a_pair_still_tells_what_is_left_out(tmp_path, capsys):
    for folder, name in (("a", "day.png"), ("b", "night.png")):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / folder / name)
    sides = ["--a", str(tmp_path / "a"), "--b", str(tmp_path / "b")]
    assert main(["batch", *sides, "--task", "ivf", "--preview"]) == 2
    told = capsys.readouterr()
    assert "day.png" in told.out and "night.png" in told.out
    assert "No pair was found" in told.err


def test_mistakes_on_the_command_line_are_one_sentence(folders, tmp_path, capsys):
    a, b = map(str, folders)
    for arguments, said in (
        (["--a", a, "--task", "ivf"], "both --a and --b"),
        (["--a", a, "--b", b, "--zip", "x.zip", "--task", "ivf"], "either --zip"),
        (["--a", a, "--b", b, "--task", "ivf"], "--out"),
        (["--a", a, "--b", b, "--task", "ivf", "--engine", "lokal"], "did you mean 'local'"),
        (["--a", a, "--b", b, "--task", "ivf", "--max-pairs", "2"], "3 pairs; at most 2"),
        (["--a", a, "--b", b, "--task", "ivf", "--max-pairs", "-1"], "give 1 or more"),
        (["--a", a, "--b", b, "--task", "ivf", "--text-a", "caf\udce9"], "half a character"),
        (["--a", a, "--b", b, "--task", "ivf", "--out", f"{a}/1.png"], "is a file: name a folder"),
        (["--a", "n" * 300, "--b", b, "--task", "ivf"], "File name too long"),
        (["--zip", str(tmp_path / "no.zip"), "--task", "ivf"], "no zip file"),
    ):
        assert main(["batch", *arguments]) == 2
        told = capsys.readouterr()
        assert said in told.err
        assert told.out == ""


def test_names_that_are_no_utf8_cost_nothing(engine, folders, tmp_path):
    for folder in folders:  # as unpacked from a zip of an old Windows
        path = os.path.join(os.fsencode(folder), b"caf\xe9.png")
        with open(path, "wb") as file:
            file.write(png(len(folder.name)))
    preview = pairs_of_folders(*folders)
    batch = run_batch(engine, preview.pairs, tmp_path / "out")
    assert states(batch)["caf"] == "done"
    table = write_report(batch)["results.csv"].read_text("utf-8-sig")
    assert "caf,ir/caf?.png,vis/caf?.png,done" in table


def test_a_folder_that_is_no_utf8_is_shown_and_named_in_json(folders, tmp_path, random_weights):
    """In a process of its own: pytest's own output takes what a terminal refuses."""
    out = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    command = [
        sys.executable, "-m", "film_core", "batch", "--task", "ivf", "--out", out,
        "--a", folders[0], "--b", folders[1], "--weights", random_weights, "--device", "cpu",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    told = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()
    assert "caf\\udce9: 3 pairs" in told
    told = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True)
    assert os.fsencode(json.loads(told.stdout)["out"]) == out


def test_names_as_long_as_a_file_system_allows_cost_nothing(engine, folders, tmp_path):
    name = "夜" * 78 + "图"
    for folder in folders:
        (folder / f"{name}.png").write_bytes(png(len(folder.name)))
    batch = run_batch(engine, pairs_of_folders(*folders).pairs, tmp_path / "out")
    assert states(batch)[name] == "done" and batch.count("failed") == 0
    assert (tmp_path / "out" / "images" / f"{name}.png").is_file()
