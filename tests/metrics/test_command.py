"""The `metrics` verb: tables, JSON, and sentences for what can't be measured."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from film_core.commands import metrics as command
from film_core.errors import FilmError
from film_core.metrics import METRICS, measure


def call(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Fused, A and B as grey PNGs of 60 x 50 pixels."""
    y, x = np.mgrid[:50, :60]
    a, b = 128 + 100 * np.sin(x / 6), 110 + 90 * np.cos(y / 5)
    paths = [tmp_path / name for name in ("fused.png", "a.png", "b.png")]
    for path, image in zip(paths, (np.maximum(a, b), a, b), strict=True):
        Image.fromarray(np.rint(image).astype(np.uint8)).save(path)
    return paths


def test_json_holds_the_values_of_the_pixels(files: list[Path], capsys) -> None:
    assert call(*files, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    images = [np.asarray(Image.open(path)) for path in files]
    assert printed["metrics"]["raw"] == pytest.approx(measure(*images), rel=1e-9)
    assert printed["metrics"]["paper"] == pytest.approx(measure(*images, form="paper"), rel=1e-9)
    assert (printed["width"], printed["height"]) == (60, 50)
    assert printed["undefined"] == {}


def test_colour_is_measured_by_its_luminance(files: list[Path], tmp_path: Path, capsys) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    grey = np.rint(colour @ np.array([0.299, 0.587, 0.114]))
    call(tmp_path / "colour.png", *files[1:], "--json", "--form", "raw", "--names", "SD,AG")
    printed = json.loads(capsys.readouterr().out)["metrics"]
    a, b = (np.asarray(Image.open(path)) for path in files[1:])
    assert printed == {"raw": pytest.approx(measure(grey, a, b, ["SD", "AG"]), rel=1e-4)}


def test_json_has_no_nan_and_says_why(files: list[Path], capsys) -> None:
    call(files[1], files[1], files[1], "--json")
    text = capsys.readouterr().out
    printed = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert printed["metrics"]["raw"]["PSNR"] is None
    assert "infinite" in printed["undefined"]["raw"]["PSNR"]
    assert "SCD" in printed["undefined"]["raw"]


def test_a_flat_fused_image_has_no_paper_form(files: list[Path], tmp_path: Path, capsys) -> None:
    from PIL import Image

    with Image.open(files[1]) as source:
        Image.new("L", source.size, 255).save(tmp_path / "white.png")
    call(tmp_path / "white.png", files[1], files[2], "--json")
    why = json.loads(capsys.readouterr().out)["undefined"]
    assert set(why["paper"].values()) == {"a flat fused image has no paper form"}
    assert "Qabf" not in why.get("raw", {})


def test_a_small_image_says_what_it_lacks(tmp_path: Path, capsys) -> None:
    path = tmp_path / "small.png"
    Image.fromarray(np.arange(400, dtype=np.uint8).reshape(20, 20)).save(path)
    call(path, path, path)
    assert "VIFF (raw): needs at least 41 pixels a side" in capsys.readouterr().out


def test_the_table_names_its_form_and_directions(files: list[Path], capsys) -> None:
    call(*files, "--compare", "--explain")
    out = capsys.readouterr().out
    assert out.index("raw    better") < out.index("paper  better")
    assert "MSE    lower" in out and "Qabf   higher" in out and "source B" in out
    for metric in METRICS.values():
        assert metric.rewards_wrongly in out


def test_json_comparison(files: list[Path], capsys) -> None:
    call(*files, "--compare", "--json", "--form", "raw", "--names", "EN")
    comparison = json.loads(capsys.readouterr().out)["comparison"]
    assert set(comparison["raw"]) == {"mean", "maximum", "pyramid", "source A", "source B"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--names", "VIF"], "did you mean 'VIFF'"),
        (["--names", ""], "no metric named ''"),
        (["--form", "rwa"], "did you mean 'raw'"),
    ],
)
def test_mistyped_options(files: list[Path], words: list[str], sentence: str, capsys) -> None:
    with pytest.raises(FilmError, match=sentence):
        call(*files, *words)
    assert capsys.readouterr().out == ""


def test_files_that_cannot_be_measured(files: list[Path], tmp_path: Path) -> None:
    Image.new("L", (61, 50)).save(tmp_path / "wide.png")
    with pytest.raises(FilmError, match=r"61 x 50.*60 x 50"):
        call(tmp_path / "wide.png", *files[1:])
    with pytest.raises(FilmError, match="nowhere"):
        call(tmp_path / "nowhere.png", *files[1:])
