"""Testing on a rendered set with a stand-in network: files, tables, resuming, others' images."""

import csv
import json
import shutil
import signal
import types

import numpy as np
import pytest
from PIL import Image

from film_core.__main__ import main
from film_core.data import find_pairs, pairs_of_folders
from film_core.errors import Cancelled, FilmError
from film_core.metrics import METRICS, measure
from film_core.testing import ScoreError, ScoreSheet, measure_folder, test_weights

NAMES = ["SD", "VIFF", "Qabf"]


class AveragingFuser:
    """Fuses by averaging; counts how often."""

    def __init__(self, name="averaging", sha256="1", exact="2"):
        self.card = types.SimpleNamespace(name=name, sha256=sha256)
        self.identity = f"{name}:{sha256}:{exact}"
        self.describer = types.SimpleNamespace(name="plain")
        self.count = 0

    def set_images(self, a, b, task):
        self.mean = (a.luminance + b.luminance) / 2

    def fuse(self, **_):
        self.count += 1
        return types.SimpleNamespace(luminance=self.mean)


@pytest.fixture
def layout(tmp_path):
    folder = tmp_path / "VLFDataset" / "Image" / "MEF" / "MEFB"
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:64, 0:80] / 7
    for side, gain in (("OVER", 1.3), ("UNDER", 0.5)):
        (folder / side).mkdir(parents=True)
        for number in range(3):
            scene = 100 + 60 * np.sin(x + number) * np.cos(y) + random.normal(0, 4, x.shape)
            picture = np.clip(gain * scene, 0, 255).astype(np.uint8)
            Image.fromarray(np.stack([picture, picture // 2, picture], -1)).save(
                folder / side / f"p{number}.png"
            )
    (folder / "test.txt").write_text("p0.png\np1.png\np2.png\n")
    return tmp_path / "VLFDataset"


def test_pictures_scores_and_table(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    outcome = test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES)
    folder = tmp_path / "out" / "MEFB"
    for part, mode in (("Gray", "L"), ("Color", "RGB")):
        pictures = sorted((folder / part).glob("*.png"))
        assert [p.stem for p in pictures] == ["p0", "p1", "p2"]
        assert all(Image.open(p).mode == mode and Image.open(p).size == (80, 64) for p in pictures)
    with open(folder / "metrics.csv") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 3 * 4 * 2  # pairs, rows, forms
    assert outcome.rows == ["averaging", "mean", "maximum", "pyramid"]

    raw = outcome.sheet.table("MEFB", outcome.rows, "raw")
    assert "mean of 3 pairs, raw form" in raw and "pyramid" in raw
    saved = np.asarray(Image.open(folder / "Gray" / "p0.png"), np.float32)
    from film_core.images import read_image
    from film_core.metrics import grey_levels

    a, b = (grey_levels(read_image(p).luminance) for p in (listed.pairs[0].a, listed.pairs[0].b))
    expected = measure(saved, a, b, NAMES)
    found = next(s for s in outcome.sheet.scores.values()
                 if (s.image, s.row, s.form) == ("p0", "averaging", "raw"))  # fmt: skip
    assert found.values == pytest.approx(expected, rel=1e-6)


def test_a_stopped_test_carries_on_and_other_weights_do_not(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    fuser, out = AveragingFuser(), tmp_path / "out"
    with pytest.raises(Cancelled):
        test_weights(fuser, listed, out, NAMES, cancelled=lambda: fuser.count == 2)
    outcome = test_weights(fuser, listed, out, NAMES)
    assert fuser.count == 3
    assert outcome.sheet.mean("averaging", "raw")["VIFF"] > 0
    with pytest.raises(ScoreError, match="other weights"):
        test_weights(AveragingFuser(sha256="2"), listed, out, NAMES)
    with pytest.raises(ScoreError, match="other weights"):  # the same branch on other exact ones
        test_weights(AveragingFuser(exact="3"), listed, out, NAMES)
    with pytest.raises(ScoreError, match="other metrics"):
        test_weights(fuser, listed, out, ["EN"])


def test_a_list_of_which_no_pair_can_be_used_is_an_error_and_no_table(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    for files in listed.pairs:
        files.a.write_bytes(b"no picture")
    with pytest.raises(ScoreError, match=r"None of the 3 pairs of MEFB .*'p0': .*p0\.png"):
        test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES)


def test_ctrl_c_shows_the_tables_of_what_is_done(layout, tmp_path, monkeypatch, capsys):
    shutil.copytree(layout / "Image/MEF/MEFB", layout / "Image/MEF/SICE")
    fuser = AveragingFuser()
    average = fuser.fuse

    def fuse(**options):
        if fuser.count == 4:  # in the second data set
            signal.raise_signal(signal.SIGINT)
        return average(**options)

    fuser.fuse = fuse
    monkeypatch.setattr("film_core.fusion.load_fuser", lambda *_, **__: fuser)
    command = ["test", "--data", str(layout), "--dataset", "MEFB", "--dataset", "SICE",
               "--out", str(tmp_path / "out"), "--names", "SD", "--json"]  # fmt: skip
    assert main(command) == 130
    told = capsys.readouterr()
    (line,) = told.out.splitlines()
    assert (json.loads(line)["dataset"], json.loads(line)["pairs"]) == ("MEFB", 3)
    assert "stopped; the same command carries on" in told.err
    assert fuser.count == 5  # the picture in hand was finished
    assert main(command) == 0
    assert fuser.count == 6
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_corrupt_image_is_left_out_and_named(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    listed.pairs[1].a.write_bytes(b"not an image")
    outcome = test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    assert list(outcome.skipped) == ["p1"]
    assert {score.image for score in outcome.sheet.scores.values()} == {"p0", "p2"}


def test_anybodys_images_get_the_same_numbers(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    ours = test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    grey = tmp_path / "out" / "MEFB" / "Gray"
    theirs = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES, rules=False)
    for form in ("raw", "paper"):
        assert theirs.sheet.mean("them", form) == pytest.approx(
            ours.sheet.mean("averaging", form), rel=1e-6
        )
    (grey / "p2.png").unlink()
    fewer = measure_folder(grey, listed, "them", tmp_path / "y.csv", NAMES, rules=False)
    assert "no file" in fewer.skipped["p2"]


def test_changed_pictures_are_measured_again(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    grey = tmp_path / "out" / "MEFB" / "Gray"
    first = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES)
    Image.fromarray(np.asarray(Image.open(grey / "p1.png")) // 2).save(grey / "p1.png")
    theirs = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES)
    afresh = measure_folder(grey, listed, "them", tmp_path / "y.csv", NAMES)
    expected = pytest.approx(afresh.sheet.mean("them", "raw"), rel=1e-5)
    assert theirs.sheet.mean("them", "raw") == expected
    assert first.sheet.mean("them", "raw") != expected
    # A source that changed changes the rules' scores as well.
    side = listed.pairs[0].a
    Image.fromarray(np.asarray(Image.open(side)) // 2).save(side)
    theirs = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES)
    afresh = measure_folder(grey, listed, "them", tmp_path / "z.csv", NAMES)
    for row in ("them", "mean", "pyramid"):
        expected = pytest.approx(afresh.sheet.mean(row, "raw"), rel=1e-5)
        assert theirs.sheet.mean(row, "raw") == expected


def test_nothing_is_measured_twice(layout, tmp_path, monkeypatch):
    listed = find_pairs(layout, "MEFB")
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES)
    grey = tmp_path / "out" / "MEFB" / "Gray"
    first = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES)
    monkeypatch.setattr("film_core.testing.fusing._measure", None)
    again = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES)
    assert again.images == first.images == ["p0", "p1", "p2"]
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES)


