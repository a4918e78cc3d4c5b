"""The command line as a user meets it: exit status, one sentence, nothing half-written."""

import argparse
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from film_core.__main__ import VERBS, main


@pytest.fixture
def images(tmp_path):
    rows, columns = np.mgrid[0:48, 0:64]
    Image.fromarray((columns * 4 % 256).astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray((rows * 5 % 256).astype(np.uint8)).save(tmp_path / "b.png")
    return tmp_path


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "film_core", *map(str, arguments)], capture_output=True, text=True,
        timeout=900, cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
    )  # fmt: skip


def refused(capsys, *arguments) -> str:
    """Run in this process; return the one sentence of a refusal."""
    assert main([str(a) for a in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.strip().splitlines()
    assert len(lines) == 1, told.err
    return lines[0]


def test_fuse_writes_the_picture_and_prints_one_json_object(images, random_weights):
    out = images / "f.png"
    ended = run(
        "fuse", images / "a.png", images / "b.png", "--task", "ivf", "--out", out,
        "--weights", random_weights, "--text-a", "A ramp.", "--device", "cpu", "--compare",
        "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    assert len(told["metrics"]["raw"]) == 12
    assert told["text_a"] == "A ramp."
    assert told["author_b"] == "measured"
    assert told["device"] == "cpu"
    assert told["timings"]["total"] > 0
    assert set(told["comparison"]) >= {"mean", "maximum", "pyramid"}
    saved = Image.open(out)
    assert saved.size == (64, 48)
    assert saved.text["film.text_a"] == "A ramp." and saved.text["film.weights"] == "random"
    assert [p.name for p in sorted(images.iterdir())] == ["a.png", "b.png", "f.png"]


def test_a_saved_result_says_how_to_make_it_again(images):
    from film_core.commands.fuse import _digest, _take_over, add_arguments
    from film_core.fusion import Origin, read_origin
    from film_core.images import read_text, write_image

    digests = [_digest(images / f"{side}.png") for side in "ab"]
    origin = Origin("mff", "film-ivf", "Übung 近处 \n“x”", "", *digests, "Brighten it.")
    write_image(images / "saved.png", np.zeros((20, 20), np.uint8), origin.entries())
    assert read_origin(read_text(images / "saved.png"), "saved.png") == origin
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["a", "b", "--out", "f.png", "--text-b", "Mine."])
    _take_over(args, origin)
    assert (args.task, args.weights, args.text_a, args.text_b, args.instruction) == (
        "mff", "film-ivf", origin.text_a, "Mine.", "Brighten it.",
    )  # fmt: skip
    args = parser.parse_args(["a", "b", "--out", "f.png", "--features", "t.npy"])
    _take_over(args, origin)
    assert (args.task, args.text_a, args.instruction) == ("mff", None, None)


def test_what_is_no_saved_result_is_refused(capsys, images):
    given = ("fuse", images / "a.png", images / "b.png", "--out", images / "f.png")
    assert "carries no parameters" in refused(capsys, *given, "--like", images / "a.png")
    assert "add --task with one of ivf, mif, mef, mff" in refused(capsys, *given)


def test_texts_that_would_be_ignored_or_cannot_be_kept_are_refused(capsys, images):
    given = ("fuse", images / "a.png", images / "b.png", "--task", "ivf", "--out", images / "f.png")
    told = refused(capsys, *given, "--features", images / "t.npy", "--instruction", "Brighten it.")
    assert "so --instruction would be ignored" in told
    assert "null character" in refused(capsys, *given, "--text-b", "a\0b")
    assert "half a character" in refused(capsys, *given, "--text-a", "caf\udce9")


@pytest.mark.parametrize(
    "arguments",
    [
        ["fuse", "a.png", "b.png", "--task", "ivf", "--out", "LONG/f.png"],
        ["convert", "film-ivf", "LONG.safetensors"],
        ["batch", "--a", "LONG", "--b", "LONG", "--task", "ivf"],
        ["weights", "--folder", "LONG"],
        ["weights", "--folder", "nowhere"],
        ["prepare", "--data", "LONG", "--dataset", "TNO", "--out", "p"],
    ],
)
def test_a_name_that_no_file_system_takes_is_one_sentence(capsys, images, monkeypatch, arguments):
    monkeypatch.chdir(images)
    told = refused(capsys, *(part.replace("LONG", "n" * 300) for part in arguments))
    assert "too long" in told or "No such file" in told


def test_output_that_nobody_takes_is_no_traceback(repository):
    """Without PYTHONUNBUFFERED, which prints at once, what is left fails at the very end."""
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    for arguments in (["--help"], ["weights"], ["fuse", "--help"]):
        command = [sys.executable, "-m", "film_core", *arguments]
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=repository,
            env=settings, timeout=60,
        )  # fmt: skip
        os.close(writing)
        assert (ended.returncode, ended.stderr) == (0, "")
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=repository,
            env=settings, timeout=60,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == "film_core: The output can't be written (No space left on device).\n"


def test_every_verb_has_help_with_examples(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as ended:
            main([verb, "--help"])
        assert ended.value.code == 0
        assert f"python -m film_core {verb}" in capsys.readouterr().out
    assert main([]) == 0
    overview = capsys.readouterr().out
    assert all(verb in overview for verb in VERBS)


def test_a_mistyped_verb_task_or_weights_is_answered(capsys, images, tmp_path):
    a, b, out = images / "a.png", images / "b.png", images / "f.png"
    assert "did you mean 'fuse'" in refused(capsys, "fsue")
    told = refused(capsys, "fuse", a, b, "--task", "ifv", "--out", out)
    assert "did you mean 'ivf'" in told
    told = refused(
        capsys, "fuse", a, b, "--task", "ivf", "--out", out, "--weights", "film-ifv"
    )  # fmt: skip
    assert "film-ifv" in told
    assert not out.exists()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: None, "bad.png"),
        (lambda p: p.write_text("hello"), "bad.png"),
        (lambda p: p.write_bytes(b""), "bad.png"),
        (lambda p: Image.new("L", (1, 1)).save(p), "1 x 1"),
        (lambda p: Image.new("L", (64, 20)).save(p), "64 x 20"),
    ],
)
def test_bad_images_give_one_sentence(capsys, images, make, expected):
    make(images / "bad.png")
    out = images / "f.png"
    told = refused(
        capsys, "fuse", images / "bad.png", images / "b.png", "--task", "ivf", "--out", out
    )  # fmt: skip
    assert expected in told
    assert not out.exists()


