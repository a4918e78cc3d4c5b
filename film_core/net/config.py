"""The numbers that define FILM, each in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FilmConfig:
    """Sizes of the network; the defaults are the published ones.

    Attributes:
        text_width: width of the text features that come in (768 for BLIP-2's Q-Former, 384 for
            the embedded encoder).
        width: channels C of a stage's features.
        heads: heads of every attention.
        token_width: width D of text and image tokens inside the cross-attention.
        grid: height and width that features are resized to before they become tokens.
        hidden_factor: width of the feed-forward's hidden layer over its input's.
        stages: how many text-guided stages follow each other.
    """

    text_width: int = 768
    width: int = 32
    heads: int = 8
    token_width: int = 256
    grid: tuple[int, int] = (288, 384)
    hidden_factor: int = 4
    stages: int = 3

    @property
    def runs(self) -> int:
        """Image tokens of one channel: runs of `token_width` pixels of the grid (432)."""
        return self.grid[0] * self.grid[1] // self.token_width

    @property
    def image_tokens(self) -> int:
        """Image tokens of one source: every channel's runs (13,824)."""
        return self.width * self.runs
