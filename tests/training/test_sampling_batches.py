"""Batches depend on the seed and the step alone; held-out pairs are never drawn."""

import h5py
import numpy as np
import pytest

from film_core.data import PreparedFile
from film_core.errors import SettingError
from film_core.training.in_focus import in_focus
from film_core.training.made_pairs import make_exposure_pair, make_focus_pair
from film_core.training.recipe import make_recipe
from film_core.training.sampling import Sampler
from film_core.training.tones import tones_of


def sampler(path, **changes):
    settings = {
        "crop": "48x64", "validation_share": 0.4, "tokens": 5, "balance": 0, **changes
    }  # fmt: skip
    return Sampler([PreparedFile(path)], make_recipe("film-studio", settings))


def test_a_step_can_be_drawn_again(prepared):
    one, other = sampler(prepared), sampler(prepared)
    for step in (7, 0, 3):
        left, right = one.batch(step), other.batch(step)
        assert left.names == right.names
        for name in ("image_a", "image_b", "answer", "known", "text"):
            np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    assert not np.array_equal(one.batch(0).image_a, one.batch(1).image_a)


def test_shapes_and_ranges(prepared):
    batch = sampler(prepared, batch=2, flips=False).batch(0)
    assert batch.image_a.shape == batch.image_b.shape == batch.answer.shape == (2, 1, 48, 64)
    assert batch.text.shape == (2, 5, 16) and batch.known.shape == (2,)
    assert all(a.dtype == np.float32 for a in (batch.image_a, batch.text, batch.known))
    assert batch.image_a.min() >= 0 and batch.image_a.max() <= 1


def test_every_pair_once_an_epoch_and_never_a_held_out_one(prepared):
    drawn = sampler(prepared)
    held_out = {name for _, name in drawn.validation}
    assert len(held_out) == 2 and len(drawn.train) == 3
    for epoch in range(4):
        names = [drawn.names(step)[0] for step in range(3 * epoch, 3 * epoch + 3)]
        assert len(set(names)) == 3
        assert not {name.split("/")[1] for name in names} & held_out


def test_balance_draws_small_data_sets_as_often(tmp_path, write_prepared):
    large = write_prepared(tmp_path / "Large_train.h5", "Large", count=18)
    small = write_prepared(tmp_path / "Small_train.h5", "Small", count=3)

    def share(balance):
        settings = {"crop": "48x64", "validation_share": 0, "balance": balance}
        recipe = make_recipe("film-studio", settings)
        drawn = Sampler([PreparedFile(large), PreparedFile(small)], recipe)
        names = [drawn.names(step)[0] for step in range(420)]
        assert names == [drawn.names(step)[0] for step in range(420)]
        return np.mean([name.startswith("Small/") for name in names])

    assert share(0) == pytest.approx(3 / 21)
    assert share(0.5) == pytest.approx(3**0.5 / (3**0.5 + 18**0.5), abs=0.06)
    assert share(1) == pytest.approx(0.5, abs=0.08)


def test_held_out_pairs_do_not_depend_on_the_seed(prepared):
    chosen = [[n for _, n in sampler(prepared, seed=seed).validation] for seed in (0, 9)]
    assert chosen[0] == chosen[1]


def test_a_pair_in_two_files_is_held_out_in_both(tmp_path, write_prepared):
    files = [PreparedFile(write_prepared(tmp_path / f"{n}.h5", size=(56, 72 + n))) for n in (0, 1)]
    recipe = make_recipe("film-studio", {"validation_share": 0.3, "validation_pairs": 3})
    sampler = Sampler(files, recipe)
    trained = {f"{file.dataset}/{name}" for file, name in sampler.train}
    assert sampler.validation_names and not trained & set(sampler.validation_names)


def test_both_sources_are_cut_alike(tmp_path, write_prepared):
    prepared = write_prepared(tmp_path / "Wide_train.h5", "Wide", size=(70, 80))
    file = PreparedFile(prepared)
    drawn = sampler(prepared)
    for step in range(6):
        batch = drawn.batch(step)
        name = batch.names[0].split("/")[1]
        pair = file.read(name)
        a, b = batch.image_a[0, 0], batch.image_b[0, 0]
        for flip_a, flip_b in ((a, b), (a[:, ::-1], b[:, ::-1]), (a[::-1], b[::-1]),
                               (a[::-1, ::-1], b[::-1, ::-1])):  # fmt: skip
            windows = np.lib.stride_tricks.sliding_window_view(pair.image_a[0], flip_a.shape)
            hits = np.argwhere((windows == flip_a).all(axis=(2, 3)))
            if len(hits):
                top, left = hits[0]
                height, width = flip_b.shape
                np.testing.assert_array_equal(
                    flip_b, pair.image_b[0][top : top + height, left : left + width]
                )
                break
        else:
            raise AssertionError("the crop is not in the picture")


