"""Spreads a pair's tones over the range that the brighter source leaves unused.

The per-pixel maximum of two pictures lies in the upper part of the range: over RoadScene's held-out
pairs its darkest half percent is at 66 to 126 of 255. A network asked for that brightness gives a
flat picture, whose SD, SF and EN stay below what either source has. So the brightness and the edges
asked for may be spread linearly, by a limited factor, and only so far that at most half a percent
of the brighter source's pixels leaves the range at either end. What is asked for there, and where
the other source is darker than all of the brighter one, lies outside the range and can't be met.
"""

from dataclasses import dataclass

import numpy as np

ENDS = (0.5, 99.5)
"""Percentiles of the brighter source that stay within the range; tones beyond them may leave it."""


@dataclass(frozen=True)
class Tones:
    """A straight tone curve: tone -> gain * tone + offset."""

    gain: float = 1.0
    offset: float = 0.0

    def spread(self, image: np.ndarray) -> np.ndarray:
        """Return the image (any shape, float32) with its tones spread, not clipped."""
        if self == Tones():
            return image
        return (np.float32(self.gain) * image + np.float32(self.offset)).astype(np.float32)


def tones_of(a: np.ndarray, b: np.ndarray, contrast: float) -> Tones:
    """Return the curve that spreads max(a, b) by at most `contrast`, its `ENDS` at most to [0, 1].

    What room remains lies below and above in the same proportion as before.

    Args:
        a, b: (H, W) float32 in [0, 1], whole pictures, not crops of them.
        contrast: largest gain, 1 or more.
    """
    if contrast == 1:
        return Tones()
    black, white = (float(x) for x in np.percentile(np.maximum(a, b), ENDS))
    room = 1 - (white - black)
    if room <= 0 or white <= black:
        return Tones()
    gain = min(contrast, 1 / (white - black))
    left = 1 - gain * (white - black)
    return Tones(gain, black * left / room - gain * black)
