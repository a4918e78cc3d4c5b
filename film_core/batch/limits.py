"""How much a batch may hold: settings, checked before anything is unpacked or fused."""

from dataclasses import dataclass, field

from film_core.errors import FilmError
from film_core.images import ImageLimits


class BatchError(FilmError):
    """A folder, archive or list of texts that can't be used as a batch."""


@dataclass(frozen=True)
class BatchLimits:
    """What is accepted.

    Attributes:
        max_pairs: pairs of one batch.
        max_entries: files in an archive, usable or not.
        max_archive_bytes: size of the archive.
        max_unpacked_bytes: what all its files together may unpack to.
        max_ratio: how many times its packed size a file may unpack to; images are packed already,
            so real ones stay near 1, while a bomb needs hundreds.
        image: limits of each image.
    """

    max_pairs: int = 1000
    max_entries: int = 10_000
    max_archive_bytes: int = 1_000_000_000
    max_unpacked_bytes: int = 4_000_000_000
    max_ratio: float = 200.0
    image: ImageLimits = field(default_factory=ImageLimits)

    def check_pairs(self, count: int) -> None:
        """Raise BatchError if there are no pairs or too many."""
        if count > self.max_pairs:
            raise BatchError(
                "batch.too_many",
                "There are {count} pairs; at most {limit} are fused at once: split them up.",
                count=count, limit=self.max_pairs,
            )  # fmt: skip
        if count == 0:
            raise BatchError(
                "batch.no_pairs",
                "No pair was found: name the two images of a pair alike, such as A/01.png and "
                "B/01.png, or 01_ir.png and 01_vis.png.",
            )
