"""What the viewer shows: addresses and labels; `client/viewer.js` draws it."""

from typing import Any

from demo.language import Language
from demo.state import SLOTS, Result, Visit
from film_core.tasks import TASKS

_TEXTS = {
    "empty": "result.empty",
    "empty_hint": "result.empty_hint",
    "compare": "result.compare",
    "view_slider": "result.view.slider",
    "view_side": "result.view.side",
    "zoom_in": "result.zoom_in",
    "zoom_out": "result.zoom_out",
    "fit": "result.fit",
    "download": "result.download",
    "slider": "result.slider",
    "pixel_hint": "result.pixel_hint",
}


def render_viewer(visit: Visit, say: Language) -> dict[str, Any]:
    """Return the viewer's value: the newest result with its sources, or the sources alone."""
    value: dict[str, Any] = {"texts": {name: say.phrases[key] for name, key in _TEXTS.items()}}
    result = visit.result
    if result is not None:
        return value | _of_result(result, visit, say)
    task = TASKS[visit.task]
    for slot in SLOTS:
        source = visit.sources[slot]
        if source is not None:
            modality = say(f"modality.{(task.source_a if slot == 'a' else task.source_b).name}")
            value[slot] = _picture(source.picture, modality, say("result.alt_source", letter=slot))
            value["width"], value["height"] = source.width, source.height
    return value


def _of_result(result: Result, visit: Visit, say: Language) -> dict[str, Any]:
    task = TASKS[result.task]
    value = {
        "width": result.width,
        "height": result.height,
        "fused": _picture(result.picture, say("result.fused"), say("result.alt_fused")),
        "a": _picture(
            result.picture_a,
            say(f"modality.{task.source_a.name}"),
            say("result.alt_source", letter="A"),
        ),
        "b": _picture(
            result.picture_b,
            say(f"modality.{task.source_b.name}"),
            say("result.alt_source", letter="B"),
        ),
        "download": {"url": f"{result.picture}", "name": download_name(result)},
    }
    before = previous_of_pair(visit)
    if before is not None:
        value["previous"] = _picture(
            before.picture, say("result.previous"), say("result.alt_fused")
        )
    return value


def previous_of_pair(visit: Visit) -> Result | None:
    """Return the result before the newest one if both are of the same pair."""
    if len(visit.results) < 2 or visit.results[-2].pair != visit.results[-1].pair:
        return None
    return visit.results[-2]


def download_name(result: Result) -> str:
    """Return the file name under which a result is saved."""
    return f"fused-{result.task}-{result.number or 'example'}.png"


def _picture(url: str, label: str, alt: str) -> dict[str, str]:
    return {"url": url, "label": label, "alt": alt}
