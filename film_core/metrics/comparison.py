"""What a fused image has to be better than: the rules without learning, and each source alone."""

from collections.abc import Iterable

from film_core.metrics.measure import Sources
from film_core.metrics.rules import RULES


def compare(
    sources: Sources, form: str = "raw", names: Iterable[str] | None = None
) -> dict[str, dict[str, float]]:
    """Return the metrics of "mean", "maximum", "pyramid", "source A" and "source B", by name.

    Args:
        sources: the two images; each row is measured against them as a fused image would be.
        form, names: as `Sources.measure` takes them.
    """
    image_a, image_b = sources.image_a, sources.image_b
    names = None if names is None else list(names)
    candidates = {rule.name: rule.fuse(image_a, image_b) for rule in RULES.values()}
    candidates |= {"source A": image_a, "source B": image_b}
    return {name: sources.measure(image, names, form) for name, image in candidates.items()}
