"""The examples of a task, as thumbnails: left half source A, right half source B."""

from html import escape

from demo.examples import Example
from demo.language import Language


def render_examples(examples: list[Example], shown: str, say: Language) -> str:
    """Return the strip of `examples`; `shown` is the key of the one on the page, or ""."""
    if not examples:
        return f'<p class="subdued">{say.html("examples.none")}</p>'
    buttons = "".join(
        f'<li><button type="button" class="thumb" data-choose="{escape(example.key)}" '
        f'aria-pressed="{"true" if example.key == shown else "false"}" '
        f'aria-label="{say.html("examples.open", title=example.title)}" '
        f'title="{escape(example.title)}"><span class="thumb-half">'
        f'<img src="example/{escape(example.key)}/a.webp" alt="" loading="lazy"></span>'
        f'<span class="thumb-half"><img src="example/{escape(example.key)}/b.webp" alt="" '
        'loading="lazy"></span></button></li>'
        for example in examples
    )
    return (
        f'<div class="examples"><span class="choices-label">{say.html("examples")}</span>'
        f'<ul class="thumbs">{buttons}</ul></div>'
    )
