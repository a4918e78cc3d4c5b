"""What the server says about itself, for the chip in the header and for a host's health check."""

from typing import Any

from demo.desk import Desk
from demo.language import Language
from demo.panels.progress import stage_detail


def health(desk: Desk, say: Language) -> dict[str, Any]:
    """Return the state of the fusing worker, in words of `say`; nothing of any visitor."""
    status = desk.fusing.status()
    text = say(f"status.{status.state}")
    detail = ""
    if status.state == "starting" and status.stage:
        detail = say.known(f"stage.{status.stage}", status.stage)
        percent = "" if status.fraction is None else f" {100 * status.fraction:.0f} %"
        text = f"{text}: {detail}{percent}"
        detail = stage_detail(status.stage, status.detail, say)
    elif status.error is not None:
        detail = say.error(status.error)
    elif status.about.get("device"):
        text = f"{text} · {status.about['device'].upper()}"
    if status.waiting:
        text = f"{text} · {say('status.waiting', count=status.waiting)}"
    return {
        "state": status.state,
        "text": text,
        "fraction": status.fraction,
        "detail": detail,
        "device": status.about.get("device"),
        "weights": status.about.get("weights"),
        "restarts": status.restarts,
        "waiting": status.waiting,
        "reading": desk.reading.status().state,
    }
