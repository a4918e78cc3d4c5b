"""Cuts a description into BERT's word pieces, each with its place in the text.

The vocabulary is that of bert-base-uncased, which MiniLM and BLIP-2's Q-Former share. A text that
is too long is cut at a whole sentence where possible, never in silence.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from film_core.errors import TextError
from film_core.text.characters import check_characters
from film_core.text.cutting import cut_point
from film_core.text.encoding import Token
from film_core.weights_folder import weights_folder

TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
TOKENIZER_FOLDER = weights_folder() / "text" / "minilm"

_READ_CHARACTERS = 20_000  # 510 word pieces of any natural text are far shorter
_MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Pieces:
    """The word pieces of one description.

    Attributes:
        ids: T numbers in the vocabulary, those of [CLS] and [SEP] included.
        tokens: the same T as text, with their places.
        kept, cut: the part that fits and the rest; `kept + cut` is the description.
    """

    ids: list[int]
    tokens: tuple[Token, ...]
    kept: str
    cut: str


class WordPieces:
    """A tokenizer for texts of at most `most_tokens`, the two special tokens included."""

    def __init__(
        self,
        file: Path = TOKENIZER_FOLDER / "tokenizer.json",
        most_tokens: int = 512,
        sha256: str | None = TOKENIZER_SHA256,
    ) -> None:
        """Read a `tokenizer.json`.

        Args:
            file: the tokenizer.
            most_tokens: what the encoder has positions for.
            sha256: what the file must be; None accepts any tokenizer.

        Raises:
            TextError: the file is missing, changed, or no tokenizer.
        """
        if sha256 is not None:
            check_file(file, sha256, "tokenizer", "restore it from the repository")
        self.most_tokens = most_tokens
        self._tokenizer = _read(file)

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def split(self, text: str) -> Pieces:
        """Return the pieces of `text`; an empty one has the two special tokens alone.

        Raises:
            TextError: not text, half a surrogate pair in it, or more than a million characters.
        """
        _check(text)
        kept = self._kept(text)
        encoding = self._tokenizer.encode(kept)
        spans = [*encoding.offsets[:-1], (len(kept), len(kept))]
        tokens = tuple(
            Token(piece, start, end)
            for piece, (start, end) in zip(encoding.tokens, spans, strict=True)
        )
        return Pieces(encoding.ids, tokens, kept, text[len(kept) :])

    def _kept(self, text: str) -> str:
        """Return the beginning of `text` that fits."""
        room = self.most_tokens - 2
        kept, limit = text, min(len(text), _READ_CHARACTERS)
        while True:
            read = kept[:limit]
            spans = self._tokenizer.encode(read, add_special_tokens=False).offsets
            if len(spans) > room:
                limit = spans[room][0]  # where the first piece without room begins
            elif limit == len(kept):
                return kept
            kept = kept[: cut_point(kept, limit)]
            # Tokenised once more: a word that was cut may fall into other pieces.
            limit = len(kept)


def check_file(file: Path, sha256: str, what: str, remedy: str) -> None:
    """Raise TextError unless `file` can be read and has this SHA-256."""
    try:
        with open(file, "rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as failure:
        raise TextError(
            "text.file_missing",
            "The text encoder's {what} '{file}' can't be read ({reason}): {remedy}.",
            what=what, file=str(file), reason=failure.strerror, remedy=remedy,
        ) from None  # fmt: skip
    if found != sha256:
        raise TextError(
            "text.file_changed",
            "The text encoder's {what} '{file}' isn't the expected one (SHA-256 {found} instead "
            "of {expected}): {remedy}.",
            what=what, file=str(file), found=found[:12], expected=sha256[:12], remedy=remedy,
        )  # fmt: skip


def _check(text: str) -> None:
    if not isinstance(text, str):
        raise TextError(
            "text.not_text", "A description must be text, not {kind}.", kind=type(text).__name__
        )
    if len(text) > _MOST_CHARACTERS:
        raise TextError(
            "text.too_long",
            "The description has {count} characters; at most {limit} are read, and about 2,000 "
            "count: shorten it.",
            count=len(text), limit=_MOST_CHARACTERS,
        )  # fmt: skip
    check_characters(text)


def _read(file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as failure:  # the only kind that the tokenizers package raises
        raise TextError(
            "text.not_a_tokenizer",
            "'{file}' is not a tokenizer ({reason}): fetch it again, or remove it from the folder "
            "to use the built-in one.",
            file=str(file), reason=str(failure)[:120],
        ) from None  # fmt: skip
    # The file may ask for 128 tokens, cut or padded; FILM wants what there is.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
