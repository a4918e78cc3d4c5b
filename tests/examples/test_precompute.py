"""What makes a result current, and what the commands answer to a mistake."""

import json

import numpy as np
import pytest
from PIL import Image

from examples import precompute
from examples.catalogue import Example
from examples.files import write_bytes
from examples.render import __main__ as render
from film_core.errors import OutputError
from film_core.fusion.attention import AttentionResult, SourceAttention


@pytest.fixture
def example(tmp_path, monkeypatch) -> Example:
    monkeypatch.setattr("examples.catalogue.FOLDER", tmp_path)
    made = Example("ivf/small", "Small", "Why.", "Own.", "MIT", "none:render")
    made.folder.mkdir(parents=True)
    for source, tone in (("a", 10), ("b", 200)):
        Image.new("L", (32, 24), tone).save(made.folder / f"{source}.png")
    return made


def _finish(example: Example, key: str) -> None:
    Image.new("L", (32, 24)).save(example.folder / "fused.png")
    (example.folder / "result.json").write_text(json.dumps({"made_from": key}))


def test_result_is_current_until_images_or_weights_change(example):
    key = precompute.made_from(example, "abc")
    assert not precompute.is_current(example, key)
    _finish(example, key)
    assert precompute.is_current(example, key)
    assert not precompute.is_current(example, precompute.made_from(example, "other weights"))
    Image.new("L", (32, 24), 11).save(example.folder / "a.png")
    assert not precompute.is_current(example, precompute.made_from(example, "abc"))


def test_damaged_or_lonely_report_is_not_current(example):
    key = precompute.made_from(example, "abc")
    _finish(example, key)
    (example.folder / "fused.png").unlink()
    assert not precompute.is_current(example, key)
    _finish(example, key)
    (example.folder / "result.json").write_text("{half")
    assert not precompute.is_current(example, key)


def test_attention_sheet_shows_three_stages_of_two_sources():
    def flat():
        weights = np.full((2, 8, 432), 1 / 432, np.float32)
        weights[:, :, :216] *= 1.5
        weights[:, :, 216:] *= 0.5
        mean = np.full((8, 13824), 1 / 13824, np.float32)
        return SourceAttention(weights, mean, np.full(256, 1 / 256, np.float32))

    stages = [{"a": flat(), "b": flat()} for _ in range(3)]
    attention = AttentionResult((96, 128), stages, ("a", "person"))
    sources = {"a": np.zeros((96, 128), np.uint8), "b": np.zeros((96, 128, 3), np.uint8)}
    sheet = np.asarray(precompute.attention_sheet(attention, sources))
    width, height = precompute.THUMBNAIL, precompute.THUMBNAIL * 96 // 128
    assert sheet.shape == (2 * height + 4, 3 * width + 8, 3)
    for left in range(0, 3 * width + 8, width + 4):
        for top in (0, height + 4):
            above, below = sheet[top + 5, left + 9], sheet[top + height - 5, left + 9]
            assert above[0] > below[0] + 60, "the upper half, looked at thrice as much, is yellow"


def test_mistyped_names_are_answered(capsys):
    assert precompute.main(["--task", "ivff"]) == 2
    assert "did you mean 'ivf'" in capsys.readouterr().err
    assert precompute.main(["ivf/night-stret"]) == 2
    assert "did you mean 'ivf/night-street'" in capsys.readouterr().err
    assert render.main(["mff/ches"]) == 2
    assert "did you mean 'mff/chess'" in capsys.readouterr().err


def test_unwritable_file_leaves_nothing_behind(tmp_path):
    target = tmp_path / "taken.json"
    target.mkdir()
    with pytest.raises(OutputError, match=r"taken\.json"):
        write_bytes(target, b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]
