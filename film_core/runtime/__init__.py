"""Makes Jittor start on any machine, and tells what the machine has."""

from film_core.runtime.cache import cache_home
from film_core.runtime.processor import processor_count, processor_features, processor_name
from film_core.runtime.start import Progress, Runtime, compiled, start

__all__ = [
    "Progress",
    "Runtime",
    "cache_home",
    "compiled",
    "processor_count",
    "processor_features",
    "processor_name",
    "start",
]
