"""What the measured description says is true of pictures whose content is known."""

import re

import numpy as np
import pytest
from scipy import ndimage

from film_core.errors import UnknownNameError
from film_core.images import read_image
from film_core.tasks import TASKS
from film_core.text import load_describer, load_encoder
from film_core.text.describers.measured.objects import find_objects
from film_core.text.describers.measured.places import named, place
from film_core.text.describers.measured.view import View

PLACES = (
    "top left", "top", "top right", "left", "centre", "right",
    "bottom left", "bottom", "bottom right",
)  # fmt: skip


@pytest.fixture(scope="module")
def describer():
    return load_describer("measured")


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


def canvas(value=0.2, height=240, width=320):
    return np.full((height, width), value, np.float32)


def with_square(index, inside=0.9, value=0.2, side=24):
    picture = canvas(value)
    y, x = 40 + 80 * (index // 3), 53 + 107 * (index % 3)
    picture[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = inside
    return picture


def noise(seed=0, height=240, width=320):
    return np.random.default_rng(seed).random((height, width), np.float32)


def text(describer, picture, other=None, task="ivf", source="a"):
    image = read_image(picture)
    partner = None if other is None else read_image(other)
    description = describer.describe(image, partner, TASKS[task], source)
    assert description.author == "measured"
    return description.text


def test_fields_alike_are_all_named_as_the_extreme(describer):
    lit = text(describer, with_square(0, inside=1.0, value=0.0, side=60))
    assert re.search(r"brightest at the top left \(\d+ %\) and darkest everywhere but", lit)
    dim = text(describer, with_square(8, inside=0.0, value=0.6, side=60))
    assert "brightest everywhere but at the bottom right (60 %)" in dim
    assert "darkest at the bottom right" in dim
    black = text(describer, np.where(noise() < 0.98, 0.0, 0.5).astype(np.float32))
    assert "% is black, almost everywhere" in black


@pytest.mark.parametrize("index", range(9))
@pytest.mark.parametrize("task, source", [("ivf", "a"), ("ivf", "b"), ("mif", "a"), ("mff", "b")])
def test_a_bright_square_is_reported_where_it_is(describer, index, task, source):
    words = text(describer, with_square(index), task=task, source=source)
    assert f"a compact object at the {PLACES[index]} (8 % of the width, 10 % of the height" in words
    assert "90 % of white against 20 % around it" in words
    others = [name for name in PLACES if name != PLACES[index]]
    assert not any(f"object at the {name} (" in words for name in others)


def test_a_dark_square_is_cool_in_the_infrared_only(describer):
    dark = with_square(8, inside=0.05, value=0.6)
    infrared, visible = text(describer, dark), text(describer, dark, source="b")
    assert "darker and so usually cooler" in infrared and "at the bottom right" in infrared
    assert "cooler" not in visible and "No compact region" in visible


def test_three_objects_the_most_conspicuous_first():
    picture = with_square(0, inside=0.5) + with_square(4, inside=0.95) + with_square(8, inside=0.7)
    found = find_objects(View(read_image(np.clip(picture - 0.4, 0, 1))))
    assert [one.place for one in found] == ["centre", "bottom right", "top left"]
    masks = [(one.rows, one.columns) for one in found]
    assert len(set(map(str, masks))) == 3


def test_form_and_size():
    picture = canvas()
    picture[60:190, 110:126] = 0.8
    (found,) = find_objects(View(read_image(picture)))
    assert (found.form, found.kind, found.place) == ("tall", "object", "centre")
    width, height = found.size
    assert abs(width - 0.05) < 0.01 and abs(height - 130 / 240) < 0.02


def test_a_bright_half_is_no_object(describer):
    picture = canvas()
    picture[:, 160:] = 0.9
    words = text(describer, picture)
    assert "No compact region stands out" in words
    assert "brightest down the right side (90 %)" in words
    assert "darkest down the left side (20 %)" in words


def test_part_of_something_bright_is_no_object():
    """A sky that is brightest in one corner: whatever is cut out of it has bright neighbours."""
    y, x = np.mgrid[0:240, 0:320]
    picture = canvas() + np.where(y < 150, 0.3 + 0.4 * x / 320, 0).astype(np.float32)
    assert find_objects(View(read_image(picture))) == []


def test_brightness_and_contrast_words(describer):
    assert "very dark (mean 5 % of white) with almost no contrast" in text(describer, canvas(0.05))
    assert "very bright (mean 95 % of white)" in text(describer, canvas(0.95))
    assert "of medium brightness (mean 50 % of white) with high contrast" in text(
        describer, noise()
    )


def test_clipping_by_region(describer):
    picture = 0.3 + 0.4 * noise()
    picture[:80] = 1.0
    picture[160:, :106] = 0.0
    words = text(describer, picture)
    assert "33 % is pure white, mostly along the top" in words
    assert "11 % is black, mostly at the bottom left" in words
    assert "Without any detail" not in text(describer, 0.3 + 0.4 * noise())


def test_sharp_and_blurred_regions(describer):
    picture = np.full((240, 320), 0.5, np.float32)
    picture[:, 213:] += 0.4 * (noise()[:, 213:] - 0.5)
    words = text(describer, picture)
    assert "Fine detail is strongest down the right side" in words
    assert "smooth or blurred down the left side and down the centre" in words
    assert "hardly any fine detail" in text(describer, canvas())
    assert "spread evenly" in text(describer, noise())


def test_which_of_two_is_sharper_where(describer):
    sharp = ndimage.uniform_filter(noise(), 2)
    soft = ndimage.gaussian_filter(sharp, 4)
    near, far = sharp.copy(), sharp.copy()
    near[:160], far[160:] = soft[:160], soft[160:]
    near_words = text(describer, near, far, "mff", "a")
    far_words = text(describer, far, near, "mff", "b")
    assert "sharper than the far focus image" in near_words
    assert "mainly along the bottom, and blurred against it along the top" in near_words
    assert "mainly along the top and across the middle, and blurred" in far_words
    share = int(re.search(r"over (\d+) % of the area", far_words)[1])
    assert 60 <= share <= 70
    assert "as sharp as" in text(describer, sharp, sharp, "mff", "a")


def test_colours_and_their_places(describer):
    picture = np.full((240, 320, 3), 0.5, np.float32)
    picture[:80, :] = (0.1, 0.3, 0.9)
    picture[160:, :107] = (0.9, 0.1, 0.1)
    words = text(describer, picture, source="b")
    assert "blue (33 %, mainly along the top)" in words
    assert "red (11 %, mainly at the bottom left)" in words
    assert "56 % is nearly grey" in words
    assert not any(c in words for c in ("green", "yellow", "purple", "orange", "pink", "turquoise"))
    assert "It has no colour." in text(describer, canvas())


def test_traces_of_many_colours(describer):
    picture = np.full((240, 320, 3), 0.5, np.float32)
    for index, rgb in enumerate(((0.9, 0.1, 0.1), (0.1, 0.8, 0.2), (0.1, 0.2, 0.9))):
        picture[40 * index : 40 * index + 24, :24] = rgb  # 0.75 % each
    words = text(describer, picture, source="b")
    assert "It has traces of several colours, each under 1 %; 98 % is nearly grey." in words


@pytest.mark.parametrize(
    "rgb, name",
    [
        ((0.8, 0.1, 0.1), "red"),
        ((0.9, 0.5, 0.1), "orange"),
        ((0.4, 0.25, 0.1), "brown"),
        ((0.8, 0.8, 0.1), "yellow"),
        ((0.1, 0.7, 0.2), "green"),
        ((0.1, 0.7, 0.7), "turquoise"),
        ((0.2, 0.3, 0.8), "blue"),
        ((0.5, 0.1, 0.8), "purple"),
        ((0.9, 0.2, 0.7), "pink"),
    ],
)
def test_names_of_colours(describer, rgb, name):
    words = text(describer, np.tile(np.float32(rgb), (32, 32, 1)))
    assert f"Its colours are {name} (100 %, mainly everywhere)" in words


def test_direction_and_place_of_edges(describer):
    stripes = canvas(0.3)
    stripes[:, 213::8] = stripes[:, 214::8] = 0.8
    words = text(describer, stripes)
    assert "densest down the right side; most are vertical" in words
    assert "most are horizontal" in text(describer, np.ascontiguousarray(stripes.T))
    assert "hardly any edges" in text(describer, canvas())


def test_what_the_other_lacks(describer):
    infrared = with_square(0)
    visible = canvas(0.5)
    visible[160:, 213:] += 0.3 * (noise()[160:, 213:] - 0.5)
    words = text(describer, infrared, visible)
    assert "it does not stand out in the visible image" in words
    assert "more structure at the top left and less structure at the bottom right" in words
    both = text(describer, infrared, infrared)
    assert "does not stand out" not in both
    assert "nearly the same in the visible image (correlation 1.00)" in both
    assert "more structure" not in both
    inverted = text(describer, infrared, 1 - infrared)
    assert "the reverse of that in the visible image (correlation -1.00)" in inverted
    assert "can't be correlated" in text(describer, infrared, canvas())


def test_tones_that_the_other_lost(describer):
    over = np.ones((240, 320), np.float32)
    over[80:] = 0.6 + 0.2 * noise()[80:]
    under = 0.1 + 0.2 * noise()
    under[160:] = 0.0
    words = text(describer, under, over, "mef", "b")
    assert "It has tones where the over-exposed image is pure white: 33 % of the area" in words
    assert "mostly along the top" in words
    words = text(describer, over, under, "mef", "a")
    assert "It has tones where the under-exposed image is black: 33 % of the area" in words


def test_extent_and_symmetry_of_a_medical_image(describer):
    picture = canvas(0.0)
    picture[60:180, 80:240] = 0.4
    words = text(describer, picture, task="mif")
    assert "25 % of the frame is not background" in words
    assert "from 25 % to 75 % of the width and from 25 % to 75 % of the height" in words
    assert "equally bright" in words
    picture[60:180, 80:160] = 0.8
    assert "left half in the picture is brighter" in text(describer, picture, task="mif")


def test_different_pictures_are_described_differently(describer, encoder):
    """The encoder, which is what the words are for, must tell the descriptions apart too."""
    texts = [text(describer, with_square(i)) for i in (0, 8)]
    texts += [text(describer, noise()), text(describer, canvas(0.9))]
    assert len(set(texts)) == 4
    pooled = [encoder.encode(words).features.mean(0) for words in texts]
    for i in range(4):
        for j in range(i):
            assert np.abs(pooled[i] - pooled[j]).max() > 0.01


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("source", ["a", "b"])
def test_every_modality_is_named_and_fits_the_encoder(describer, encoder, task, source):
    first, second = noise(1), ndimage.gaussian_filter(noise(2), 5) * 2 - 0.5
    second = np.clip(second, 0, 1)
    words = text(describer, first, second, task.name, source)
    own, other = task.source_a.name, task.source_b.name
    if source == "b":
        own, other = other, own
    assert words.startswith("Measured, not recognised:")
    assert f"{own} image of 320 x 240 pixels" in words and f"the {other} image" in words
    assert encoder.encode(words).cut == ""
    assert "nan" not in words and "  " not in words
    invented = ("person", "pedestrian", "car", "tree", "road", "tumour", "brain", "building")
    assert not re.search(rf"\b({'|'.join(invented)})s?\b", words)


@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (900, 16), (17, 33, 3), (1500, 1100)])
def test_any_size(describer, shape):
    picture = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    for task in TASKS:
        assert len(text(describer, picture, 255 - picture, task)) > 200


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_pictures(describer, value):
    for task in TASKS:
        words = text(describer, canvas(value), canvas(1 - value), task)
        assert "No compact region stands out" in words and "nan" not in words


