"""Letters of drawn figures: matplotlib draws an empty box for one that its fonts don't have."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

_OWN = "DejaVu Sans"  # comes with matplotlib
_CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei",
    "PingFang SC", "Hiragino Sans GB", "Heiti SC", "Noto Sans CJK JP", "Arial Unicode MS",
)  # fmt: skip


@cache
def families() -> tuple[str, ...]:
    """Return the fonts that letters are looked for in: matplotlib's, and installed Chinese ones."""
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    return (_OWN, *(name for name in _CHINESE if name in installed))


def missing(text: str) -> set[str]:
    """Return the letters of `text` that none of our fonts has."""
    fonts = [_font(name) for name in families()]
    letters = set(text) - {"\n"}
    return {c for c in letters if not any(font.get_char_index(ord(c)) for font in fonts)}


def drawable(text: str) -> str:
    """Return `text` with a question mark for every letter that none of our fonts has."""
    return text.translate({ord(letter): "?" for letter in missing(text)})


def most_drawable(sayings: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the one whose texts lack the fewest letters; the first of equals."""
    return min(sayings, key=lambda texts: len(missing("".join(texts))))


def letter(figure: "Figure") -> None:
    """Have every text of `figure` take each letter from the first of our fonts that has it."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontfamily(list(families()))


def _font(family: str) -> "FT2Font":
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(family=[family]), fallback_to_default=False))
