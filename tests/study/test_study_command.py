"""The `study` verb: files, exit status, carrying on."""

import json

import numpy as np
import pytest
from PIL import Image

from film_core.__main__ import main


@pytest.fixture
def images(tmp_path):
    rows, columns = np.mgrid[0:40, 0:56]
    Image.fromarray((columns * 4 % 256).astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray((rows * 5 % 256).astype(np.uint8)).save(tmp_path / "b.png")
    return tmp_path


def test_the_verb_writes_a_report_and_prints_one_json_object(images, random_weights, capsys):
    arguments = [
        "study", str(images / "a.png"), str(images / "b.png"), "--task", "ivf", "--out",
        str(images / "out"), "--weights", str(random_weights), "--device", "cpu", "--metrics",
        "SD,EN", "--text-a", "A ramp.", "--text-b", "Lines.", "--variant-b", "Dots.",
        "--other-a", "A lake.", "--json",
    ]  # fmt: skip
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    kinds = [row["kind"] for row in told["rows"]]
    assert kinds == ["base", "yours", "empty", "shuffled", "other", "random"] + 3 * ["without"]
    assert told["rows"][1]["text_b"] == "Dots."
    other = next(row for row in told["rows"] if row["kind"] == "other")
    assert other["text_a"] == "A lake."
    assert other["text_b"]  # not given: the example's own
    assert set(told["rows"][0]["metrics"]) == {"SD", "EN"}
    assert "grey levels" in told["verdict"]["sentence"]
    assert json.loads((images / "out" / "study.json").read_text())["complete"] is True
    kept = {path.name: path.stat().st_mtime_ns for path in (images / "out/rows").iterdir()}
    assert main(arguments) == 0
    again = {path.name: path.stat().st_mtime_ns for path in (images / "out/rows").iterdir()}
    assert sum(kept[name] != again[name] for name in kept) == 1  # the base alone


def test_mistakes_are_answered_before_anything_is_written(images, capsys):
    base = ["study", str(images / "a.png"), str(images / "b.png"), "--task", "ivf"]
    out = images / "out"
    for extra, said in (
        (["--metrics", "Qafb"], "did you mean 'Qabf'"),
        (["--draws", "0"], "1 to 20 draws"),
    ):
        assert main([*base, "--out", str(out), *extra]) == 2
        assert said in capsys.readouterr().err
        assert not out.exists()
    for option in ("--text-a", "--variant-b", "--other-a"):
        assert main([*base, "--out", str(out), option, "caf\udce9"]) == 2
        assert "half a character" in capsys.readouterr().err
        assert not out.exists()
    assert main([*base, "--out", str(images / "no" / "out")]) == 2
    assert "doesn't exist" in capsys.readouterr().err
    assert main([*base, "--out", str(images / "a.png")]) == 2
    assert "a.png" in capsys.readouterr().err
