"""Are the two sources of one view? Estimates how far they are apart, and aligns them if asked to.

Fusion compares pixels at the same place, so a shift of a few pixels turns every edge into two.
"""

from film_core.registration.aligning import Aligned, align
from film_core.registration.estimating import Registration, register

__all__ = ["Aligned", "Registration", "align", "register"]
