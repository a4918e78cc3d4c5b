"""The published procedure on a tiny rendered data set, through the command line, with a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

TRAIN = ["--preset", "film-studio", "--set", "crop=48x64", "--set", "tokens=4",
         "--set", "validation_share=0.25"]  # fmt: skip


def command(repository, *words, **keywords):
    return subprocess.run(
        [sys.executable, "-m", "film_core", *map(str, words)],
        cwd=repository, capture_output=True, text=True, timeout=900, **keywords,
    )  # fmt: skip


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    root = tmp_path_factory.mktemp("rendered")
    folder = root / "VLFDataset" / "Image" / "IVF" / "Rendered"
    random = np.random.default_rng(5)
    y, x = np.mgrid[0:60, 0:76]
    for side in ("IR", "VI"):
        (folder / side).mkdir(parents=True)
    for number in range(4):
        warm = 40 + 180 * np.exp(-((x - 20 - 9 * number) ** 2 + (y - 30) ** 2) / 90)
        texture = 120 + 50 * np.sin(x / 3 + number) + random.normal(0, 5, x.shape)
        for side, scene in (("IR", warm), ("VI", texture)):
            Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8)).save(
                folder / side / f"p{number}.png"
            )
    (folder / "train.txt").write_text("".join(f"p{n}.png\n" for n in range(4)))
    (folder / "test.txt").write_text("p3.png\n")
    return root / "VLFDataset"


def test_prepare_train_kill_resume_test(repository, layout, tmp_path):
    done = command(repository, "prepare", "--data", layout, "--dataset", "Rendered",
                   "--out", tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    prepared = tmp_path / "Rendered_train.h5"
    assert prepared.is_file()

    start = ["train", "--task", "ivf", "--prepared", prepared, "--name", "rendered", "--out",
             tmp_path / "exp", "--save-minutes", "0", "--set", "epochs=2", *TRAIN]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "film_core", *map(str, start)], cwd=repository,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 800
    while not list((tmp_path / "exp").glob("*/model/state.safetensors")):
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    (run,) = (tmp_path / "exp").iterdir()
    changed = command(repository, "train", "--resume", run, "--prepared", prepared, "--task", "ivf",
                      "--name", "rendered", "--set", "epochs=9", *TRAIN)  # fmt: skip
    assert changed.returncode == 2
    assert "had --set epochs = 2.0, now it is 9.0; resume without changing" in changed.stderr
    assert "Traceback" not in changed.stderr

    resumed = command(repository, "train", "--resume", run)
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    log = (run / "train.log").read_text()
    assert "done after" in log and "step 6 of 6" in log
    assert "python -m film_core train --task ivf --prepared" in log.splitlines()[0]
    weights = run / "model" / "rendered.safetensors"

    test = ["test", "--weights", weights, "--data", layout, "--dataset", "Rendered",
            "--out", tmp_path / "out", "--names", "EN,SD,SF,AG,VIFF,Qabf"]  # fmt: skip
    tested = command(repository, *test)
    assert tested.returncode == 0, tested.stderr
    assert "Rendered: mean of 1 pairs, raw form" in tested.stdout
    assert (tmp_path / "out" / "Rendered" / "Gray" / "p3.png").is_file()
    as_json = json.loads(command(repository, *test, "--json").stdout)
    assert set(as_json["means"]["raw"]) == {"rendered", "mean", "maximum", "pyramid"}


def test_mistakes_end_with_one_sentence(repository, layout, tmp_path):
    for words, part in (
        (("prepare", "--data", layout, "--dataset", "Rendred"), "did you mean 'Rendered'"),
        (("train", "--task", "ivf", "--prepared", tmp_path / "no.h5"), "no prepared file"),
        (("train", "--task", "ivf"), "--prepared"),
        (("train", "--task", "ivf", "--prepared", "x.h5", "--set", "epoch=1"), "did you mean"),
        (("test", "--weights", "film-ivv", "--data", layout, "--dataset", "Rendered"), "film-ivv"),
        (("table", "--fused", tmp_path / "no", "--data", layout, "--dataset", "Rendered"),
         "no folder"),
    ):  # fmt: skip
        failed = command(repository, *words)
        assert failed.returncode == 2, (words, failed.stderr)
        assert part in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1
