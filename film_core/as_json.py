"""Numbers as JSON has them: it knows neither nan, which is undefined here, nor infinity."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """Return `value`, of dicts, lists and tuples, with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
