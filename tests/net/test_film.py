"""Properties of the plain network that no table of values states."""

import numpy as np
import pytest

from film_core.errors import SettingError, UnknownNameError


@pytest.fixture(scope="module")
def film(jittor):
    from film_core.net import Film

    jittor.set_global_seed(3)
    film = Film(text_width=12)
    film.eval()
    return film


def draw(*shape, seed=0):
    import jittor as jt

    return jt.array(np.random.default_rng(seed).random(shape, np.float32))


def test_the_network_has_the_published_tensors(film):
    from film_core.checkpoints import film_layout

    published = type(film)(text_width=768)
    state = {name: tuple(value.shape) for name, value in published.state_dict().items()}
    assert state == film_layout(768)
    assert len(state) == 189
    assert sum(int(np.prod(shape)) for shape in state.values()) == 2_070_235


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 31), (40, 23)])
def test_any_size_goes_through_and_stays_in_range(film, height, width):
    fused = film(draw(2, 1, height, width), draw(2, 1, height, width, seed=1), draw(2, 3, 12))
    assert tuple(fused.shape) == (2, 1, height, width)
    assert 0 < fused.numpy().min() <= fused.numpy().max() < 1


def test_a_batch_equals_its_images_one_by_one(film):
    a, b, text = draw(3, 1, 20, 24), draw(3, 1, 20, 24, seed=1), draw(3, 4, 12, seed=2)
    together = film(a, b, text).numpy()
    alone = [film(a[i : i + 1], b[i : i + 1], text[i : i + 1]).numpy() for i in range(3)]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=2e-6)


def test_prepared_features_give_what_a_whole_pass_gives(film):
    a, b = draw(1, 1, 24, 32), draw(1, 1, 24, 32, seed=1)
    features = film.source_features(a, b)
    for seed in (5, 6):
        text = draw(1, 3, 12, seed=seed)
        whole = film(a, b, text).numpy()
        assert np.array_equal(whole, film.fuse_features(features, text).numpy())


def test_the_order_of_the_words_cannot_matter(film):
    a, b, text = draw(1, 1, 24, 32), draw(1, 1, 24, 32, seed=1), draw(1, 6, 12, seed=2)
    shuffled = text[:, np.array([3, 0, 5, 1, 4, 2])]
    np.testing.assert_allclose(
        film(a, b, text).numpy(), film(a, b, shuffled).numpy(), atol=1e-6
    )  # fmt: skip


def test_attention_sums_to_one_for_every_word_and_head(film):
    text = draw(1, 5, 12)
    _, maps = film(draw(1, 1, 24, 32), draw(1, 1, 24, 32, seed=1), text, "full")
    assert len(maps) == 3
    for stage in maps:
        for source in "ab":
            assert stage[source].mean.shape == [1, 8, 13824]
            assert stage[source].spatial.shape == [1, 5, 8, 432]
            assert stage[source].tokens.shape == [1, 5, 8, 13824]
            # Added up in float32 over 13,824 terms, 32 at a time.
            np.testing.assert_allclose(stage[source].spatial.numpy().sum(-1), 1, atol=1e-4)


def test_nearest_resize_follows_the_float32_rule():
    from film_core.images.nearest import nearest_indices

    # 131 -> 288 holds places where the exact ratio would give the neighbour.
    indices = nearest_indices(131, 288)
    assert indices[0] == 0
    assert indices[-1] == 130
    assert (np.diff(indices) >= 0).all()
    assert np.array_equal(nearest_indices(96, 288), np.arange(288) // 3)
    assert nearest_indices(288, 7).max() <= 287


def test_wrong_shapes_are_named(film):
    image, text = draw(1, 1, 24, 32), draw(1, 3, 12)
    with pytest.raises(SettingError, match=r"\(1, 1, 24, 31\)"):
        film(image, draw(1, 1, 24, 31), text)
    with pytest.raises(SettingError, match=r"\(1, 3, 11\).*12"):
        film(image, image, draw(1, 3, 11))
    with pytest.raises(UnknownNameError, match="did you mean 'full'"):
        film(image, image, text, "ful")


def test_a_mistyped_kernel_is_answered(film):
    with pytest.raises(UnknownNameError, match="did you mean 'fused'"):
        type(film)(kernels="fussed")
