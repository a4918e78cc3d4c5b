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
    "download_16": "result.download_16",
    "histogram": "result.histogram",
    "slider": "result.slider",
    "stage": "result.stage",
    "pixel_hint": "result.pixel_hint",
}


def render_viewer(visit: Visit, exact: str, say: Language) -> dict[str, Any]:
    """Return the viewer's value: the result that is shown with its sources, or the sources alone.

    Args:
        exact: address of the result as 16-bit PNG, "" where there is none.
    """
    value: dict[str, Any] = {"texts": {name: say.phrases[key] for name, key in _TEXTS.items()}}
    result = visit.result
    if result is not None:
        value |= _of_result(result, visit, say)
        if exact:
            name = download_name(result).replace(".png", "-luminance-16bit.png")
            value["download_16"] = {"url": exact, "name": name}
        return value
    task = TASKS[visit.task]
    for slot in SLOTS:
        source = visit.sources[slot]
        if source is not None:
            modality = say(f"modality.{(task.source_a if slot == 'a' else task.source_b).name}")
            alt = say("result.alt_source", letter=slot.upper())
            value[slot] = _picture(source.picture, modality, alt)
            value["width"], value["height"] = source.width, source.height
    return value


def _of_result(result: Result, visit: Visit, say: Language) -> dict[str, Any]:
    task = TASKS[result.task]
    value = {
        "width": result.width,
        "height": result.height,
        "fused": _picture(result.picture, say("result.fused"), say("result.alt_fused")),
        "a": _picture(
            result.sources["a"].picture,
            say(f"modality.{task.source_a.name}"),
            say("result.alt_source", letter="A"),
        ),
        "b": _picture(
            result.sources["b"].picture,
            say(f"modality.{task.source_b.name}"),
            say("result.alt_source", letter="B"),
        ),
        "download": {"url": f"{result.picture}", "name": download_name(result)},
    }
    other = compared(visit)
    if other is not None:
        label = say("result.number", number=other.number)
        value["previous"] = _picture(other.picture, label, say("result.alt_fused"))
    return value


def compared(visit: Visit) -> Result | None:
    """Return the other result that the shown one can be compared with.

    The one that was chosen in the history, else the one before of the same pair.
    """
    shown = visit.result
    if visit.against is not None:
        chosen = [r for r in visit.results if r.number == visit.against]
        return chosen[0] if chosen and chosen[0] is not shown else None
    before = [r for r in visit.results if r.pair == shown.pair and r.number < shown.number]
    return before[-1] if before else None


def download_name(result: Result) -> str:
    """Return the file name under which a result is saved."""
    return f"fused-{result.task}-{result.number or 'example'}.png"


def _picture(url: str, label: str, alt: str) -> dict[str, str]:
    return {"url": url, "label": label, "alt": alt}