def test_small_images_are_mirrored_up_to_the_crop(prepared):
    batch = sampler(prepared, crop="80x96").batch(0)
    assert batch.image_a.shape[2] * batch.image_a.shape[3] == 80 * 96


def test_whole_images_of_different_size_need_a_batch_of_one(prepared):
    with pytest.raises(SettingError, match="different sizes"):
        sampler(prepared, crop="0x0", batch=2).batch(0)
    batch = sampler(prepared, crop="0x0", batch=1, tokens=0).batch(0)
    assert batch.image_a.shape[2] >= 56 and batch.text.shape[1] >= 9


def test_nothing_left_to_train_on(tmp_path, write_prepared):
    path = write_prepared(tmp_path / "One_train.h5", count=1)
    with pytest.raises(SettingError, match="No pair is left"):
        sampler(path, validation_share=0.9)


@pytest.mark.parametrize("kind", ["focus", "exposure"])
def test_made_pairs_know_their_answer(prepared, kind):
    batch = sampler(prepared, made_pairs=kind, made_share=1.0).batch(0)
    assert batch.known.tolist() == [1.0]
    assert not np.array_equal(batch.image_a, batch.image_b)
    assert sampler(prepared).batch(0).known.tolist() == [0.0]


def test_one_image_as_both_sources_is_always_made_into_a_pair_and_never_held_out(
    tmp_path, write_prepared
):
    pairs = write_prepared(tmp_path / "Pairs_train.h5", "Pairs", count=5)
    images = write_prepared(tmp_path / "Images_train.h5", "Images", count=20)
    with h5py.File(images, "r+") as file:
        for name in file["imageA"]:
            file["imageB"][name][...] = file["imageA"][name][...]
    settings = {"crop": "48x64", "validation_share": 0.4, "balance": 0, "made_share": 0}
    recipe = make_recipe("film-studio", {**settings, "made_pairs": "focus"})
    drawn = Sampler([PreparedFile(pairs), PreparedFile(images)], recipe)
    assert [file.dataset for file, _ in drawn.validation] == ["Pairs", "Pairs"]
    assert len(drawn.train) == 3 + 20
    for step in range(23):
        batch = drawn.batch(step)
        assert batch.known[0] == batch.names[0].startswith("Images/")
        assert not np.array_equal(batch.image_a, batch.image_b)


@pytest.mark.parametrize("seed", range(4))  # two blurred by a disc, two by a Gaussian
def test_focus_pairs_are_sharp_in_complementary_places(seed):
    # Large, as the soft rim of a region is a few pixels wide whatever the image's size.
    image = np.random.default_rng(0).random((256, 256)).astype(np.float32)
    near, far = make_focus_pair(image, np.random.default_rng(seed))
    kept_near, kept_far = np.abs(near - image) < 1e-3, np.abs(far - image) < 1e-3
    assert 0.1 < kept_near.mean() < 0.9 and 0.1 < kept_far.mean() < 0.9
    assert (kept_near & kept_far).mean() < 0.1
    assert near.mean() == pytest.approx(image.mean(), abs=0.01)


def test_exposures_are_brighter_and_darker():
    image = np.linspace(0.1, 0.9, 64 * 64).reshape(64, 64).astype(np.float32)
    over, under = make_exposure_pair(image, np.random.default_rng(1))
    assert (over >= image - 1e-6).all() and under.mean() < image.mean()
    assert over.max() == 1.0 and under.min() >= 0.0


def test_real_focus_pairs_get_the_locally_sharper_source_as_their_answer(prepared):
    batch = sampler(prepared, focus_answer=0.5, flips=False).batch(0)
    assert batch.known.tolist() == [0.5]
    expected = in_focus(batch.image_a[0, 0], batch.image_b[0, 0])
    np.testing.assert_array_equal(batch.answer[0, 0], expected)
    made = sampler(prepared, focus_answer=0.5, made_pairs="focus", made_share=1.0).batch(0)
    assert made.known.tolist() == [1.0]


def test_aims_are_the_images_spread_by_the_curve_of_the_whole_pair(prepared):
    plain = sampler(prepared, flips=False).batch(0)
    np.testing.assert_array_equal(plain.aim_a, plain.image_a)
    np.testing.assert_array_equal(plain.aim_b, plain.image_b)
    drawn = sampler(prepared, contrast=1.3, flips=False)
    batch = drawn.batch(0)
    pair = PreparedFile(prepared).read(batch.names[0].split("/")[1])
    tones = tones_of(pair.image_a[0], pair.image_b[0], 1.3)
    assert tones.gain > 1
    for image, aim in ((batch.image_a, batch.aim_a), (batch.image_b, batch.aim_b)):
        np.testing.assert_allclose(aim, tones.gain * image + tones.offset, atol=1e-6)
    np.testing.assert_array_equal(batch.image_a, plain.image_a)
    made = sampler(prepared, contrast=1.3, made_pairs="exposure", made_share=1.0).batch(0)
    np.testing.assert_array_equal(made.aim_a, made.image_a)
