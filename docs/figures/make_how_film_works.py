"""Draw docs/how-film-works{,-dark}.svg: the network in one picture.

    python docs/figures/make_how_film_works.py

The pictures in it are the example `ivf/night-street` and its precomputed result.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "ivf" / "night-street"
SIZE = (13.2, 7.5)  # inches; one unit of the drawing is a tenth of an inch


@dataclass(frozen=True)
class Theme:
    """The colours of one version."""

    ground: str
    ink: str
    faint: str
    panel: str
    source_a: str
    source_b: str
    text: str
    fused: str


LIGHT = Theme(
    "#ffffff", "#1f2933", "#5b6773", "#f3f5f7", "#b4530a", "#1d5fa8", "#6b3fa0", "#1a7f4b"
)
DARK = Theme("#14181d", "#e8ecf0", "#a3aeb9", "#1f262e", "#f0a35e", "#74b3f2", "#c3a1f0", "#6fd09b")


class Drawing:
    """Boxes, arrows and pictures on one axis, in units of a tenth of an inch."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.figure = plt.figure(figsize=SIZE, facecolor=theme.ground)
        self.axis = self.figure.add_axes((0, 0, 1, 1))
        self.axis.set(xlim=(0, SIZE[0] * 10), ylim=(0, SIZE[1] * 10))
        self.axis.axis("off")

    def write(self, x, y, text, size=10.5, colour=None, weight="normal", align="center"):
        """Write `text` around (x, y)."""
        self.axis.text(
            x, y, text, size=size, color=colour or self.theme.ink, weight=weight, ha=align,
            va="center", linespacing=1.35, zorder=5,
        )  # fmt: skip

    def box(self, x, y, width, height, text="", colour=None, size=10.5):
        """Draw a rounded box from its lower left corner; without text it lies behind the rest."""
        self.axis.add_patch(
            FancyBboxPatch(
                (x, y), width, height, boxstyle="round,pad=0,rounding_size=1",
                facecolor=self.theme.panel if text else self.theme.ground,
                edgecolor=colour or self.theme.faint, linewidth=1.3, zorder=3 if text else 1,
            )
        )  # fmt: skip
        self.write(x + width / 2, y + height / 2, text, size)

    def arrow(self, start, end, colour=None, bend=0.0, style="-|>"):
        """Draw an arrow; `bend` curves it."""
        self.axis.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle=style, mutation_scale=11, linewidth=1.5,
                color=colour or self.theme.faint, shrinkA=0, shrinkB=0, zorder=2,
                connectionstyle=f"arc3,rad={bend}",
            )
        )  # fmt: skip

    def path(self, points, colour=None):
        """Draw a line through `points` that ends in an arrow."""
        columns, rows = zip(*points[:-1], strict=True)
        self.axis.plot(
            columns, rows, color=colour, linewidth=1.5, zorder=2, solid_joinstyle="round"
        )
        self.arrow(points[-2], points[-1], colour)

    def circle(self, x, y, sign, colour):
        """Draw a small circle with a sign in it."""
        self.axis.add_patch(
            Circle(
                (x, y), 1.35, facecolor=self.theme.ground, edgecolor=colour, linewidth=1.4, zorder=4
            )
        )
        self.write(x, y - 0.05, sign, 11, colour)

    def picture(self, path, x, y, width, colour):
        """Show the image file `path`, framed, and return its height."""
        with Image.open(path) as file:
            image = file.convert("RGB")
        image.thumbnail((420, 420), Image.Resampling.LANCZOS)
        height = width * image.height / image.width
        self.axis.imshow(
            np.asarray(image), extent=(x, x + width, y, y + height), aspect="auto", zorder=3
        )
        self.axis.plot(
            [x, x + width, x + width, x, x], [y, y, y + height, y + height, y], color=colour,
            linewidth=1.6, zorder=4,
        )  # fmt: skip
        return height


LANE_A, LANE_B, LANE_TEXT = 62.5, 35.5, 49.0


def _inputs(drawing: Drawing) -> None:
    theme = drawing.theme
    for lane, name, file, colour in (
        (LANE_A, "Image A: infrared", "a.png", theme.source_a),
        (LANE_B, "Image B: visible", "b.png", theme.source_b),
    ):
        height = drawing.picture(EXAMPLE / file, 3, lane - 5.6, 15, colour)
        above = lane == LANE_A
        drawing.write(
            10.5, lane - 5.6 + (height + 1.8 if above else -1.8), name, 10.5, colour, "bold"
        )
        drawing.arrow((18.4, lane), (30.5, lane), colour)
    drawing.write(24.3, LANE_A + 1.5, "luminance", 9, theme.faint)
    drawing.write(24.3, LANE_B - 1.5, "luminance", 9, theme.faint)
    drawing.box(3, LANE_TEXT - 3.6, 10.5, 7.2, "Two\ndescriptions\nin words", theme.text, 9.5)
    drawing.box(16, LANE_TEXT - 3.6, 10.5, 7.2, "Text encoder\n(frozen)", theme.text, 9.5)
    drawing.arrow((13.5, LANE_TEXT), (16, LANE_TEXT), theme.text)


