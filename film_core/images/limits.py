"""How large and how small an image may be: settings, checked before anything is decoded."""

from dataclasses import dataclass

from film_core.errors import ImageError


@dataclass(frozen=True)
class ImageLimits:
    """What is accepted.

    Attributes:
        min_side: shortest side in pixels; SSIM's window needs 7, and VIFF is undefined below 41.
        max_pixels: width times height; 25 million lets a 6000 x 4000 camera image through.
        max_bytes: size of the file; a 16-bit RGBA TIFF of `max_pixels` still fits.
    """

    min_side: int = 16
    max_pixels: int = 25_000_000
    max_bytes: int = 256 * 1024 * 1024

    def check_bytes(self, count: int, name: str) -> None:
        """Raise ImageError if a file of `count` bytes is empty or larger than `max_bytes`."""
        if count == 0:
            raise ImageError("image.empty", "'{name}' is empty: choose another file.", name=name)
        if count > self.max_bytes:
            raise ImageError(
                "image.too_many_bytes",
                "'{name}' has {megabytes:.0f} MB; at most {limit:.0f} MB are read: "
                "use a smaller image or a compressed format such as PNG.",
                name=name, megabytes=count / 1e6, limit=self.max_bytes / 1e6,
            )  # fmt: skip

    def check_size(self, width: int, height: int, name: str) -> None:
        """Raise ImageError if an image of `width` x `height` pixels is too small or too large."""
        if min(width, height) < self.min_side:
            raise ImageError(
                "image.too_small",
                "'{name}' is {width} x {height} pixels; at least {limit} a side are needed: "
                "use a larger image.",
                name=name, width=width, height=height, limit=self.min_side,
            )  # fmt: skip
        if width * height > self.max_pixels:
            raise ImageError(
                "image.too_large",
                "'{name}' is {width} x {height} pixels, {megapixels:.1f} megapixels; at most "
                "{limit:.1f} are accepted: scale it down first.",
                name=name, width=width, height=height,
                megapixels=width * height / 1e6, limit=self.max_pixels / 1e6,
            )  # fmt: skip
