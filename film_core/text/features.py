"""Text features from a file, as the published `TextFeature` folders hold them."""

from pathlib import Path

import numpy as np

from film_core.errors import TextError
from film_core.text.encoding import EncodedPair, EncodedText, Token

MOST_TOKENS = 4096
_MOST_BYTES = 64 * 2**20


def read_features(path: str | Path, width: int | None = None) -> EncodedPair:
    """Return the features in a .npy file of shape (1, T, width) or (T, width).

    Such a file holds both descriptions' tokens in one row, and no words: the tokens are numbered,
    and all belong to A.

    Args:
        path: the file.
        width: features that a token must have; None takes any.

    Raises:
        TextError: no such file, no array of numbers, another shape, NaN or infinity.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES // 2**20} MiB")
        with open(path, "rb") as file:
            features = np.lib.format.read_array(file, allow_pickle=False)
        if features.dtype.kind not in "fiu":
            raise ValueError("it holds no array of numbers")
    except (OSError, ValueError, EOFError, MemoryError) as failure:
        # MemoryError: a header may claim any size.
        raise TextError(
            "text.features",
            "The text features '{path}' can't be read ({reason}).",
            path=str(path), reason=str(getattr(failure, "strerror", None) or failure)[:120],
        ) from None  # fmt: skip
    if features.ndim == 3 and len(features) == 1:
        features = features[0]
    fits = features.ndim == 2 and width in (None, features.shape[1])
    if not fits or not 1 <= len(features) <= MOST_TOKENS:
        raise TextError(
            "text.features_shape",
            "The text features '{path}' have shape {shape}; (1, tokens, {width}) is needed, with "
            "at most {most} tokens: use those of the encoder that the weights were trained with.",
            path=str(path), shape=str(features.shape), width=width or "features", most=MOST_TOKENS,
        )  # fmt: skip
    with np.errstate(over="ignore"):  # what float32 can't hold becomes infinity
        features = np.ascontiguousarray(features, np.float32)
    if not np.isfinite(features).all():
        raise TextError(
            "text.features_values",
            "The text features '{path}' hold NaN or infinity: make them again.",
            path=str(path),
        )
    tokens = tuple(Token(f"#{index + 1}", 0, 0) for index in range(len(features)))
    none = EncodedText((), features[:0], "")
    return EncodedPair(EncodedText(tokens, features, ""), none, features)


class FeaturesOnly:
    """Stands where an encoder would for whoever has features from files and no encoder.

    It matches any weights (see `film_core.fusion`) and encodes nothing.
    """

    def __init__(self, name: str = "features", width: int = 0) -> None:
        """Take the name and width of the encoder that it stands for."""
        self.name = name
        self.width = width

    def encode(self, text: str) -> EncodedText:
        """Raise TextError: there is nothing to encode with."""
        raise TextError(
            "text.features_only",
            "This fuser was loaded for features from files; load the encoder {name} to use texts.",
            name=self.name,
        )
