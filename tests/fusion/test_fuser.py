"""The way from two images and two texts to a result."""

import numpy as np
import pytest

from film_core.errors import Cancelled, ImageError, SettingError, TextError, UnknownNameError
from film_core.fusion import EDITED, load_fuser


@pytest.fixture(scope="module")
def fuser(random_weights):
    return load_fuser(random_weights, device="cpu")


def make_pair(height=48, width=64):
    rows, columns = np.mgrid[0:height, 0:width]
    infrared = np.where((rows - 20) ** 2 + (columns - 40) ** 2 < 80, 230, 30).astype(np.uint8)
    visible = np.stack(
        [columns * 3 % 256, rows * 4 % 256, np.full_like(rows, 90)], axis=-1
    ).astype(np.uint8)  # fmt: skip
    return infrared, visible


def test_a_result_holds_everything_at_the_sources_size(fuser):
    fuser.set_images(*make_pair(), "ivf")
    result = fuser.fuse("A round hot spot.", "A coloured ramp.")
    assert result.image.shape == (48, 64, 3)
    assert result.image.dtype == np.uint8
    assert result.luminance.shape == (48, 64)
    assert result.luminance.dtype == np.float32
    assert set(result.metrics) == {"raw", "paper"}
    assert len(result.metrics["raw"]) == 12
    assert list(result.comparison) == ["mean", "maximum", "pyramid", "source A", "source B"]
    assert (result.text_a, result.text_b) == ("A round hot spot.", "A coloured ramp.")
    assert (result.author_a, result.author_b) == (EDITED, EDITED)
    assert {"describe", "encode", "sources", "fuse", "metrics", "total"} <= set(result.timings)
    assert result.changed is None


def test_the_metrics_are_those_of_the_luminance(fuser):
    from film_core.metrics import measure

    infrared, visible = make_pair()
    sources = fuser.set_images(infrared, visible, "ivf")
    result = fuser.fuse("One.", "Two.")
    luminances = [np.rint(s.luminance * 255) for s in (sources.a, sources.b)]
    expected = measure(np.rint(result.luminance * 255), *luminances)
    assert result.metrics["raw"] == pytest.approx(expected, nan_ok=True)


def test_colour_comes_from_the_visible_image(fuser):
    infrared, visible = make_pair()
    sources = fuser.set_images(infrared, visible, "ivf")
    image = fuser.fuse("One.", "Two.").image.astype(float) / 255
    blue_difference = image[..., 2] - image @ [0.299, 0.587, 0.114]
    unclipped = (image > 0.02).all(-1) & (image < 0.98).all(-1)
    assert unclipped.sum() > 100
    expected = sources.b.chroma[..., 0] * 1.772
    assert np.abs(blue_difference - expected)[unclipped].max() < 0.02


def test_missing_texts_are_written_by_the_describer(fuser):
    fuser.set_images(*make_pair(), "ivf")
    result = fuser.fuse(None, "Mine.")
    assert result.author_a == "measured"
    assert result.author_b == EDITED
    assert result.text_a == fuser.describe("a")
    assert len(result.text_a) > 40


def test_an_edit_reuses_what_the_text_does_not_change(fuser, monkeypatch):
    fuser.set_images(*make_pair(), "ivf")
    first = fuser.fuse("A warm person.", "A street.")
    calls = []
    monkeypatch.setattr(
        type(fuser._film), "source_features", lambda *a, **k: calls.append("computed again")
    )
    second = fuser.fuse("A cold and empty field without anything.", "A street.")
    assert calls == []
    difference = np.abs(second.luminance - first.luminance) * 255
    assert second.changed == pytest.approx(difference.mean(), rel=1e-5)
    assert second.changed_most == pytest.approx(difference.max(), rel=1e-5)
    assert second.changed > 0
    assert fuser.fuse("A cold and empty field without anything.", "A street.").changed == 0


def test_an_edit_gives_what_a_fresh_start_gives(fuser):
    pair = make_pair()
    fuser.set_images(*pair, "ivf")
    fuser.fuse("Something else.", "Before.")
    edited = fuser.fuse("A tower.", "A lake.").luminance
    fuser.set_images(*pair, "ivf")
    assert np.array_equal(edited, fuser.fuse("A tower.", "A lake.").luminance)


def test_fused_kernels_agree_with_plain_operators(fuser, random_weights):
    pair = make_pair(40, 56)
    plain = load_fuser(random_weights, device="cpu", kernels="plain")
    results = []
    for one in (fuser, plain):
        one.set_images(*pair, "ivf")
        results.append(one.fuse("A tower.", "A lake."))
    assert results[0].kernels == "fused"
    assert results[1].kernels == "plain"
    assert np.abs(results[0].luminance - results[1].luminance).max() <= 1e-5
    for stage in (1, 2, 3):
        for source in "ab":
            maps = [r.attention.map(stage, source, head=2, token=3) for r in results]
            assert np.abs(maps[0] - maps[1]).max() <= 1e-3  # of an even look's 1


