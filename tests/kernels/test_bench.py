"""The benchmark's parts that need no stopwatch."""

import json

import numpy as np
import pytest

from film_core.benchmarking import PLANS, Row, print_rows
from film_core.benchmarking.plans import forward_flop
from film_core.errors import SettingError, UnknownNameError


def test_the_operations_are_those_of_the_design_notes():
    assert forward_flop(288, 384, 149) / 2e9 == pytest.approx(41.4, rel=0.01)  # giga multiply-adds


def test_repeated_columns_of_a_narrow_image_count_once():
    assert forward_flop(288, 384, 149) == pytest.approx(82.385e9, rel=1e-4)
    keys = 13824 * 256 * 256 + 288 * 384 * 32 * 32  # where no column repeats
    exact = [forward_flop(288, width, 9) for width in (96, 384)]
    pixels = (forward_flop(288, 700, 9) - exact[1]) / (700 - 384)
    saved = (
        6 * 2 * (keys - 432 * 64 * 32 * (32 + 256))
    )  # 64 of a run's 256: each is there four times
    assert exact[1] - exact[0] == pytest.approx(pixels * (384 - 96) + saved)


def test_operations_grow_linearly_with_pixels():
    one, two, three = (forward_flop(n, 100, 9) for n in (100, 200, 300))
    assert two - one == pytest.approx(three - two)


def test_names_hold_the_size():
    assert "forward 288x384 T149" in [task.name for task in PLANS["forward"].tasks]


def test_a_row_says_what_was_not_measured():
    row = Row("forward 1x2 T3", ours_s=0.5)
    assert json.loads(json.dumps(row.as_dict()))["torch_eager_s"] is None
    assert "0.500" in print_rows([row]) and "-" in print_rows([row])


def test_the_pytorch_network_is_the_published_one(shared):
    torch = pytest.importorskip("torch", reason="PyTorch is only needed to measure against")
    from benchmarks.torch_film import Film
    from film_core.checkpoints import load_film

    film, _ = load_film(shared / "golden" / "film" / "ckpt_official_layout.pth", kernels="plain")
    reference = Film().eval()
    reference.load_state_dict(
        {name: torch.tensor(value.numpy()) for name, value in film.state_dict().items()}
    )
    case = np.load(shared / "golden" / "film" / "case2_b1_131x203_t17.npz")
    a, b = (torch.tensor(case[f"image_{s}"].astype(np.float32) / 255) for s in "ab")
    with torch.inference_mode():
        fused = reference(a, b, torch.tensor(case["text"])).numpy()
    np.testing.assert_allclose(fused, case["fused"], atol=1e-5, rtol=0)


def test_mistakes_are_named():
    from film_core.__main__ import _command

    command = _command("bench")

    class Arguments:
        what, repetitions, only, no_compile, json = "foward", 1, None, True, None

    with pytest.raises(UnknownNameError, match="did you mean 'forward'"):
        command.run(Arguments)
    Arguments.what, Arguments.only = "forward", "100x100"
    with pytest.raises(UnknownNameError, match="no task"):
        command.run(Arguments)
    Arguments.repetitions = 0
    with pytest.raises(SettingError, match="at least 1"):
        command.run(Arguments)