def test_the_same_picture_gives_the_same_text(describer):
    assert text(describer, noise(4), noise(5)) == text(describer, noise(4), noise(5))


def test_a_partner_of_another_size_is_not_compared(describer):
    words = text(describer, noise(), noise(1, 100, 100))
    assert words == text(describer, noise())
    assert "correlation" not in words


def test_real_pairs_differ(describer, shared):
    folder = shared / "data" / "VLFDataset" / "Image" / "IVF" / "RoadScene"
    names = (folder / "test.txt").read_text().split()[:4]
    texts = set()
    for name in names:
        infrared, visible = (read_image(folder / kind / name) for kind in ("IR", "VI"))
        texts.add(describer.describe(infrared, visible, TASKS["ivf"], "a").text)
        texts.add(describer.describe(visible, infrared, TASKS["ivf"], "b").text)
    assert len(texts) == 8


def test_bad_names(describer):
    image = read_image(canvas())
    with pytest.raises(UnknownNameError, match="source"):
        describer.describe(image, None, TASKS["ivf"], "c")
    with pytest.raises(UnknownNameError, match="did you mean 'measured'"):
        load_describer("mesured")


def test_words_for_places():
    grid = np.zeros((3, 3), bool)
    assert named(grid) == "nowhere"
    grid[0] = True
    assert named(grid) == "along the top"
    grid[:, 2] = True
    assert named(grid) == "along the top and down the right side"
    grid[1, 0] = True
    assert named(grid) == "along the top, down the right side and at the left"
    assert named(np.ones((3, 3))) == "everywhere"
    assert place(0.0, 0.99) == "top right" and place(0.5, 0.5) == "centre"
