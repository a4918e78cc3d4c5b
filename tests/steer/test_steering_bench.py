"""The benchmark's judgement on pictures whose right answer is known."""

import numpy as np
import pytest

from film_core.benchmarking.steering.judging import Shown, can_be_seen, does_what_it_says
from film_core.benchmarking.steering.rows import GOALS, make_rows, print_steer_rows
from film_core.errors import FilmError
from film_core.instructions import Clause, region_planes
from film_core.instructions.meaning import OPERATIONS
from film_core.training.steer.scenes import Scene
from film_core.training.steer.targets import steered_target, strength_field


@pytest.fixture(scope="module")
def shown():
    draw = np.random.default_rng(0)
    base = draw.random((8, 10)).repeat(10, 0).repeat(10, 1).astype(np.float32)
    a = np.clip(0.2 + 0.5 * base + 0.05 * draw.standard_normal(base.shape), 0, 1).astype("f4")
    b = np.clip(0.8 - 0.5 * base, 0, 1).astype(np.float32)
    neutral = (0.5 * (a + b)).astype(np.float32)
    return Shown(a, b, neutral, region_planes(a, b, neutral))


def edited(shown, operation, region):
    scene = Scene("ivf/x/y/whole", shown.a, shown.b, shown.neutral, shown.neutral, "")
    rows = np.arange(80) * 48 // 80
    columns = np.arange(100) * 48 // 100
    field = strength_field((Clause(operation, 1.0, region),), shown.planes)
    spread = field[:, rows][:, :, columns]
    local = np.full_like(shown.neutral, shown.neutral.mean())
    return steered_target(scene, local, spread)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("region", ["left", "all"])
def test_the_reference_edit_is_judged_right_and_its_absence_wrong(shown, operation, region):
    if not can_be_seen(shown, operation, region):
        pytest.skip("this picture has nothing for it to act on")
    made = edited(shown, operation, region)
    assert does_what_it_says(made, shown, operation, region)
    assert not does_what_it_says(shown.neutral, shown, operation, region)


def test_an_edit_elsewhere_or_the_wrong_way_is_wrong(shown):
    assert not does_what_it_says(edited(shown, "brighter", "right"), shown, "brighter", "left")
    assert not does_what_it_says(edited(shown, "brighter", "all"), shown, "brighter", "left")
    assert not does_what_it_says(edited(shown, "darker", "left"), shown, "brighter", "left")


def test_rows_say_what_was_aimed_at_and_whether_it_was_met():
    rows = make_rows({
        "ivf": [{"seen": [1, 1, 1, 0], "same": [1.0], "other": [10.0], "facts": [0.1]}],
        "mff": [{"seen": [1, 1], "facts": [3.0]}],
    })  # fmt: skip
    found = {(row.task, row.name): row for row in rows}
    seen = found["ivf", GOALS["seen"].name]
    assert (seen.value, seen.met, seen.goal, seen.count) == (0.75, False, "at least 0.95", 4)
    assert found["mff", GOALS["seen"].name].met
    assert found["all", GOALS["seen"].name].value == pytest.approx(5 / 6, abs=1e-4)
    assert found["all", GOALS["paraphrase"].name].value == pytest.approx(0.1)
    assert found["all", GOALS["facts"].name].met is False
    assert set(seen.as_dict()) == {"task", "name", "goal", "value", "met", "count"}
    assert GOALS["seen"].name in print_steer_rows(rows)


def test_where_nothing_changes_at_all_a_quotient_is_not_met_by_accident():
    (row,) = [r for r in make_rows({"ivf": [{"same": [0.0], "other": [0.0]}]}) if r.task == "ivf"]
    assert row.value is None and row.met is None


def test_a_longer_side_without_pixels_is_refused_in_a_sentence(tmp_path, capsys):
    from film_core.__main__ import main

    for seen in ("0", "-5", "15"):
        assert main(["bench", "steer", "--data", str(tmp_path), "--longest", seen]) == 2
        assert f"--longest is {seen}; at least 16." in capsys.readouterr().err


def test_bad_settings_are_answered_before_anything_is_loaded(tmp_path):
    from film_core.__main__ import _run

    for arguments in (
        ["bench", "steer"],
        ["bench", "steer", "--data", str(tmp_path), "--network", "fim"],
        ["bench", "steer", "--data", str(tmp_path), "--pairs", "0"],
    ):
        with pytest.raises(FilmError):
            _run(arguments)
