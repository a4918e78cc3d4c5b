"""The steering network: neutral without words, moved by them, and the same in strips."""

import numpy as np
import pytest

from film_core.checkpoints import (
    WrongKeysError,
    is_branch,
    load_steered,
    read_branch,
    read_weights,
    save_branch,
)
from film_core.errors import SettingError, TextError
from film_core.fusion import Fuser, load_fuser
from film_core.study.making import RowMaker
from film_core.study.question import Variant
from film_core.text import EncodedPair, EncodedText


@pytest.fixture(scope="module")
def fuser(jittor, loud_branch, pair):
    fuser = load_fuser(loud_branch, device="cpu")
    fuser.set_images(*pair, "ivf")
    return fuser


@pytest.fixture(scope="module")
def neutral(fuser):
    return fuser.render("", "", "")[0]


def test_without_words_it_is_the_exact_network(fuser, neutral, pair):
    exact = load_fuser("film-ivf", device="cpu", encoder=fuser.encoder)
    exact.set_images(*pair, "ivf")
    assert np.array_equal(exact.render("", "", "")[0], neutral)
    assert fuser.steers and not exact.steers


def test_words_move_it_and_their_order_counts(fuser, neutral):
    one = fuser.render("", "", "Brighten the left half, not the right.")[0]
    other = fuser.render("", "", "Brighten the right half, not the left.")[0]
    assert np.abs(one - neutral).max() > 0.01
    assert np.abs(one - other).max() > 1e-4
    assert one.min() >= 0 and one.max() <= 1


def test_all_three_texts_are_read_and_words_add_up_from_any(fuser, neutral):
    for texts in (("a dog", "", ""), ("", "a dog", ""), ("", "", "a dog")):
        fused, result = fuser.render(*texts)
        assert np.abs(fused - neutral).max() > 0
        assert [len(words) for words in result.words.values()] == [2 * bool(t) for t in texts]


def test_features_that_are_no_numbers_are_refused(fuser, neutral):
    features = np.random.default_rng(0).normal(0, 0.5, (5, fuser.encoder.width)).astype("f4")
    assert fuser.fuse_features(features).shape == neutral.shape
    for value in (np.nan, np.inf):
        features[2, 3] = value
        with pytest.raises(TextError, match="not numbers"):
            fuser.fuse_features(features)
        none = EncodedText((), features[:0], "")
        with pytest.raises(TextError, match="not numbers"):
            fuser.fuse(encoded=EncodedPair(none, none, features), compare=False)


def test_every_word_has_a_map(fuser, pair):
    result = fuser.fuse("a lamp", "", instruction="the lamp", compare=False)
    assert result.instruction == "the lamp" and result.attention is None
    assert [token.text for token in result.steering.words["instruction"]] == ["the", "lamp"]
    seen = result.steering.map("instruction", 1)
    assert seen.shape == pair[0].shape and seen.min() >= 0 and seen.max() <= 1
    assert result.token_sources[-1] == "instruction" and len(result.tokens) == len(
        result.token_sources
    )
    with pytest.raises(SettingError):
        result.steering.map("instruction", 2)
    with pytest.raises(SettingError):
        result.steering.map("c", 0)


def test_the_neutral_picture_is_told_of_as_one_step(fuser, pair):
    fuser.set_images(*(np.kron(image, np.ones((10, 10), np.float32)) for image in pair), "ivf")
    told = []
    fuser.fuse(
        "", "", compare=False, progress=lambda stage, share, detail: told.append((stage, share))
    )
    shares = [share for stage, share in told if stage == "sources" and share is not None]
    assert shares == sorted(shares)
    assert shares[0] < 0.3 and shares[-1] > 0.7
    assert ("fuse", None) in told and not any(
        stage == "fuse" and share is not None for stage, share in told
    )
    fuser.set_images(*pair, "ivf")


def test_strips_give_the_same_picture(fuser, monkeypatch):
    from film_core.net.steer import steered

    whole = fuser.render("", "", "brighter")[0]
    monkeypatch.setattr(steered, "STRIP", 66 * 16)
    assert np.allclose(fuser.render("", "", "brighter")[0], whole, atol=2e-6)


@pytest.mark.parametrize(
    "text",
    [
        "😀 🚗",
        "把左边变亮",
        "word " * 10000,
        "brighter and darker",
        "\n\t",
        "a" * 3000,
        "the moon's dark side",
    ],
)
def test_any_text_gives_a_picture(fuser, text):
    fused = fuser.render("", "", text)[0]
    assert np.isfinite(fused).all() and fused.min() >= 0 and fused.max() <= 1


def test_the_branch_comes_back_from_disk_as_it_was(loud_branch, tmp_path):
    state, card = read_branch(loud_branch)
    assert is_branch(loud_branch) and card.network == "film-steer"
    save_branch(state, tmp_path / "again.safetensors", card)
    again, _ = read_branch(tmp_path / "again.safetensors")
    assert all(np.array_equal(state[name], again[name]) for name in state)
    state.pop("edit.scale")
    with pytest.raises(WrongKeysError):
        save_branch(state, tmp_path / "less.safetensors", card)


def test_the_layout_on_disk_is_the_network_s(jittor, loud_branch):
    steered, _ = load_steered(loud_branch)
    from film_core.checkpoints import branch_layout

    layout = branch_layout()
    layout.pop("empty_text")
    shapes = {name: tuple(var.shape) for name, var in steered.branch.state_dict().items()}
    assert shapes == layout


def test_exact_film_reads_an_instruction_as_more_words(jittor, random_weights, pair):
    exact = load_fuser(random_weights, device="cpu")
    exact.set_images(*pair, "ivf")
    with_it = exact.fuse("a", "b", compare=False, instruction="brighten the left")
    without = exact.fuse("a", "b", compare=False)
    assert len(with_it.tokens) == len(without.tokens) + 6 and with_it.steering is None
    assert np.abs(with_it.luminance - without.luminance).max() > 0


def test_texts_of_another_width_are_refused(fuser):
    with pytest.raises(SettingError):
        fuser.fuse_features(np.zeros((3, 768), np.float32))


def test_a_study_of_a_steering_network_shows_what_a_fusion_shows(fuser):
    """Found by reading: rows were fused with both descriptions as one instruction."""
    variant = Variant("base", "", "Make the left brighter.", "A wall.")
    row = RowMaker(fuser, names=()).row(variant)
    fused = fuser.fuse(variant.text_a, variant.text_b, compare=False)
    assert np.array_equal(row.image, fused.image)


def test_a_fuser_is_told_from_one_whose_branch_stands_on_other_exact_weights(
    fuser, loud_branch, random_weights
):
    steered, card = load_steered(loud_branch)
    parts = (card, fuser.encoder, fuser.describer, fuser.runtime)
    assert Fuser(steered, *parts).identity == fuser.identity
    steered.film.load_state_dict(read_weights(random_weights)[0])
    assert Fuser(steered, *parts).identity != fuser.identity
