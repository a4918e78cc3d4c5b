"""What a saved picture says of itself is believed only where it makes sense."""

import pytest

from film_core.errors import ImageError
from film_core.fusion import Origin, read_origin
from film_core.text import load_encoder

ORIGIN = Origin("ivf", "film-ivf", "A warm engine.", "A wall.", "a" * 64, "b" * 64)


def test_what_is_written_can_be_read():
    entries = ORIGIN.entries()
    assert entries["Software"] == "FILM Studio"
    assert read_origin(entries, "x.png") == ORIGIN
    assert read_origin(vars(ORIGIN), "a link") == ORIGIN


def test_what_no_png_can_hold_is_left_out():
    odd = Origin(
        "ivf", "w", "nul\0 and half \ud800 and bell\a, family 👨‍👩‍👧", "", "a" * 64, "b" * 64
    )
    assert odd.entries()["film.text_a"] == "nul and half  and bell, family 👨‍👩‍👧"
    assert read_origin(odd.entries(), "x.png").text_a.endswith("👨‍👩‍👧")


def test_of_a_text_without_end_is_stored_what_is_read_back():
    long = "A lamp\0 stands by the door. " * 2000
    origin = Origin("ivf", "w", long, "x" * 30_000, "a" * 64, "b" * 64, long)
    again = read_origin(origin.entries(), "x.png")
    assert again.text_b == "x" * 20_000 and again.instruction == again.text_a
    encoder = load_encoder()
    assert encoder.encode(again.text_a).kept == encoder.encode(long.replace("\0", "")).kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "rm -rf"), ("task", ""), ("weights", "../../etc/passwd"), ("weights", ""),
        ("weights", "w" * 256), ("weights", "a\\b"), ("weights", " .."),
        ("text_a", "x" * 20_001), ("text_b", "a\0b"),
        ("text_b", "\x1b[2J"), ("sha256_a", "A" * 64), ("sha256_b", "../x"), ("sha256_b", ""),
    ],
)  # fmt: skip
def test_what_none_of_ours_has_is_refused_by_name(field, value):
    entries = {**ORIGIN.entries(), f"film.{field}": value}
    with pytest.raises(ImageError, match=rf"'x\.png' can't be used, their {field} is missing"):
        read_origin(entries, "x.png")


@pytest.mark.parametrize("name", ["my weights (v2)", "权重，新", "w" * 255, ".kept"])
def test_weights_may_have_any_name_that_a_file_may_have(name):
    assert read_origin({**ORIGIN.entries(), "film.weights": name}, "x.png").weights == name


def test_a_picture_of_another_program_is_told_apart():
    with pytest.raises(ImageError, match="carries no parameters of FILM Studio"):
        read_origin({"Software": "Another"}, "x.png")
