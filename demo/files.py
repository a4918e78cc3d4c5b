"""The files that a visitor can take away: tables, arrays, figures, 16-bit pictures."""

import csv
import io
import json
from collections.abc import Sequence

import numpy as np

from demo.heat import place_over
from demo.looking import looked_at, scale_of
from demo.state import Look, Result
from film_core.as_json import finite
from film_core.lettering import drawable, letter, most_drawable

FIGURE_KINDS = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}


def metrics_json(result: Result, earlier: Sequence[Result] = ()) -> bytes:
    """Return every metric of a result and of what it is compared with, as one JSON object.

    Values that aren't defined are null.

    Args:
        earlier: other results of the same pair, which are compared too.
    """
    content = {
        "task": result.task, "weights": result.weights, "device": result.device,
        "text_a": result.text_a, "text_b": result.text_b, "instruction": result.instruction,
        "sha256_a": result.pair[1], "sha256_b": result.pair[2],
        "metrics": result.metrics, "comparison": result.comparison, "seconds": result.seconds,
        "earlier": [
            {"number": other.number, "weights": other.weights, "text_a": other.text_a,
             "text_b": other.text_b, "instruction": other.instruction, "metrics": other.metrics}
            for other in earlier
        ],
    }  # fmt: skip
    return json.dumps(finite(content), indent=2, ensure_ascii=False).encode()


def metrics_csv(result: Result, earlier: Sequence[Result] = ()) -> bytes:
    """Return the same as a table: a line for each form and picture, a column for each metric."""
    names = list(next(iter(result.metrics.values())))
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(["form", "picture", *names])
    for form in result.metrics:
        pictures = {"fused": result.metrics, **result.comparison}
        pictures |= {other.column: other.metrics for other in earlier}
        for picture, forms in pictures.items():
            table.writerow([form, picture, *(f"{forms[form][name]:.6g}" for name in names)])
    return file.getvalue().encode()


def attention_npz(result: Result) -> bytes:
    """Return all attention arrays, with the words, as a compressed .npz."""
    arrays: dict[str, np.ndarray] = {
        "tokens": np.array(result.attention.tokens),
        "words": np.array([word.text for word in result.words]),
    }
    for stage, sources in enumerate(result.attention.maps, start=1):
        for source, maps in sources.items():
            for part in ("spatial", "mean", "gate"):
                arrays[f"stage{stage}_{source}_{part}"] = getattr(maps, part)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def word_maps_npz(result: Result) -> bytes:
    """Return a steering network's words, their maps and strengths, and the change, as .npz."""
    arrays: dict[str, np.ndarray] = {"change": result.change, "instruction": result.instruction}
    for slot, words in result.steering.words.items():
        arrays[f"{slot}_words"] = np.array([token.text for token in words])
        arrays[f"{slot}_maps"] = result.steering.maps[slot]
        arrays[f"{slot}_strengths"] = result.steering.strengths[slot]
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def attention_figure(
    result: Result, look: Look, under: np.ndarray, sayings: list[tuple[str, str]], kind: str
) -> bytes:
    """Return what `look` shows over its source, with one colour bar, by matplotlib.

    Args:
        under: (H, W) uint8, the grey source.
        sayings: texts above the figure and beside its colour bar, in the visitor's language and
            in another, which is taken where no font has the letters of the first.
        kind: one of FIGURE_KINDS.
    """
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    title, label = map(drawable, most_drawable(sayings))
    shown = looked_at(result, look)
    colours, span = scale_of(look, shown)
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    height, width = under.shape
    each = 7 if columns == 1 else 10 / columns
    size = (each * columns, rows * (each * height / width + 0.3) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    for cell in axes.ravel():
        cell.set_axis_off()
    for cell, (name, values) in zip(axes.ravel(), shown, strict=False):
        cell.imshow(place_over(values, under, colours, look.strength, span))
        if len(shown) > 1:
            cell.set_title(drawable(name), fontsize=10, parse_math=False)
    figure.suptitle(title, fontsize=11, parse_math=False)
    scale = ScalarMappable(Normalize(*span), colormaps[colours])
    figure.colorbar(scale, ax=axes, orientation="horizontal", shrink=0.7, label=label)
    letter(figure)
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=200)
    return file.getvalue()


def png_16(result: Result) -> bytes:
    """Return the fused luminance, as the network gave it, as a 16-bit grey PNG with parameters."""
    from film_core.images import encode_png

    samples = np.rint(np.clip(result.luminance, 0, 1) * 65535).astype(np.uint16)
    return encode_png(samples, result.origin.entries())