def test_attention_maps_lie_on_the_image(fuser):
    fuser.set_images(*make_pair(96, 128), "ivf")
    result = fuser.fuse("A warm person.", "A street.")
    attention = result.attention
    assert len(attention.tokens) == len(result.tokens) == len(result.token_sources)
    for token in (None, 2):
        found = attention.map(2, "b", head=3, token=token)
        assert found.shape == (96, 128)
        assert found.mean() == pytest.approx(1, abs=0.02)  # 288x384 over 96x128 is exact
    heads = [attention.map(1, "a", head=h, token=2) for h in range(1, 9)]
    assert np.allclose(np.mean(heads, axis=0), attention.map(1, "a", token=2), atol=1e-5)
    assert attention.gate(1, "a").shape == (96, 128)
    with pytest.raises(SettingError, match="stage is 4; it must be from 1 to 3"):
        attention.map(4, "a")
    with pytest.raises(SettingError, match="head is 0"):
        attention.map(1, "a", head=0)
    with pytest.raises(SettingError, match="'c'"):
        attention.map(1, "c")


def test_a_refused_pair_leaves_the_earlier_one(fuser):
    infrared, visible = make_pair()
    fuser.set_images(infrared, visible, "ivf")
    before = fuser.fuse("One.", "Two.").luminance
    with pytest.raises(ImageError):
        fuser.set_images(infrared, visible[:, :20], "ivf")
    with pytest.raises(UnknownNameError, match="did you mean 'ivf'"):
        fuser.set_images(infrared, visible, "ifv")
    assert np.array_equal(before, fuser.fuse("One.", "Two.").luminance)


def test_cancelling_keeps_the_pair(fuser):
    fuser.set_images(*make_pair(), "ivf")
    with pytest.raises(Cancelled):
        fuser.fuse("One.", "Two.", cancelled=lambda: True)
    assert fuser.fuse("One.", "Two.").luminance.shape == (48, 64)


def test_the_sources_are_told_of_and_can_be_cancelled(fuser):
    fuser.set_images(*make_pair(800, 1000), "ivf")
    asked = []

    def cancelled():
        told = [share for stage, share in stages if stage == "sources" and share is not None]
        asked.append(bool(told))
        return asked[-1]

    stages = []
    with pytest.raises(Cancelled):
        fuser.fuse(
            "One.", "Two.", attention=False, compare=False,
            progress=lambda stage, share, detail: stages.append((stage, share)),
            cancelled=cancelled,
        )  # fmt: skip
    assert stages[-1][0] == "sources" and 0 < stages[-1][1] < 1
    assert "fuse" not in {stage for stage, _ in stages}
    fused = fuser.fuse("One.", "Two.", attention=False, compare=False).luminance
    assert fused.shape == (800, 1000)
    fuser.set_images(*make_pair(), "ivf")


def test_plain_operators_ask_between_the_sources(random_weights):
    plain = load_fuser(random_weights, device="cpu", kernels="plain")
    plain.set_images(*make_pair(), "ivf")
    stages = []

    def cancelled():  # the step has begun, and this is not the question before it
        return stages[-1:] == ["sources"]

    with pytest.raises(Cancelled):
        plain.fuse("One.", "Two.", progress=lambda stage, *_: stages.append(stage),
                   cancelled=cancelled)  # fmt: skip
    assert stages[-1] == "sources"
    assert plain.fuse("One.", "Two.").luminance.shape == (48, 64)


def test_fusing_without_images_says_what_to_do(fuser):
    from film_core.fusion import Fuser

    fresh = Fuser(fuser._film, fuser.card, fuser.encoder, fuser.describer, fuser.runtime)
    with pytest.raises(SettingError, match="set_images"):
        fresh.fuse("One.", "Two.")


def test_empty_text_is_allowed_and_too_long_text_is_cut_and_said(fuser):
    fuser.set_images(*make_pair(), "ivf")
    assert fuser.fuse("", "").luminance.shape == (48, 64)
    result = fuser.fuse("A long story. " * 2000, "Short.", attention=False)
    assert any("too long" in note for note in result.notes)
    told = fuser.fuse("One.", "Two.", attention=False, instruction="Keep the lamp. " * 2000).notes
    assert [note.code for note in told if "too long" in note] == ["text.cut_instruction"]


def test_an_encoder_of_another_width_is_refused(random_weights):
    class Wide:
        name, width = "minilm", 768

    with pytest.raises(TextError, match=r"384.*768"):
        load_fuser(random_weights, device="cpu", encoder=Wide())


def test_another_encoder_is_refused_even_of_the_right_width(random_weights):
    class Other:
        name, width = "other", 384

    with pytest.raises(TextError, match="trained with the text encoder 'minilm', not with 'other'"):
        load_fuser(random_weights, device="cpu", encoder=Other())


def test_other_tasks_are_named_when_weights_are_for_one(fuser):
    fuser.set_images(*make_pair(), "mff")
    notes = fuser.fuse("One.", "Two.").notes
    assert any("Multi-focus" in note and "random" in note for note in notes)
