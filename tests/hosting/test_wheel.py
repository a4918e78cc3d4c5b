"""What `pip install .` brings: film_core with its kernels, wordings and weights, nothing else."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.hosting.tracked import tracked

pytest.importorskip("setuptools", minversion="77", reason="requirements-dev.txt has it")


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> zipfile.ZipFile:
    """The wheel of what git tracks, built from a copy: building leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in tracked(repository):
        if name.startswith(("film_core/", "demo/", "weights/")) or "/" not in name:
            copy = folder / "source" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, copy)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source"],
        check=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as opened:
        yield opened


def test_the_wheel_holds_every_file_of_film_core_and_the_weights(repository, wheel):
    names = tracked(repository)
    wanted = {name for name in names if name.startswith("film_core/")} | {
        f"film_core/{name}"
        for name in names
        if name.startswith("weights/") and not name.startswith("weights/logs/")
    }
    assert any(name.endswith(".hpp") for name in wanted)
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == wanted


def test_the_wheel_needs_what_the_repository_needs(repository, wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    needed = {line.split(": ", 1)[1] for line in lines if line.startswith("Requires-Dist: ")}
    required = (repository / "requirements.txt").read_text().splitlines()
    assert needed == {line.split("#")[0].strip() for line in required} - {""}


def test_an_installed_copy_finds_its_own_weights_and_tokenizer(wheel, tmp_path):
    wheel.extractall(tmp_path)
    program = (
        "from film_core.checkpoints import WEIGHTS_FOLDER, list_weights\n"
        "from film_core.text.word_pieces import WordPieces\n"
        "print(WEIGHTS_FOLDER, *list_weights(), len(WordPieces().split('A dark street.').ids))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.startswith(str(tmp_path / "film_core" / "weights")), done.stderr
    assert "film-ivf film-mef" in done.stdout
