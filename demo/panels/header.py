"""The head of the page: name, state of the server, language, light or dark."""

from demo.language import LANGUAGES, Language

_MARK = (
    '<svg class="mark" viewBox="0 0 40 28" aria-hidden="true">'
    '<circle class="mark-a" cx="14" cy="14" r="12"/><circle class="mark-b" cx="26" cy="14" r="12"/>'
    '<path class="mark-both" d="M20 3.6a12 12 0 0 1 0 20.8a12 12 0 0 1 0-20.8z"/></svg>'
)


def render_header(say: Language) -> str:
    """Return the header in the language `say`."""
    languages = "".join(
        f'<button type="button" data-language="{name}" lang="{name}" '
        f'aria-pressed="{"true" if name == say.name else "false"}">{title}</button>'
        for name, title in LANGUAGES.items()
    )
    return f"""
<header class="masthead" data-shown="{say.name}" data-sent="{say.html("answering.sent")}"
  data-since="{say.html("answering.since")}">
  <a class="skip" href="#work">{say.html("skip")}</a>
  <div class="brand">{_MARK}<div><h1>{say.html("title")}</h1>
    <p>{say.html("tagline")}</p></div></div>
  <div class="controls">
    <span class="chip" role="status" data-state="starting" data-lost="{say.html("status.lost")}">
      <i class="chip-dot"></i><span class="chip-text">{say.html("status.starting")}</span>
      <i class="chip-bar"></i></span>
    <div class="choices" role="group" aria-label="{say.html("language")}">{languages}</div>
    <button type="button" class="icon" data-act="theme" aria-label="{say.html("theme.toggle")}"
      title="{say.html("theme.toggle")}"><svg viewBox="0 0 20 20" aria-hidden="true">
      <path d="M10 2a8 8 0 1 0 0 16z"/><circle cx="10" cy="10" r="7.2" fill="none"
      stroke="currentColor" stroke-width="1.6"/></svg></button>
  </div>
</header>"""
