"""The picture of how FILM works: drawn by code, of the example as it is now."""

import subprocess
import sys

import pytest
from PIL import Image


def test_figure_is_drawn_in_light_and_dark(repository, tmp_path):
    if not (repository / "examples/ivf/night-street/fused.png").is_file():
        pytest.skip("the example has no result yet: python -m examples.precompute")
    script = repository / "docs/figures/make_how_film_works.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True)
    for name in ("how-film-works", "how-film-works-dark"):
        with (
            Image.open(tmp_path / f"{name}.png") as drawn,
            Image.open(repository / "docs" / f"{name}.png") as committed,
        ):
            assert drawn.size == committed.size
            ground = drawn.convert("L").getpixel((3, 3))
            assert (ground < 60) == name.endswith("dark")
        assert (repository / "docs" / f"{name}.svg").stat().st_size > 10_000
