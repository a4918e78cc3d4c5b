"""Two sources of one scene brought to one size."""

from dataclasses import dataclass

from film_core.errors import ImageError
from film_core.images.source import SourceImage
from film_core.notes import Note

ASPECT_TOLERANCE = 2  # per cent


@dataclass(frozen=True)
class PairedSources:
    """Two images of equal width and height, and what had to be done for it ("" if nothing)."""

    a: SourceImage
    b: SourceImage
    note: str = ""

    @property
    def width(self) -> int:
        """Common width in pixels."""
        return self.a.width

    @property
    def height(self) -> int:
        """Common height in pixels."""
        return self.a.height

    @property
    def notes(self) -> list[str]:
        """Everything the user should know: both images' notes and the pairing's."""
        return [*self.a.notes, *self.b.notes, *([self.note] if self.note else [])]


def pair(a: SourceImage, b: SourceImage) -> PairedSources:
    """Return `a` and `b` at the size of the larger one.

    Aspect ratios that agree within 2 % are taken for two exports of one view: the image with fewer
    pixels is resized to the other. Nothing is registered: the sources must show the same view.

    Raises:
        ImageError: the aspect ratios differ by more.
    """
    if (a.width, a.height) == (b.width, b.height):
        return PairedSources(a, b)
    narrow, wide = sorted((a.width * b.height, a.height * b.width))
    values = {
        "name_a": a.name or "A", "name_b": b.name or "B",
        "width_a": a.width, "height_a": a.height, "width_b": b.width, "height_b": b.height,
    }  # fmt: skip
    if 100 * wide > (100 + ASPECT_TOLERANCE) * narrow:  # integers: exactly 2 % is allowed
        raise ImageError(
            "pair.sizes",
            "The two images don't fit: '{name_a}' is {width_a} x {height_a} and '{name_b}' is "
            "{width_b} x {height_b} pixels, and their aspect ratios differ by {percent:.1f} % "
            "(at most {limit} % can be resized): crop them to the same view.",
            percent=100 * wide / narrow - 100, limit=ASPECT_TOLERANCE, **values,
        )  # fmt: skip
    if a.width * a.height >= b.width * b.height:
        small, large = b, a
        resized = (a, b.resized(a.width, a.height))
    else:
        small, large = a, b
        resized = (a.resized(b.width, b.height), b)
    note = Note(
        "pair.resized",
        "'{name}' was resized from {from_width} x {from_height} to {width} x {height} pixels to "
        "fit the other.",
        name=small.name or "the smaller image", from_width=small.width, from_height=small.height,
        width=large.width, height=large.height,
    )  # fmt: skip
    return PairedSources(*resized, note)
