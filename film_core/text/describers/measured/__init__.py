"""Descriptions from measurement alone: no network, nothing recognised, nothing invented.

Each file measures one thing and puts it into a sentence; `describer.py` chooses and orders them.
"""

from film_core.text.describers.measured.describer import MeasuredDescriber

__all__ = ["MeasuredDescriber"]
