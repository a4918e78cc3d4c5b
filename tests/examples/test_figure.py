"""The picture of how FILM works: drawn by code, of the example as it is now."""

import re
import subprocess
import sys

import pytest


def test_figure_is_drawn_in_light_and_dark(repository, tmp_path):
    if not (repository / "examples/ivf/night-street/fused.png").is_file():
        pytest.skip("the example has no result yet: python -m examples.precompute")
    script = repository / "docs/figures/make_how_film_works.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True)
    for name in ("how-film-works", "how-film-works-dark"):
        drawn, committed = (
            (folder / f"{name}.svg").read_text() for folder in (tmp_path, repository / "docs")
        )
        size = r'<svg [^>]*viewBox="([^"]+)"'
        assert re.search(size, drawn)[1] == re.search(size, committed)[1]
        ground = re.search(r"fill: #(..)", drawn)[1]  # of the page, which is drawn first
        assert (int(ground, 16) < 60) == name.endswith("dark")
        assert len(committed) > 10_000
