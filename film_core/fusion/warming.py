"""Compiles what a first fusion would otherwise wait for."""

import numpy as np

from film_core.fusion.fuser import Fuser
from film_core.runtime import Progress


def warm_up(fuser: Fuser, progress: Progress | None = None) -> None:
    """Run one small fusion through `fuser`, so that all its operators are compiled.

    Operators are compiled for numbers of dimensions, not for sizes: a small picture serves.

    Args:
        fuser: the fuser; its current pair is replaced.
        progress: told of the steps.
    """
    report = progress or (lambda stage, done, detail: None)
    report("operators", None, "compiling, about a minute on a new machine")
    rows, columns = np.mgrid[0:48, 0:64]
    image_a = ((rows * 5 + columns * 3) % 256).astype(np.uint8)
    image_b = ((rows * columns) % 256).astype(np.uint8)
    fuser.set_images(image_a, image_b, "ivf")
    for attention in (True, False):
        fuser.fuse("One sentence.", "Another one.", attention=attention)
    report("operators", 1.0, "compiled")