def test_a_row_called_like_a_rule_is_refused(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    (tmp_path / "mean").mkdir()
    with pytest.raises(ScoreError, match="'mean' is the name of a rule"):
        measure_folder(tmp_path / "mean", listed, "mean", tmp_path / "x.csv", NAMES)
    with pytest.raises(ScoreError, match="'pyramid' is the name of a rule"):
        test_weights(AveragingFuser("pyramid"), listed, tmp_path / "out", NAMES)


def test_rows_are_averaged_over_the_same_pairs(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    grey = tmp_path / "out" / "MEFB" / "Gray"
    measure_folder(grey, listed, "all, of them", tmp_path / "x.csv", NAMES)
    (grey / "p2.png").unlink()
    fewer = measure_folder(grey, listed, "fewer", tmp_path / "x.csv", NAMES)
    alone = measure_folder(grey, listed, "fewer", tmp_path / "y.csv", NAMES)
    assert fewer.images == ["p0", "p1"]
    table = fewer.sheet.table("MEFB", fewer.rows, "raw", fewer.images)
    assert table == alone.sheet.table("MEFB", alone.rows, "raw", alone.images)
    assert "mean of 2 pairs" in table
    rows = [line.split() for line in table.splitlines()[5:-1]]
    assert [(row[0], row[-1]) for row in rows] == [
        ("fewer", "2"), ("mean", "2"), ("maximum", "2"), ("pyramid", "2"),
    ]  # fmt: skip
    assert fewer.sheet.count("all, of them", "raw") == 3


def test_sources_of_another_folder_are_not_mixed_in(layout, tmp_path):
    out = tmp_path / "out"
    test_weights(AveragingFuser(), find_pairs(layout, "MEFB"), out, NAMES, rules=False)
    other = shutil.copytree(layout, tmp_path / "other")
    with pytest.raises(ScoreError, match="other weights, sources"):
        test_weights(AveragingFuser(), find_pairs(other, "MEFB"), out, NAMES, rules=False)
    note = out / "MEFB" / "test.json"
    told = json.loads(note.read_text())
    assert told.pop("sources")[0].endswith("VLFDataset/Image/MEF/MEFB/OVER")
    note.write_text(json.dumps(told))  # as earlier versions wrote it
    test_weights(AveragingFuser(), find_pairs(layout, "MEFB"), out, NAMES, rules=False)


def test_scores_of_an_earlier_version_are_measured_again(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    grey, sheet = tmp_path / "out" / "MEFB" / "Gray", tmp_path / "x.csv"
    sheet.write_text("image,row,form,SD,VIFF,Qabf\np0,them,raw,9,9,9\np0,them,paper,9,9,9\n")
    theirs = measure_folder(grey, listed, "them", sheet, NAMES, rules=False)
    assert theirs.sheet.scores["p0", "them", "raw"].values["VIFF"] < 5


def test_only_images_are_taken_for_the_fused_ones(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    test_weights(AveragingFuser(), listed, tmp_path / "out", NAMES, rules=False)
    grey = tmp_path / "out" / "MEFB" / "Gray"
    alone = measure_folder(grey, listed, "them", tmp_path / "x.csv", NAMES, rules=False)
    for name in ("p0.txt", "p1.zzz", "._p2.png", ".p0.tif"):
        (grey / name).write_text("no picture")
    shutil.copy(grey / "p2.png", grey / "p2.tif")
    found = measure_folder(grey, listed, "them", tmp_path / "y.csv", NAMES, rules=False)
    assert found.images == ["p0", "p1"] and alone.images == ["p0", "p1", "p2"]
    assert found.skipped == {
        "p2": f"'p2' could be 'p2.png' or 'p2.tif' in {grey}: keep one of them"
    }


@pytest.fixture
def small(tmp_path):
    """Two folders of three pairs, of which the second has 30 x 36 pixels, too few for VIFF."""
    random = np.random.default_rng(2)
    for side in "ab":
        (tmp_path / side).mkdir()
        for number, shape in enumerate(((64, 80), (30, 36), (64, 80))):
            values = random.integers(0, 256, (shape[0] // 2, shape[1] // 2), np.uint8)
            picture = Image.fromarray(values).resize(shape[::-1])
            picture.save(tmp_path / side / f"{number}.png")
    return tmp_path / "a", tmp_path / "b"


@pytest.mark.parametrize("how", ["test", "table"])
def test_a_small_picture_lacks_only_the_metrics_that_it_is_too_small_for(small, tmp_path, how):
    def measured(names, out):
        listed = pairs_of_folders(*small, "ivf", "small")
        if how == "table":
            return measure_folder(small[0], listed, "them", tmp_path / f"{out}.csv", names)
        return test_weights(AveragingFuser("them"), listed, tmp_path / out, names)

    outcome = measured(None, "one")
    assert outcome.images == ["0", "1", "2"] and outcome.skipped == {}
    values = outcome.sheet.scores["1", "maximum", "raw"].values
    assert [name for name in METRICS if np.isnan(values[name])] == ["VIFF"]
    mean = outcome.sheet.mean("them", "raw", outcome.images)["VIFF"]
    others = [outcome.sheet.scores[name, "them", "raw"].values["VIFF"] for name in "02"]
    assert mean == pytest.approx(np.mean(others))
    assert measured(None, "one").images == outcome.images  # read from the CSV
    outcome = measured(["SD", "VIFF"], "two")
    assert outcome.images == ["0", "2"]
    assert "VIFF needs at least 41 pixels" in outcome.skipped["1"]


def test_the_table_says_what_has_no_value(small, tmp_path, capsys):
    arguments = ["table", "--fused", small[0], "--a", *small[:1], "--b", small[1], "--task", "ivf"]
    arguments = [*map(str, arguments), "--row", "first", "--csv", str(tmp_path / "x.csv")]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "mean of 3 pairs" in said.out
    assert (
        "VIFF has no value for 1 of 3 pairs, which are not in its mean: it needs at least 41 pixels"
    ) in said.err
    for name in ("0.png", "2.png"):
        for side in small:
            (side / name).unlink()
    assert main([*arguments, "--json"]) == 0
    raw = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["means"]["raw"]
    assert raw["first"]["VIFF"] is None and raw["first"]["SD"] > 0


def test_a_sheet_that_a_table_program_saved_is_read(tmp_path):
    sheet = ScoreSheet(tmp_path / "x.csv", ["SD"])
    sheet.add("a", "ours", {"raw": {"SD": 1.0}, "paper": {"SD": 2.0}}, "12e4")
    content = sheet.path.read_bytes()
    sheet.path.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert ScoreSheet(sheet.path, ["SD"]).has("a", "ours", "12e4")


def test_folders_without_images_are_answered(layout, tmp_path):
    listed = find_pairs(layout, "MEFB")
    with pytest.raises(ScoreError, match="no folder"):
        measure_folder(tmp_path / "nowhere", listed, "x", tmp_path / "x.csv", NAMES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoreError, match="None of the 3 pairs"):
        measure_folder(tmp_path / "empty", listed, "x", tmp_path / "x.csv", NAMES)


def test_means_leave_undefined_values_out_and_files_round_trip(tmp_path):
    sheet = ScoreSheet(tmp_path / "x.csv", ["SD", "Qabf"])
    sheet.add('a,"b"', "ours, v2", {"raw": {"SD": 1.0, "Qabf": 0.25}}, "12e4")
    sheet.add('a,"b"', "ours", {"raw": {"SD": 2.0, "Qabf": float("nan")}})
    sheet.add("c", "ours", {"raw": {"SD": 4.0, "Qabf": 0.5}})
    again = ScoreSheet(tmp_path / "x.csv", ["SD", "Qabf"])
    assert again.mean("ours", "raw") == {"SD": 3.0, "Qabf": 0.5}
    assert again.mean("ours", "raw", ["c"]) == {"SD": 4.0, "Qabf": 0.5}
    assert ('a,"b"', "ours", "raw") in again.scores
    assert again.scores['a,"b"', "ours, v2", "raw"].pictures == "12e4"
    (tmp_path / "x.csv").write_text("image,row,form,SD,Qabf\na,ours,raw,much,0\n")
    with pytest.raises(FilmError, match="damaged"):
        ScoreSheet(tmp_path / "x.csv", ["SD", "Qabf"])
