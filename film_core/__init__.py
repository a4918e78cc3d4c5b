"""FILM image fusion guided by text.

    from film_core import load_fuser

    fuser = load_fuser("film-ivf")
    fuser.set_images("infrared.png", "visible.png", task="ivf")
    result = fuser.fuse(text_a="A person stands by the wall.", text_b="A dark street at night.")
    result.image, result.metrics["raw"]["Qabf"], result.attention.map(1, "a", token=5)

Errors that a user can cause are `FilmError`s: one sentence with what was seen, the limit and the
remedy.
"""

from film_core.errors import FilmError
from film_core.fusion import Fuser, FusionResult, load_fuser

__all__ = ["FilmError", "Fuser", "FusionResult", "load_fuser"]
