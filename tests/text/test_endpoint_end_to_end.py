"""From two images through an endpoint's words and Q-Former features to exact FILM."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from chat_server import ANSWER, KEY, says, serving
from PIL import Image
from tiny_qformer import write_qformer


@pytest.fixture
def run(tmp_path, repository):
    """Runs the command line in the way that a person does."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(repository)}

    def command(*arguments, status=0, **extra):
        done = subprocess.run(
            [sys.executable, "-m", "film_core", *map(str, arguments)],
            cwd=tmp_path, env={**environment, **extra}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        assert KEY not in done.stdout + done.stderr
        return done

    return command


@pytest.fixture
def images(tmp_path):
    y, x = np.mgrid[:48, :64]
    for name, plane in (("ir", 255 - 4 * y), ("vi", 3 * x)):
        Image.fromarray(plane.astype(np.uint8)).save(tmp_path / f"{name}.png")
    return ["ir.png", "vi.png", "--task", "ivf", "--out", "f.png", "--json"]


def pixels(path):
    with Image.open(path) as image:
        return image.mode, image.size, image.tobytes()


@pytest.mark.slow
def test_published_weights_from_two_images_to_a_fused_one(run, images, tmp_path, shared):
    published = shared / "golden" / "film" / "ckpt_official_layout.pth"
    write_qformer(tmp_path / "qformer.safetensors")
    run("convert", published, "film.safetensors", "--task", "ivf", "--encoder", "qformer")
    exact = ["--weights", "film.safetensors", "--qformer", "qformer.safetensors"]
    with serving(says(ANSWER), says("A bright road with trees at the right.")) as server:
        settings = {
            "FILM_ENDPOINT_URL": server.url, "FILM_ENDPOINT_MODEL": "stub-vl",
            "FILM_ENDPOINT_KEY": KEY,
        }  # fmt: skip
        told = run("fuse", *images, *exact, "--describer", "endpoint", **settings)
        result = json.loads(told.stdout)
        assert len(server.requests) == 2
    assert (result["encoder"], result["weights"]) == ("qformer", "film")
    assert result["text_a"] == ANSWER and result["author_a"] == "stub-vl"
    assert Image.open(tmp_path / "f.png").size == (64, 48)
    # Pixels, not files: those hold who wrote the texts.
    fused = pixels(tmp_path / "f.png")

    # Typed text gives the same, and other text something else: the words do reach the network.
    typed = ["--text-a", result["text_a"], "--text-b", result["text_b"]]
    again = json.loads(run("fuse", *images, *exact, *typed).stdout)
    assert again["author_a"] == "edited" and pixels(tmp_path / "f.png") == fused

    # Features from a file need no encoder at all.
    folder = tmp_path / "data" / "Text" / "IVF" / "Own"
    folder.mkdir(parents=True)
    (folder / "one.txt").write_text(f"{result['text_a']}\n\n{result['text_b']}\n")
    encode = ["encode", "data", "--text-encoder", "qformer", "--cache-megabytes", "0"]
    told = run(*encode, FILM_QFORMER=str(tmp_path / "qformer.safetensors"))
    assert "tensors were used" in told.stderr
    features = tmp_path / "data" / "TextFeature" / "IVF" / "Own" / "one.npy"
    assert np.load(features).shape[2] == 768
    weights = ["--weights", "film.safetensors"]
    direct = json.loads(run("fuse", *images, *weights, "--features", features).stdout)
    assert direct["author_a"] == "features" and pixels(tmp_path / "f.png") == fused

    # What doesn't belong together is refused, and the right thing named.
    wrong = run("fuse", *images, *weights, "--text-encoder", "minilm", status=2)
    assert "trained with the text encoder 'qformer', not with 'minilm'" in wrong.stderr
    missing = run("fuse", *images, *weights, status=2)
    assert "--qformer PATH" in missing.stderr
    bare = run("fuse", *images, "--weights", published, status=2)  # no card says anything
    assert "--qformer PATH" in bare.stderr
    np.save(tmp_path / "narrow.npy", np.zeros((1, 5, 384), np.float32))
    narrow = run("fuse", *images, *weights, "--features", "narrow.npy", status=2)
    assert "(tokens, 768), not (5, 384)" in narrow.stderr
