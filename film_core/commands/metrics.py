"""`metrics`: how good a fused image is by the field's twelve measures."""

import argparse
import json
import math
from pathlib import Path

import numpy as np

from film_core.as_json import finite

SUMMARY = "measure a fused image against its two sources"
EXAMPLES = """examples:
  python -m film_core metrics fused.png infrared.png visible.png
  python -m film_core metrics fused.png a.png b.png --names VIFF,Qabf --form raw
  python -m film_core metrics fused.png a.png b.png --compare --json

raw is the fused image as it is; paper is the fused image first stretched to 0..255, as many
published tables are measured, which by itself raises EN, SD, SF and AG. No single metric measures
quality: `--explain` says what each one rewards wrongly."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("fused", type=Path, help="the fused image; of a colour one, its luminance")
    parser.add_argument("image_a", type=Path, help="the first source, of the same size")
    parser.add_argument("image_b", type=Path, help="the second source, of the same size")
    parser.add_argument("--names", help="metrics to compute, such as EN,SD (default: all twelve)")
    parser.add_argument("--form", default="both", help="raw, paper or both (default: both)")
    parser.add_argument(
        "--compare", action="store_true", help="add mean, maximum, pyramid and each source alone"
    )
    parser.add_argument("--explain", action="store_true", help="add what each metric means")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; raises FilmError with the sentence to show."""
    from film_core.errors import unknown_name
    from film_core.images import read_image
    from film_core.metrics import FORMS, METRICS, Sources, compare, find_metric, grey_levels

    if args.form not in (*FORMS, "both"):
        raise unknown_name("form of metrics", args.form, (*FORMS, "both"))
    forms = FORMS if args.form == "both" else (args.form,)
    names = None
    if args.names is not None:
        given = [name for name in args.names.split(",") if name.strip()] or [args.names]
        names = [find_metric(name).name for name in given]
    fused, image_a, image_b = (read_image(p) for p in (args.fused, args.image_a, args.image_b))
    sources = Sources(grey_levels(image_a.luminance), grey_levels(image_b.luminance))
    measured = grey_levels(fused.luminance)
    metrics = {form: sources.measure(measured, names, form) for form in forms}
    columns = {form: {"fused": values} for form, values in metrics.items()}
    if args.compare:
        for form in forms:
            columns[form] |= compare(sources, form, names)
    shown = [METRICS[name] for name in metrics[forms[0]]]
    notes = [f"{i.name}: {note}" for i in (fused, image_a, image_b) for note in i.notes]

    if args.json:
        print(
            json.dumps(
                {
                    "fused": str(args.fused),
                    "image_a": str(args.image_a),
                    "image_b": str(args.image_b),
                    "width": fused.width,
                    "height": fused.height,
                    "metrics": finite(metrics),
                    "undefined": _undefined(metrics, shown, measured),
                    "higher_is_better": {m.name: m.higher_is_better for m in shown},
                    "notes": notes,
                }
                | ({"comparison": _comparison(columns)} if args.compare else {}),
                ensure_ascii=False,
            )
        )
        return 0
    for form, of_form in columns.items():
        print(_table(form, of_form, shown))
    for form, reasons in _undefined(metrics, shown, measured).items():
        for name, reason in reasons.items():
            print(f"{name} ({form}): {reason}")
    if args.explain:
        for metric in shown:
            print(f"{metric.name}, {metric.long_name}, {metric.range_text}: {metric.sentence}")
            print(f"    Rewards wrongly: {metric.rewards_wrongly}")
    for note in notes:
        print(note)
    return 0


def _comparison(columns: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, dict]]:
    return {
        form: {row: finite(values) for row, values in of_form.items() if row != "fused"}
        for form, of_form in columns.items()
    }


def _undefined(
    metrics: dict[str, dict[str, float]], shown: list, fused: np.ndarray
) -> dict[str, dict[str, str]]:
    """Return, by form and name, why a value isn't a finite number."""
    reasons: dict[str, dict[str, str]] = {}
    flat = fused.min() == fused.max()
    for form, values in metrics.items():
        for metric in shown:
            if math.isfinite(values[metric.name]):
                continue
            reason = metric.undefined
            if form == "paper" and flat:
                reason = "a flat fused image has no paper form"
            if min(fused.shape) < metric.min_side:
                reason = f"needs at least {metric.min_side} pixels a side"
            reasons.setdefault(form, {})[metric.name] = reason
    return reasons


def _table(form: str, columns: dict[str, dict[str, float]], shown: list) -> str:
    """Return one form's table: a line a metric, a column an image."""
    labels = list(columns)
    width = max(9, *(len(label) for label in labels)) + 2
    lines = [f"{form:<6} better " + "".join(f"{label:>{width}}" for label in labels) + "  unit"]
    for metric in shown:
        better = "higher" if metric.higher_is_better else "lower"
        numbers = (f"{columns[label][metric.name]:>{width}.{metric.digits}f}" for label in labels)
        lines.append(f"{metric.name:<6} {better:<7}" + "".join(numbers) + f"  {metric.unit}")
    return "\n".join(line.rstrip() for line in lines) + "\n"