def test_an_output_that_cannot_be_written_is_refused_before_the_work(capsys, images):
    a, b = images / "a.png", images / "b.png"
    told = refused(capsys, "fuse", a, b, "--task", "ivf", "--out", images / "no" / "f.png")
    assert "doesn't exist" in told
    told = refused(capsys, "fuse", a, b, "--task", "ivf", "--out", images)
    assert "is a folder" in told
    told = refused(capsys, "fuse", "no.png", b, "--task", "ivf", "--out", images / "f.jpg")
    assert "doesn't end with .png" in told  # before the images are looked at


def test_a_full_disk_leaves_no_half_written_file(capsys, images, random_weights, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = main([
        "fuse", str(images / "a.png"), str(images / "b.png"), "--task", "ivf", "--device", "cpu",
        "--out", str(images / "f.png"), "--weights", str(random_weights),
    ])  # fmt: skip
    assert told == 2
    assert "No space left" in capsys.readouterr().err
    assert [p.name for p in sorted(images.iterdir())] == ["a.png", "b.png"]


def test_doctor_names_each_part(capsys):
    status = main(["doctor", "--json"])
    findings = {f["subject"]: f for f in json.loads(capsys.readouterr().out)}
    assert {"processor", "compiler", "jittor", "device", "weights", "text encoder", "cache"} <= set(
        findings
    )
    assert status == int(any(f["remedy"] for f in findings.values()))


def test_doctor_names_the_remedy_for_a_missing_compiler(capsys, monkeypatch):
    monkeypatch.setenv("cc_path", "no-such-compiler")
    assert main(["doctor"]) == 1
    assert "apt-get install g++" in capsys.readouterr().out
