"""Below a description that a model wrote in steps: each question's answer, and who gave it."""

from html import escape

from demo.language import Language


def render_steps(steps: list[dict[str, str]], say: Language) -> str:
    """Return the steps, folded; "" where there are none. Every answer is shown as plain text."""
    if not steps:
        return ""
    rows = "".join(
        f"<dt>{escape(_name(step['name'], say))} <small>{escape(step['author'])}</small></dt>"
        f'<dd style="white-space:pre-line">{escape(step["answer"])}</dd>'
        for step in steps
    )
    heading = say.html("text.steps")
    return f'<details class="steps"><summary>{heading}</summary><dl>{rows}</dl></details>'


def _name(step: str, say: Language) -> str:
    return say.known(f"step.{step}", step)
