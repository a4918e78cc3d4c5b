"""The metrics of a fused image, and of the trivial answers that it has to beat."""

from collections.abc import Callable

import numpy as np

from film_core.fusion.result import Measured
from film_core.metrics import FORMS, Sources
from film_core.metrics.comparison import rivals


class Comparison:
    """Measures fused images of one pair; the trivial rules are measured once, when asked for.

    Args:
        luminance_a, luminance_b: (H, W) float32 in [0, 1].
    """

    def __init__(self, luminance_a: np.ndarray, luminance_b: np.ndarray) -> None:
        # The field measures 8-bit images.
        self._sources = Sources(*(np.rint(x * 255) for x in (luminance_a, luminance_b)))
        self._rivals: dict[str, Measured] = {}

    def measure(
        self, luminance: np.ndarray, checkpoint: Callable[[], None] = lambda: None
    ) -> Measured:
        """Return the metrics of `luminance`, (H, W) float32 in [0, 1], in every form.

        Args:
            checkpoint: called a few times a second; may raise to stop.
        """
        return self._measure(np.rint(luminance * 255), checkpoint)

    def rivals(self, checkpoint: Callable[[], None] = lambda: None) -> dict[str, Measured]:
        """Return the metrics of mean, maximum, pyramid and of each source taken alone.

        Args:
            checkpoint: as in `measure`.
        """
        for name, make in rivals(self._sources).items():
            checkpoint()
            if name not in self._rivals:
                self._rivals[name] = self._measure(make(), checkpoint)
        return dict(self._rivals)

    def _measure(self, fused: np.ndarray, checkpoint: Callable[[], None]) -> Measured:
        return {
            form: self._sources.measure(fused, form=form, checkpoint=checkpoint) for form in FORMS
        }
