"""What brightness means in each modality, in words that promise no more than the sensor does."""

from film_core.tasks import Task

# What being brighter, or darker, than the surroundings tells in a modality.
_BRIGHT = {
    "infrared": "usually warmer",
    "MRI": "of higher signal",
    "CT/PET/SPECT": "denser or more active",
}
_DARK = {"infrared": "usually cooler"}


def modality_names(task: Task, source: str) -> tuple[str, str]:
    """Return the name of this image's modality and of its partner's."""
    names = task.source_a.name, task.source_b.name
    return names if source == "a" else names[::-1]


def meaning(modality: str, bright: bool) -> str:
    """Return what brightness (or darkness) means in `modality`, "" where it is only itself."""
    return (_BRIGHT if bright else _DARK).get(modality, "")
