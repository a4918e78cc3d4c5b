"""Sentences on the objects found."""

from film_core.text.describers.measured.comparison import lacks
from film_core.text.describers.measured.objects import BrightObject, find_objects
from film_core.text.describers.measured.places import listed, percent
from film_core.text.describers.measured.view import View
from film_core.text.describers.measured.wording import meaning

_ORDINALS = ("first", "second", "third")


def object_sentences(
    view: View, partner: View | None, modality: str, other_modality: str
) -> list[str]:
    """Return a sentence on up to three bright objects and, in the infrared, one on a dark one."""
    sentences = []
    # Elsewhere than in the infrared the darkest places are shadows.
    for bright, most in ((True, 3), (False, 1 if modality == "infrared" else 0)):
        found = find_objects(view, bright, most) if most else []
        if found:
            sentences.append(_sentence(found, partner, modality, other_modality))
    return sentences or ["No compact region stands out from its surroundings."]


def _sentence(
    found: list[BrightObject], partner: View | None, modality: str, other_modality: str
) -> str:
    bright = found[0].bright
    word, reason = "brighter" if bright else "darker", meaning(modality, bright)
    head = f"{word} and so {reason} than" if reason else f"{word} than"
    # The first one's phrases are spelt out; the others' follow its pattern.
    phrases = [_words(one, first=index == 0) for index, one in enumerate(found)]
    sentence = f"Clearly {head} the surroundings: {listed(phrases)}"
    missing = [i for i, one in enumerate(found) if partner and lacks(partner, one)]
    if missing:
        if len(found) == 1:
            who = "it does not stand out"
        elif len(missing) == len(found):
            who = "none of them stands out"
        else:
            verb = "does" if len(missing) == 1 else "do"
            who = f"the {listed([_ORDINALS[i] for i in missing])} {verb} not stand out"
        sentence += f"; {who} in the {other_modality} image"
    return f"{sentence}."


def _words(found: BrightObject, first: bool) -> str:
    width, height = found.size
    if first:
        size = f"{percent(width)} of the width, {percent(height)} of the height"
        tone = f"{percent(found.inside)} of white against {percent(found.outside)} around it"
    else:
        size = f"{percent(width)}, {percent(height)}"
        tone = f"{percent(found.inside)} against {percent(found.outside)}"
    return f"a {found.form} {found.kind} at the {found.place} ({size}; {tone})"
