"""The measured answers to the recipe's steps, each from the same measurements as the paragraph."""

from film_core.images.source import SourceImage
from film_core.tasks import Task
from film_core.text.describers.measured.colours import colour_sentence
from film_core.text.describers.measured.edges import edge_sentence
from film_core.text.describers.measured.focus import detail_sentence
from film_core.text.describers.measured.objects import find_objects
from film_core.text.describers.measured.tones import clipping_sentences, tone_words
from film_core.text.describers.measured.view import View
from film_core.text.describers.measured.wording import modality_names


def caption(image: SourceImage, other: SourceImage | None, task: Task, source: str) -> str:
    """Return a sentence on the whole picture."""
    modality, _ = modality_names(task, source)
    article = "an" if modality[0] in "aeiou" or modality == "MRI" else "a"
    return (
        f"Measured, not recognised: {article} {modality} image of {image.width} x "
        f"{image.height} pixels, {tone_words(View(image))}."
    )


def objects(image: SourceImage, other: SourceImage | None, task: Task, source: str) -> str:
    """Return a line for each region that stands out, with its box in percent."""
    view = View(image)
    lines = []
    for bright in (True, False):
        for found in find_objects(view, bright, 3):
            height, width = found.shape
            left, right = found.columns.start / width, found.columns.stop / width
            top, bottom = found.rows.start / height, found.rows.stop / height
            sides = ", ".join(f"{100 * side:.0f}" for side in (left, top, right, bottom))
            tone = "brighter" if bright else "darker"
            lines.append(f"{tone} {found.form} {found.kind} at the {found.place} ({sides})")
    return "\n".join(lines) or "No compact region stands out from its surroundings."


def regions(image: SourceImage, other: SourceImage | None, task: Task, source: str) -> str:
    """Return sentences on what fills which part of the picture."""
    view = View(image)
    sentences = [*clipping_sentences(view), detail_sentence(view), edge_sentence(view)]
    return " ".join([*sentences, colour_sentence(view)])


MEASURED_STEPS = {"caption": caption, "objects": objects, "regions": regions}
"""{step: function of image, partner, task and source}."""