def _stages(drawing: Drawing) -> None:
    theme = drawing.theme
    drawing.axis.plot([26.5, 84.9], [LANE_TEXT] * 2, color=theme.text, linewidth=1.8, zorder=2)
    drawing.write(28.4, LANE_TEXT + 1.5, "words", 9, theme.text)
    for number in range(3):
        left = 31 + 20.5 * number
        drawing.box(left - 0.5, 26.5, 17.5, 45)
        drawing.write(left + 8.25, 73.3, f"Stage {number + 1}", 11, theme.ink, "bold")
        gate_x = left + 12.9
        for lane, colour, side in ((LANE_A, theme.source_a, 1), (LANE_B, theme.source_b, -1)):
            drawing.box(left + 0.8, lane - 3.4, 8.2, 6.8, "Restormer\nblock", colour, 9.5)
            drawing.arrow((left + 9, lane), (gate_x - 1.35, lane), colour)
            drawing.circle(gate_x, lane, "×", colour)
            end = left + 21.1 if number < 2 else 90.5
            drawing.arrow((gate_x + 1.35, lane), (end, lane), colour)
            edge = LANE_TEXT + side * 6.2
            drawing.box(
                gate_x - 4.3, min(edge, edge - side * 3.2), 7.8, 3.2, "gate", theme.text, 9.5
            )
            drawing.arrow((gate_x, LANE_TEXT), (gate_x, edge - side * 3.2), theme.text)
            drawing.arrow((gate_x, edge), (gate_x, lane - side * 1.35), theme.text)
            drawing.path(
                [(left + 4.9, lane - side * 3.4), (left + 4.9, edge - side * 1.6),
                 (gate_x - 4.3, edge - side * 1.6)], colour,
            )  # fmt: skip
        drawing.axis.plot(gate_x, LANE_TEXT, "o", color=theme.text, markersize=4.5, zorder=4)


def _output(drawing: Drawing) -> None:
    theme = drawing.theme
    drawing.box(
        90.5,
        31.5,
        10.2,
        35,
        "Join A and B,\n\nthree\nRestormer\nblocks,\n\nsigmoid",
        theme.fused,
        9.5,
    )
    drawing.arrow((100.7, LANE_TEXT), (109.2, LANE_TEXT), theme.fused)
    drawing.write(104.8, LANE_TEXT + 2.9, "fused\nluminance", 9, theme.faint)
    height = drawing.picture(EXAMPLE / "fused.png", 109.4, LANE_TEXT - 7.4, 19.6, theme.fused)
    drawing.write(119.2, LANE_TEXT - 7.4 + height + 1.9, "Fused image", 11, theme.fused, "bold")
    drawing.path(
        [(10.5, 26.6), (10.5, 24.6), (119.2, 24.6), (119.2, LANE_TEXT - 7.6)], theme.source_b
    )
    drawing.write(108, 26.0, "colour of the visible image", 9, theme.source_b)


def _gate(drawing: Drawing) -> None:
    theme = drawing.theme
    drawing.box(3, 3, 126, 18.4)
    drawing.write(5, 19.0, "Inside a gate", 11, theme.ink, "bold", "left")
    steps = (
        (5, 21, "Features as 13 824 tokens\nof 256 values", theme.source_a, "keys and values"),
        (5, 21, "Words, each\n256 values", theme.text, "queries"),
    )
    for number, (left, width, text, colour, role) in enumerate(steps):
        low = 11.6 - 6.6 * number
        drawing.box(left, low, width, 5.0, text, colour, 9.5)
        drawing.arrow(
            (left + width, low + 2.5), (41, 10.4 + (1.2 if number == 0 else -1.2)), colour
        )
        drawing.write(33.8, low + (3.1 if number == 0 else 1.3), role, 9, theme.faint)
    drawing.box(41, 7.2, 15.5, 6.4, "Cross-attention\n8 heads", theme.text, 9.5)
    drawing.arrow((56.5, 10.4), (60.5, 10.4), theme.text)
    drawing.box(60.5, 7.2, 14.5, 6.4, "Mean over words,\nnormalised", theme.text, 9.5)
    drawing.arrow((75, 10.4), (79, 10.4), theme.text)
    drawing.box(79, 7.2, 12.5, 6.4, "256 factors", theme.text, 9.5)
    drawing.write(
        94.0, 10.4,
        "Value j of every token is multiplied by factor j;\n"
        "the result is added to the features and mixed\n"
        "with them. The factors are the same for all\n"
        "tokens: words can change contrast along\n"
        "stripes, but can't point at one object.",
        9.3, theme.ink, align="left",
    )  # fmt: skip


def draw(theme: Theme) -> plt.Figure:
    """Return the finished figure."""
    drawing = Drawing(theme)
    _inputs(drawing)
    _stages(drawing)
    _output(drawing)
    _gate(drawing)
    return drawing.figure


def main() -> int:
    """Write both versions; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs", help="folder to write to")
    folder = parser.parse_args().out
    if not (EXAMPLE / "fused.png").is_file():
        print("The example has no result yet: python -m examples.precompute", file=sys.stderr)
        return 2
    # fixed ids and no date, so that the same drawing gives the same file
    with plt.rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "film"}):
        for theme, suffix in ((LIGHT, ""), (DARK, "-dark")):
            figure = draw(theme)
            figure.savefig(folder / f"how-film-works{suffix}.svg", metadata={"Date": None})
            plt.close(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
