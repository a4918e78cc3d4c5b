"""A batch over a cluster, by Ray Data: every machine's workers load the weights once.

Ray hands pairs out, moves them to another machine when one is lost, and brings back what became of
each. What makes that safe is in `piecework`: results are whole or absent, and nothing is fused
twice. The folder for the results and the pairs' files have to lie where every machine sees them.
"""

import os
import pickle
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from film_core.batch.engine import Engine
from film_core.batch.ledger import Ledger
from film_core.batch.limits import BatchError, BatchLimits
from film_core.batch.pairing import Pair
from film_core.batch.piecework import Piece, Pieceworker, Told
from film_core.batch.running import Batch, Outcome
from film_core.batch.texts import Texts, texts_of
from film_core.errors import FilmError


def run_on_cluster(
    make_engine: Callable[[], Engine],
    pairs: list[Pair],
    folder: str | Path,
    text_a: str | None = None,
    text_b: str | None = None,
    texts: Texts | None = None,
    limits: BatchLimits | None = None,
    on_outcome: Callable[[Outcome, int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    threads: int = 2,
    workers: int | None = None,
    address: str | None = None,
) -> Batch:
    """Fuse all pairs into `folder` on a Ray cluster; otherwise as `running.run_batch`.

    Args:
        make_engine: makes what fuses, in each worker; sent there by cloudpickle.
        pairs, folder, text_a, text_b, texts, limits, on_outcome, cancelled: as in `run_batch`.
        threads: cores that one worker uses.
        workers: how many there may be at most; None for as many as the cluster has cores for.
        address: of the cluster; None for the one that this process is connected to, else that of
            ``RAY_ADDRESS``, else this machine alone.

    Raises:
        BatchError: no pairs, too many, Ray isn't installed, or the cluster can't be reached.
        OutputError: the folder can't be written.
    """
    (limits or BatchLimits()).check_pairs(len(pairs))
    ray = _connect(address)
    folder = Ledger(folder).folder.absolute()
    stopped = cancelled or (lambda: False)
    by_name = {pair.name: pair for pair in pairs}
    outcomes: dict[str, Outcome] = {}
    pieces = [Piece(pair, *texts_of(texts, pair.name, text_a, text_b)) for pair in pairs]
    for told in _stream(ray, pieces, (make_engine, folder, secrets.token_hex(8)), threads, workers):
        outcome = _outcome(told, by_name[told.name], folder)
        if told.name not in outcomes:
            outcomes[told.name] = outcome
            if on_outcome is not None:
                on_outcome(outcome, len(outcomes), len(pairs))
        if stopped():
            break
    ordered = [outcomes[pair.name] for pair in pairs if pair.name in outcomes]
    return Batch(ordered, len(pairs), folder)


def _connect(address: str | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    os.environ.setdefault("RAY_worker_niceness", "0")  # fusing is what the machine is there for
    try:
        import ray
    except ImportError:
        raise BatchError(
            "batch.no_ray",
            "Ray isn't installed, which the engine 'ray' needs: "
            "pip install -r requirements-ray.txt.",
        ) from None
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError) as failure:
            raise BatchError(
                "batch.no_cluster",
                "The Ray cluster {address} can't be reached ({reason}): check its address, or "
                "leave it away to use this machine.",
                address=str(address), reason=" ".join(str(failure).split())[:200],
            ) from None  # fmt: skip
    return ray


def _stream(
    ray: Any, pieces: list[Piece], given: tuple, threads: int, workers: int | None
) -> Iterator[Told]:
    """Yield what becomes of each piece as it comes; leaving early ends the workers."""
    from ray import cloudpickle

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    rows = [{"piece": cloudpickle.dumps(piece)} for piece in pieces]
    # A worker can't span machines, so what fits is counted machine by machine.
    cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    fitting = max(1, sum(count // threads for count in cores))
    # A block is the unit that is lost and done again; small ones also keep all machines busy.
    blocks = max(1, min(len(rows), 10_000))
    told = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        _Actor,
        batch_size=1,
        batch_format="numpy",
        fn_constructor_args=(cloudpickle.dumps(given),),
        num_cpus=threads,
        compute=ray.data.ActorPoolStrategy(size=min(workers or fitting, len(rows))),
    )
    for row in told.iter_rows():
        yield pickle.loads(row["told"])  # our own workers wrote it


class _Actor:
    """A `Pieceworker` in the clothes that Ray Data wants."""

    def __init__(self, given: bytes) -> None:
        from ray import cloudpickle

        self._worker = Pieceworker(*cloudpickle.loads(given))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        from ray import cloudpickle

        pieces = [cloudpickle.loads(piece) for piece in batch["piece"]]
        return {"told": [pickle.dumps(self._worker.do(piece)) for piece in pieces]}


def _outcome(told: Told, pair: Pair, folder: Path) -> Outcome:
    if told.error is not None:
        code, sentence, values = told.error
        return Outcome(pair, "failed", None, {}, FilmError(code, sentence, **values))
    return Outcome(pair, told.state, folder / "images" / f"{pair.name}.png", told.facts)
