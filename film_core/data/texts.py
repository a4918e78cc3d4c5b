"""Where a pair's text features come from: a file of features, a file of text, or a describer."""

import re
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from film_core.data.pairs import DataError, PairList
from film_core.images import PairedSources


@dataclass(frozen=True)
class PairText:
    """Text features of a pair.

    Attributes:
        features: (1, T, width) float32, A's tokens first.
        tokens_a: how many of the T tokens are A's; 0 where that is not known.
        text_a, text_b: the descriptions; "" where only features were given.
        origin: "features", "text" or the describer's name.
    """

    features: np.ndarray
    tokens_a: int
    text_a: str
    text_b: str
    origin: str


class TextSource:
    """Finds or makes the text of each pair of a list.

    Looked for in this order below the layout's root, as published:
    ``TextFeature/<task>/<data set>/<name>.npy`` (1, T, width);
    ``Text/<task>/<data set>/<name>.txt`` with one paragraph for A and one for B, separated by an
    empty line, or the files ``<name>_A.txt`` and ``<name>_B.txt``; then the describer.

    Args:
        listed: the pairs.
        encoder: has `name`, `width` and `encode(text)`.
        describer: has `name` and `describe(image, other, task, source)`; None to insist on files.
    """

    def __init__(self, listed: PairList, encoder, describer) -> None:
        self.listed, self.encoder, self.describer = listed, encoder, describer

    def files(self, name: str) -> list[Path]:
        """Return the files that the text of the pair called `name` is looked for in."""
        root = self.listed.root
        if root is None:
            return []
        below = Path(self.listed.task.name.upper()) / self.listed.dataset
        written = [root / "Text" / below / f"{name}{part}.txt" for part in ("", "_A", "_B")]
        return [root / "TextFeature" / below / f"{name}.npy", *written]

    def of(self, name: str, pair: PairedSources) -> PairText:
        """Return the text of the pair called `name`.

        Raises:
            DataError: a feature file of wrong shape or width, an unreadable text file, or no text
                at all.
        """
        root, task = self.listed.root, self.listed.task
        below = Path(task.name.upper()) / self.listed.dataset
        if root is not None:
            features = root / "TextFeature" / below / f"{name}.npy"
            if features.is_file():
                return PairText(self._features(features), 0, "", "", "features")
            written = read_written(root / "Text" / below, name)
            if written is not None:
                return self._encoded(*written, "text")
        if self.describer is None:
            raise DataError(
                "data.no_text",
                "The pair '{name}' has no text below TextFeature or Text; choose a describer.",
                name=name,
            )
        text_a = self.describer.describe(pair.a, pair.b, task, "a").text
        text_b = self.describer.describe(pair.b, pair.a, task, "b").text
        return self._encoded(text_a, text_b, self.describer.name)

    def _encoded(self, text_a: str, text_b: str, origin: str) -> PairText:
        a, b = self.encoder.encode(text_a).features, self.encoder.encode(text_b).features
        features = np.concatenate([a, b])[None].astype(np.float32)
        return PairText(features, len(a), text_a, text_b, origin)

    def _features(self, path: Path) -> np.ndarray:
        try:
            features = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise DataError(
                "data.bad_features",
                "The text features '{path}' can't be read ({reason}).",
                path=str(path), reason=str(error)[:120],
            ) from None  # fmt: skip
        if features.ndim == 2:
            features = features[None]
        width = self.encoder.width
        if features.ndim != 3 or features.shape[0] != 1 or features.shape[2] != width:
            raise DataError(
                "data.feature_shape",
                "The text features '{path}' have shape {shape}; the encoder '{encoder}' gives "
                "(1, tokens, {width}): choose the encoder that made them.",
                path=str(path), shape=features.shape, encoder=self.encoder.name, width=width,
            )  # fmt: skip
        return np.ascontiguousarray(features, np.float32)


def read_written(folder: Path, name: str) -> tuple[str, str] | None:
    """Return the texts on A and B that `folder` holds for the pair `name`, None where it has none.

    Raises:
        DataError: a file that can't be read, or doesn't have two paragraphs.
    """
    apart = [folder / f"{name}_{side}.txt" for side in "AB"]
    together = folder / f"{name}.txt"
    try:
        if all(path.is_file() for path in apart):
            return tuple(path.read_text(encoding="utf-8-sig").strip() for path in apart)
        if not together.is_file():
            return None
        text = together.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "data.bad_text", "The text of '{name}' can't be read ({reason}).",
            name=name, reason=str(error)[:120],
        ) from None  # fmt: skip
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(parts) == 2:
        return parts[0], parts[1]
    raise DataError(
        "data.text_parts",
        "'{path}' has {count} paragraphs; write one on A and one on B with an empty line "
        "between them.",
        path=str(together), count=len(parts),
    )  # fmt: skip
