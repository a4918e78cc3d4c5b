"""The Q-Former behind the interface of the text encoders."""

import hashlib
import os
from pathlib import Path

import numpy as np

from film_core.errors import TextError
from film_core.text.encoding import EncodedText
from film_core.text.qformer.layout import QFormerConfig
from film_core.text.qformer.reading import QFormerWeights, read_qformer
from film_core.text.word_pieces import WordPieces

ENVIRONMENT = "FILM_QFORMER"
"""Environment variable that names the weights where no path is given."""


class QFormer:
    """Encodes descriptions as the published FILM does; see `film_core.text.encoding.Encoder`.

    Attributes:
        report: a sentence on which tensors of the file were used.
        fingerprint: tells these weights from others.
    """

    name = "qformer"

    def __init__(self, path: str | Path | None = None) -> None:
        """Read the weights and start Jittor if nobody has.

        Args:
            path: as for `read_qformer`; None reads the environment variable ``FILM_QFORMER``.

        Raises:
            TextError: no path at all, or a tokenizer that doesn't fit.
            CheckpointError: the weights can't be used.
            RuntimeStartError: Jittor can't start here.
        """
        path = path or os.environ.get(ENVIRONMENT)
        if not path:
            raise TextError(
                "text.qformer_path",
                "The encoder 'qformer' needs BLIP-2's weights, which are not part of this "
                "repository: give them with --qformer PATH or in the environment variable "
                "{variable} (docs/published-weights.md).",
                variable=ENVIRONMENT,
            )
        weights = read_qformer(path)
        self.config: QFormerConfig = weights.config
        self.width = weights.config.width
        self.report = weights.report
        last = weights.state[f"{weights.config.layers - 1}.narrow.weight"]
        self.fingerprint = hashlib.sha256(np.ascontiguousarray(last)).hexdigest()
        self._words = _tokenizer(weights)
        from film_core.runtime import start

        start()
        from film_core.text.qformer.network import TextBranch

        self._network = TextBranch(weights.config, weights.state)
        self._network.eval()

    def encode(self, text: str) -> EncodedText:
        """Return the last hidden states of `text`, [CLS] and [SEP] included.

        Raises:
            TextError: as `WordPieces.split`.
        """
        pieces = self._words.split(text)
        return EncodedText(pieces.tokens, self.features(pieces.ids), pieces.kept, pieces.cut)

    def features(self, ids: list[int]) -> np.ndarray:
        """Return (T, width) float32 of T word numbers, at most as many as there are positions."""
        import jittor as jt

        with jt.no_grad():
            return self._network(jt.array(np.asarray(ids, np.int32))).numpy()


def _tokenizer(weights: QFormerWeights) -> WordPieces:
    """Return the tokenizer beside the weights, else the built-in one of the same vocabulary."""
    config = weights.config
    beside = weights.files[0].parent / "tokenizer.json"
    if beside.is_file():
        words, where = WordPieces(beside, config.positions, None), str(beside)
    else:
        words, where = WordPieces(most_tokens=config.positions), "the built-in one"
    if len(words) > config.vocabulary:
        raise TextError(
            "text.vocabulary",
            "The Q-Former knows {known} word pieces and the tokenizer ({where}) makes {made}: put "
            "the tokenizer.json that belongs to the weights beside them.",
            known=config.vocabulary, where=where, made=len(words),
        )  # fmt: skip
    return words
