"""What the two images seem to be, as a suggestion that the visitor may take or leave."""

from html import escape

from demo.language import Language
from demo.state import Visit


def render_suggestion(visit: Visit, say: Language) -> str:
    """Return the suggestion; "" where there is none or where everything is so already."""
    found = visit.suggestion
    if found is None or (found.task == visit.task and not found.swapped):
        return ""
    reason = say.known(found.code, found.sentence).format(**found.values)
    task = say(f"task.{found.task}")
    if found.task == visit.task:
        use = say("suggest.swap")
        head = say("suggest.swapped" if found.certain else "suggest.perhaps_swapped")
    else:
        use = say("suggest.both" if found.swapped else "suggest.task", task=task)
        head = say("suggest.certain" if found.certain else "suggest.perhaps", task=task)
    return f"""<div class="suggest" role="status"><p><b>{escape(head)}</b> {escape(reason)}</p>
<div class="choices"><button type="button" class="start" data-choose="use">{escape(use)}</button>
<button type="button" data-choose="keep">{say.html("suggest.keep")}</button></div></div>"""
