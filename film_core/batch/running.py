"""Runs a batch: skips what is done, fuses the rest, writes each result at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from film_core.batch.engine import Engine, Fused, Work
from film_core.batch.ledger import Ledger, key_of
from film_core.batch.limits import BatchLimits
from film_core.batch.pairing import Pair
from film_core.batch.texts import Texts, texts_of
from film_core.errors import FilmError
from film_core.runtime import Progress

STATES = {
    "done": "fused now",
    "kept": "fused in an earlier run from the same files, texts and weights",
    "failed": "can't be fused",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one pair.

    Attributes:
        pair: which one.
        state: as in `STATES`.
        image: the picture's file, None where it failed.
        facts: as in `Fused`; {} where it failed.
        error: what went wrong, or None.
    """

    pair: Pair
    state: str
    image: Path | None
    facts: dict[str, Any]
    error: FilmError | None = None


@dataclass(frozen=True)
class Batch:
    """All outcomes in the order of the pairs.

    Attributes:
        outcomes: of the pairs that were reached; fewer than `planned` if it was cancelled.
        planned: how many pairs there are.
        folder: where the results lie.
    """

    outcomes: list[Outcome]
    planned: int
    folder: Path

    @property
    def complete(self) -> bool:
        """Whether every pair was reached."""
        return len(self.outcomes) == self.planned

    def count(self, state: str) -> int:
        """Return how many outcomes are in `state`."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass
class _Run:
    """What is known of the pairs while they are worked on."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


def run_batch(
    engine: Engine,
    pairs: list[Pair],
    folder: str | Path,
    text_a: str | None = None,
    text_b: str | None = None,
    texts: Texts | None = None,
    limits: BatchLimits | None = None,
    on_outcome: Callable[[Outcome, int, int], None] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Batch:
    """Fuse all pairs into `folder`; a pair that can't be fused doesn't stop the others.

    Args:
        engine: who fuses.
        pairs: as found by `pairs_of_folders` or `open_archive`.
        folder: for the results; results of an earlier run there are kept where nothing they depend
            on has changed.
        text_a, text_b: descriptions for all pairs; None lets the describer write them.
        texts: descriptions by pair name, which go before those for all.
        limits: what is accepted.
        on_outcome: given each outcome as it comes, how many there are now, and how many pairs.
        progress: told of pairs, ``("batch", share, name)``.
        cancelled: asked all the time; True ends the batch, with the outcomes so far.

    Raises:
        BatchError: no pairs, or too many.
        OutputError: the folder can't be written, such as on a full disk; what is done stays.
    """
    (limits or BatchLimits()).check_pairs(len(pairs))
    ledger, run = Ledger(folder), _Run()
    report = progress or (lambda stage, done, detail: None)
    stopped = cancelled or (lambda: False)

    def tell(outcome: Outcome) -> None:
        run.outcomes[outcome.pair.name] = outcome
        if on_outcome is not None:
            on_outcome(outcome, len(run.outcomes), len(pairs))
        report("batch", len(run.outcomes) / len(pairs), outcome.pair.name)

    def undone() -> Iterator[Work]:
        """Yield what has to be fused; what hasn't, or can't be read, is told of on the way."""
        for pair in pairs:
            if stopped():
                return
            given = texts_of(texts, pair.name, text_a, text_b)
            try:
                work = Work(pair, pair.a.read(), pair.b.read(), *given)
            except FilmError as error:
                tell(Outcome(pair, "failed", None, {}, error))
                continue
            key = key_of(work, engine.settings)
            facts = ledger.find(key, pair.name)
            if facts is not None:
                tell(Outcome(pair, "kept", ledger.image(pair.name), facts))
                continue
            run.keys[pair.name] = key
            yield work

    report("batch", 0.0, "")
    for fused in engine.run(undone(), stopped):
        tell(_written(fused, run.keys[fused.pair.name], ledger))
    ordered = [run.outcomes[pair.name] for pair in pairs if pair.name in run.outcomes]
    return Batch(ordered, len(pairs), ledger.folder)


def _written(fused: Fused, key: str, ledger: Ledger) -> Outcome:
    if fused.error is not None:
        return Outcome(fused.pair, "failed", None, {}, fused.error)
    ledger.keep(key, fused)
    return Outcome(fused.pair, "done", ledger.image(fused.pair.name), fused.facts)
