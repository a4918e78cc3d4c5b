"""Visitors that know what they should be answered, and notice when they are answered otherwise."""

import base64
import contextlib
import io
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
import numpy as np
from PIL import Image

from benchmarks.calls import Caller, RefusedError
from film_core.images import encode_png

KINDS = ("describe", "metrics", "fuse", "cancel", "disconnect")
LIGHT = ("describe", "metrics")
_WEIGHTS = (30, 30, 25, 8, 7)
_TOLERANCE = 8.0  # grey levels by which another text may move a picture; pairs lie 30 apart


@dataclass
class Pair:
    """A pair and what the page answers for it when nobody else is there."""

    a: str
    b: str
    texts: dict
    metrics: dict
    picture: np.ndarray


@dataclass
class Seen:
    """What one visitor or all of them saw.

    Attributes:
        counts: (kind, outcome) -> how often; outcomes are "answer", "sentence", "left".
        seconds: durations of answered calls by kind.
        sentences: what was said, and how often.
        wrong, lost: descriptions of answers that were another's, or never came.
    """

    counts: Counter = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    sentences: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def add(self, other: "Seen") -> None:
        """Take in what another visitor saw."""
        self.counts += other.counts
        self.sentences += other.sentences
        self.wrong += other.wrong
        self.lost += other.lost
        for kind in KINDS:
            self.seconds[kind] += other.seconds[kind]


def make_pairs(caller: Caller, count: int = 6) -> list[Pair]:
    """Return `count` pairs that can be told from each other, with their right answers."""
    return [_known(caller, level) for level in range(40, 40 + 30 * count, 30)]


def _known(caller: Caller, level: int) -> Pair:
    draw = np.random.default_rng(level)
    noise = draw.integers(-8, 9, (40, 56))
    a, b = (
        base64.b64encode(encode_png((level + sign * noise).clip(0, 255).astype(np.uint8))).decode()
        for sign in (1, -1)
    )
    texts = caller.call("describe", a, b, "ivf")
    fused = caller.call("fuse", a, b, "ivf", "mine", "also mine", "film", "")
    return Pair(a, b, texts, caller.call("metrics", a, a, b, "raw"), _pixels(fused["image"]))


def visit(address: str, number: int, pairs: list[Pair], until: float, pause: float) -> Seen:
    """Be visitor `number` until the monotonic time `until`.

    Args:
        pause: mean seconds between an answer and the next question.
    """
    draw, seen = random.Random(number), Seen()
    # An address of its own, as visitors have, so that the line is fair between them.
    caller = Caller(address, local=f"127.0.1.{number + 1}")
    time.sleep(draw.uniform(0, pause))
    turn = 0
    while time.monotonic() < until:
        turn += 1
        kind = draw.choices(KINDS, _WEIGHTS)[0]
        begun = time.monotonic()
        what = f"visitor {number}, question {turn}, {kind}"
        try:
            _ask(caller, kind, draw.choice(pairs), f"visitor {number} asks {turn}", seen, what)
        except RefusedError as refused:
            sentence = str(refused)
            seen.counts[kind, "sentence"] += 1
            seen.sentences[sentence[:160]] += 1
            if not sentence.endswith(".") or "\n" in sentence or "went wrong" in sentence:
                seen.wrong.append(f"{what}: {sentence[:300]!r} is no sentence of ours")
        except (httpx.HTTPError, EOFError) as failure:
            seen.lost.append(f"{what}: {failure!r} after {time.monotonic() - begun:.1f} s")
        else:
            seen.seconds[kind].append(time.monotonic() - begun)
        time.sleep(draw.expovariate(1 / pause) if pause else 0)
    caller.close()
    return seen


def _ask(caller: Caller, kind: str, pair: Pair, text: str, seen: Seen, what: str) -> None:
    if kind == "describe":
        right = caller.call("describe", pair.a, pair.b, "ivf") == pair.texts
    elif kind == "metrics":
        right = caller.call("metrics", pair.a, pair.a, pair.b, "raw") == pair.metrics
    elif kind == "fuse":
        reply = caller.call("fuse", pair.a, pair.b, "ivf", text, "mine", "film", "")
        off = np.abs(_pixels(reply["image"]) - pair.picture).max()
        right = reply["text_a"] == text and off <= _TOLERANCE
    else:
        _leave(caller, kind, pair, text)
        seen.counts[kind, "left"] += 1
        return
    seen.counts[kind, "answer"] += 1
    if not right:
        seen.wrong.append(f"{what}: the answer isn't this visitor's")


def _leave(caller: Caller, kind: str, pair: Pair, text: str) -> None:
    """Go away in mid-answer: at once, or once the fusion has begun."""
    stream = caller.stream("fuse", pair.a, pair.b, "ivf", text, "left", "film", "")
    with contextlib.closing(stream):
        for message in stream:
            if kind == "disconnect" or message["msg"] in ("process_starts", "process_completed"):
                return


def _pixels(address: str) -> np.ndarray:
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float32)
