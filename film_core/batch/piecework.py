"""What a worker of a cluster does with one pair: read, skip what is done, fuse, write, tell.

Files never pass through the machine that hands out the work: a worker reads the pair and writes
picture and record itself, into a folder that all machines share. Both are written whole or not at
all, and a pair that is handed out twice is fused once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_core.batch.engine import Engine, Fused, Work
from film_core.batch.ledger import Ledger, key_of
from film_core.batch.limits import BatchError
from film_core.batch.pairing import Pair
from film_core.errors import FilmError

log = logging.getLogger(__name__)
MOST_TRIES = 4
_RUN = "run"  # entry of the facts: the run that fused the pair


@dataclass(frozen=True)
class Piece:
    """One pair and its texts, small enough to be sent anywhere; the files stay where they are."""

    pair: Pair
    text_a: str | None
    text_b: str | None


@dataclass(frozen=True)
class Told:
    """What a worker tells of a pair.

    Attributes:
        name: the pair's.
        state: "done" (in this run), "kept" (from an earlier one) or "failed".
        facts: as in `Fused`.
        error: (code, sentence, values), None where there is none.
    """

    name: str
    state: str
    facts: dict[str, Any]
    error: tuple[str, str, dict[str, Any]] | None = None


class Pieceworker:
    """Made once in each worker process, so that weights are loaded once.

    Args:
        make_engine: makes what fuses; called here, in the worker.
        folder: for the results.
        run: names this run; what an earlier worker of it has done counts as done, not as kept.
    """

    def __init__(self, make_engine: Callable[[], Engine], folder: Path, run: str) -> None:
        self._engine = make_engine()
        self._ledger = Ledger(folder)
        self._run = run

    def do(self, piece: Piece) -> Told:
        """Return what became of one pair; whatever goes wrong is told, not raised.

        Raises:
            OutputError: the results can't be written, such as on a full disk.
        """
        pair = piece.pair
        try:
            work = Work(pair, pair.a.read(), pair.b.read(), piece.text_a, piece.text_b)
        except FilmError as error:
            return _failed(pair, error)
        key = key_of(work, self._engine.settings)
        facts = self._ledger.find(key, pair.name)
        if facts is not None:
            state = "done" if facts.pop(_RUN, None) == self._run else "kept"
            self._ledger.forget_tries(pair.name)
            return Told(pair.name, state, facts)
        if self._ledger.count_try(pair.name, self._run) > MOST_TRIES:
            return _failed(
                pair,
                BatchError(
                    "batch.deadly",
                    "'{name}' was tried {count} times and its worker died each time: look at its "
                    "files.",
                    name=pair.name, count=MOST_TRIES,
                ),
            )  # fmt: skip
        fused = self._fused(work)
        if fused.error is not None:
            self._ledger.forget_tries(pair.name)
            return _failed(pair, fused.error)
        self._ledger.keep(key, Fused(pair, fused.png, {**fused.facts, _RUN: self._run}))
        self._ledger.forget_tries(pair.name)
        return Told(pair.name, "done", fused.facts)

    def _fused(self, work: Work) -> Fused:
        try:
            (fused,) = self._engine.run([work], lambda: False)
        except Exception as fault:  # a fault of ours costs this pair, not the million others
            log.exception("fusing %s", work.pair.name)
            fused = Fused(
                work.pair, b"", {},
                BatchError(
                    "batch.fault",
                    "Something in FILM Studio itself went wrong ({kind}): the worker's log says "
                    "what.",
                    kind=type(fault).__name__,
                ),
            )  # fmt: skip
        return fused


def _failed(pair: Pair, error: FilmError) -> Told:
    return Told(pair.name, "failed", {}, (error.code, error.sentence, dict(error.values)))
