"""What is fuzzed: each target takes bytes and may raise nothing.

A reader may refuse its input with the error that it documents. Anything else that it raises, and
any answer that breaks a rule stated here, is a finding.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.fuzzing.grammar import value_of
from film_core.errors import CheckpointError, FilmError, ImageError

_MOST_PIXELS = 1 << 16


class BrokenRuleError(AssertionError):
    """A reader answered, but not as it promises."""


def image_header(data: bytes) -> None:
    """`film_core.images.headers`: a size of at least one pixel, or an ImageError of one line."""
    from film_core.images import read_header

    try:
        header = read_header(data, "x")
    except ImageError as error:
        _check_sentence(error)
        return
    if min(header.width, header.height) < 1:
        raise BrokenRuleError(f"{header}")


def image(data: bytes) -> None:
    """`film_core.images.read_image`: samples within the limits, or an ImageError of one line."""
    from film_core.images import ImageLimits, read_image

    try:
        source = read_image(data, "x", ImageLimits(max_pixels=_MOST_PIXELS))
    except ImageError as error:
        _check_sentence(error)
        return
    luminance = source.luminance
    if luminance.size > _MOST_PIXELS or not np.isfinite(luminance).all():
        raise BrokenRuleError("an image beyond the limits, or not finite")
    if luminance.min() < 0 or luminance.max() > 1 or luminance.dtype != np.float32:
        raise BrokenRuleError(f"luminance from {luminance.min()} to {luminance.max()}")


def checkpoint(data: bytes) -> None:
    """The readers behind `film_core.checkpoints.read_weights`: arrays, or a CheckpointError."""
    from film_core.checkpoints.load import _read_any

    with _file(data) as path, contextlib.suppress(CheckpointError):
        state, _ = _read_any(path)
        for array in state.values():
            if not isinstance(array, np.ndarray) or array.dtype != np.float32:
                raise BrokenRuleError(f"a {type(array)} among the tensors")


def card(data: bytes) -> None:
    """`film_core.checkpoints.card.read_card`: a card, or a CheckpointError."""
    from film_core.checkpoints.card import read_card

    with _file(data) as path, contextlib.suppress(CheckpointError):
        read_card(path)


def archive(data: bytes) -> None:
    """`film_core.batch.open_archive`: pairs whose files can be read, or a FilmError."""
    from film_core.batch import BatchLimits, open_archive
    from film_core.images import ImageLimits

    image = ImageLimits(max_bytes=1 << 20)
    limits = BatchLimits(max_archive_bytes=1 << 20, max_unpacked_bytes=1 << 24, image=image)
    with contextlib.suppress(FilmError):
        preview = open_archive(data, limits)
        for one in preview.unpaired:
            str(one)
        for pair in preview.pairs[:4]:
            if "/" in pair.name or pair.name.startswith("."):
                raise BrokenRuleError(f"a pair named {pair.name!r}")
            for item in (pair.a, pair.b):
                with contextlib.suppress(FilmError):
                    if len(item.read()) > limits.image.max_bytes:
                        raise BrokenRuleError("more unpacked than allowed")


def frame(data: bytes) -> None:
    """`demo.worker.codec.decode`: a message that encodes again, or a ValueError."""
    from demo.worker.codec import decode, encode

    with contextlib.suppress(ValueError):
        message = decode(data)
        if isinstance(message, dict):
            encode(message)


def request(data: bytes) -> None:
    """What the page parses of a browser's or program's JSON: nothing, or a FilmError.

    What is JSON is taken as it is; anything else is spelled by `grammar`.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = value_of(data)
    for parse in _request_parsers():
        with contextlib.suppress(FilmError):
            parse(value)


def _request_parsers() -> list[Callable]:
    from demo.actions import batching, exploring, sources, studying
    from demo.actions.events import choice_of
    from demo.desk import Desk, plain_name
    from demo.endpoints import _decoded
    from demo.gate import Gate
    from demo.language import preferred_language
    from demo.reproducing import read_fragment
    from demo.settings import Settings
    from demo.state import Look, Visit

    desk, visit = Desk(Settings()), Visit()
    gate = Gate(None)

    def study(value: object) -> None:
        what, _, rest = str(value).partition(":")
        studying._change(visit, desk, what, rest)

    def path(value: object) -> None:
        if gate._open(str(value)) and ".." in str(value):
            raise BrokenRuleError("a path upwards was let through")

    def name(value: object) -> None:
        plain = plain_name(value)
        if "/" in plain or "\\" in plain or not plain.isprintable() or len(plain) > 80:
            raise BrokenRuleError(f"a name {plain!r}")

    return [
        lambda value: sources.uploaded_file(SimpleNamespace(_data=value), desk),
        lambda value: batching._take(visit, desk, value if isinstance(value, dict) else {}),
        lambda value: choice_of(SimpleNamespace(_data=value)),
        lambda value: exploring.look_after(Look(), str(value)),
        lambda value: preferred_language(str(value)),
        lambda value: _decoded(value, "image_a", desk),
        lambda value: read_fragment(str(value)),
        study, path, name,
    ]  # fmt: skip


def _check_sentence(error: FilmError) -> None:
    sentence = str(error)
    if "\n" in sentence or len(sentence) > 500 or not sentence.endswith("."):
        raise BrokenRuleError(f"no sentence: {sentence!r}")


@contextlib.contextmanager
def _file(data: bytes):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "x.bin"
        path.write_bytes(data)
        yield path


TARGETS: dict[str, Callable[[bytes], None]] = {
    "image-header": image_header,
    "image": image,
    "checkpoint": checkpoint,
    "card": card,
    "archive": archive,
    "frame": frame,
    "request": request,
}


def replay(name: str, folder: Path) -> int:
    """Run a target over every file of a corpus folder; return how many there were.

    Raises:
        Exception: whatever the target lets through; that is a finding.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        TARGETS[name](path.read_bytes())
    return len(files)
