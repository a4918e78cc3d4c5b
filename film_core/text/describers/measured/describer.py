"""The paragraph: which measurements matter for which task, in which order."""

from film_core.errors import unknown_name
from film_core.images.source import SourceImage
from film_core.tasks import Task
from film_core.text.describers.describer import Description
from film_core.text.describers.measured.colours import colour_sentence
from film_core.text.describers.measured.comparison import comparison_sentences
from film_core.text.describers.measured.edges import edge_sentence
from film_core.text.describers.measured.extent import extent_sentence
from film_core.text.describers.measured.focus import detail_sentence, focus_sentence
from film_core.text.describers.measured.object_words import object_sentences
from film_core.text.describers.measured.tones import clipping_sentences, tone_words
from film_core.text.describers.measured.view import View
from film_core.text.describers.measured.wording import modality_names


class MeasuredDescriber:
    """Describes an image by what can be measured without a network."""

    name = "measured"

    def describe(
        self, image: SourceImage, other: SourceImage | None, task: Task, source: str
    ) -> Description:
        """Return a paragraph of plain English; see `Describer.describe` for the arguments.

        A partner of another size is taken for absent, as nothing can be compared.

        Raises:
            UnknownNameError: `source` is neither "a" nor "b".
        """
        if source not in ("a", "b"):
            raise unknown_name("source", source, ("a", "b"))
        modality, other_modality = modality_names(task, source)
        view = View(image)
        comparable = other is not None and other.luminance.shape == image.luminance.shape
        partner = View(other) if comparable else None
        article = "an" if modality[0] in "aeiou" or modality == "MRI" else "a"
        sentences = [
            f"Measured, not recognised: {article} {modality} image of {image.width} x "
            f"{image.height} pixels, {tone_words(view)}."
        ]
        sentences += clipping_sentences(view)
        if task.name == "mif":
            sentences += extent_sentence(view)
        sentences += object_sentences(view, partner, modality, other_modality)
        if task.name == "mff" and partner:
            sentences.append(focus_sentence(view, partner, other_modality))
        else:
            sentences.append(detail_sentence(view))
        sentences.append(edge_sentence(view))
        sentences.append(colour_sentence(view))
        if partner:
            sentences += comparison_sentences(view, partner, other_modality)
        return Description(" ".join(sentences), self.name)
