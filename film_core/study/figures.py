"""Figures of a study: every fused image beside its difference map, and the words' importance."""

import io
import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from film_core.lettering import drawable, letter
from film_core.study.result import Row, Study
from film_core.study.verdict import HARDLY_ANYTHING

_COLUMNS = 4
_MOST_CELLS = 24
_MOST_WORDS = 60
_LABEL = 34


def draw_differences(study: Study, cells: int = _MOST_CELLS, form: str = "png") -> bytes:
    """Return a figure of fused images and difference maps, all maps on one scale.

    Args:
        study: what to draw; rows with a word left out come last and are the first to be left out.
        cells: the most rows that are drawn.
        form: ``png``, ``svg`` or ``pdf``.
    """
    rows = [row for row in study.rows if row.variant.kind != "without"] + study.words
    rows = rows[:cells]
    if not rows:
        return b""
    columns = min(_COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    aspect = study.height / study.width
    figure = _figure(3.2 * columns, lines * (6.0 * aspect + 0.7) + 0.9)
    axes = figure.subplots(2 * lines, columns, squeeze=False)
    for cell in axes.ravel():
        cell.set_axis_off()
    scale = study.scale or 1.0
    shown = None
    for index, row in enumerate(rows):
        line, column = divmod(index, columns)
        grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if row.image.ndim == 2 else {}
        axes[2 * line, column].imshow(row.image, **grey)
        axes[2 * line, column].set_title(_short(row.variant.label), fontsize=9)
        below = axes[2 * line + 1, column]
        shown = below.imshow(row.change.map, cmap="magma", vmin=0, vmax=scale)
        below.set_title(_numbers(row), fontsize=8)
    bar = figure.colorbar(shown, ax=axes, fraction=0.03, pad=0.02)
    bar.set_label("absolute difference from the base in grey levels of 255", fontsize=8)
    return _rendered(figure, form)


def draw_words(study: Study, form: str = "png") -> bytes:
    """Return a bar for every word: what leaving it out changed; b"" if none was left out."""
    rows = study.words[:_MOST_WORDS]
    if not rows:
        return b""
    figure = _figure(7, 0.9 + 0.22 * len(rows))
    axes = figure.subplots()
    means = [row.change.mean for row in rows]
    # Text and hatching tell the sources apart where colour can't.
    styles = {"a": ("#2f6db5", ""), "b": ("#c1661c", "//")}
    seen = set()
    for place, (row, mean) in enumerate(zip(rows, means, strict=True)):
        source = row.variant.word.source
        colour, hatch = styles[source]
        label = None if source in seen else f"description {source.upper()}"
        seen.add(source)
        axes.barh(place, mean, color=colour, hatch=hatch, edgecolor="white", label=label)
    axes.set_yticks(range(len(rows)), [_short(row.variant.name) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel("mean change without the word, grey levels of 255", fontsize=8)
    if max(means) > HARDLY_ANYTHING / 4:
        axes.axvline(HARDLY_ANYTHING, color="0.4", linestyle=":", linewidth=1)
        axes.annotate(
            "below: hardly anything", (HARDLY_ANYTHING, 0.01), xycoords=("data", "axes fraction"),
            fontsize=7, color="0.3", ha="right", va="bottom", rotation=90,
        )  # fmt: skip
    axes.legend(fontsize=8, loc="lower right")
    return _rendered(figure, form)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _rendered(figure: Figure, form: str) -> bytes:
    letter(figure)
    file = io.BytesIO()
    figure.savefig(file, format=form, dpi=110)
    return file.getvalue()


def _short(label: str) -> str:
    # A dollar sign would start a formula in matplotlib.
    label = drawable(" ".join(label.split())).replace("$", r"\$")
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _numbers(row: Row) -> str:
    if row.variant.kind == "base":
        return "the base"
    return f"mean {row.change.mean:.3f}, largest {row.change.most:.2f}"
