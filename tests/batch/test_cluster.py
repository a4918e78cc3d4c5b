"""Batches on a cluster: two nodes on this machine, one of them lost in the middle."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from film_core.batch import BatchLimits, Fused, Ledger, pairs_of_folders
from film_core.batch.piecework import MOST_TRIES, Piece, Pieceworker
from film_core.images import encode_png


class Counting:
    """Fuses by taking the mean, slowly, and notes every fusion in a file of its own."""

    settings = "mean"

    def __init__(self, notes: Path, seconds: float = 0.0) -> None:
        self.notes, self.seconds = notes, seconds
        (notes / f"made-{os.getpid()}").touch()

    def run(self, work, cancelled):
        from film_core.images import read_image

        for piece in work:
            if piece.pair.name == "deadly":
                os._exit(9)
            a, b = (read_image(content) for content in (piece.content_a, piece.content_b))
            time.sleep(self.seconds)
            with (self.notes / piece.pair.name).open("a") as note:
                note.write("x")
            fused = np.rint(127.5 * (a.luminance + b.luminance)).astype(np.uint8)
            yield Fused(piece.pair, encode_png(fused), {"text_a": piece.text_a})


@pytest.fixture
def folders(tmp_path):
    for side in "ab":
        (tmp_path / side).mkdir()
        for number in range(24):
            picture = encode_png(np.full((16, 16), 10 * number, np.uint8))
            (tmp_path / side / f"{number:02}.png").write_bytes(picture)
    (tmp_path / "b" / "05.png").write_bytes(b"not an image")
    (tmp_path / "notes").mkdir()
    return tmp_path


def pairs_in(folders):
    return pairs_of_folders(folders / "a", folders / "b").pairs


def test_a_piece_is_fused_once_and_told_by_whose_run(folders):
    pairs = pairs_in(folders)
    first = Pieceworker(lambda: Counting(folders / "notes"), folders / "out", "run 1")
    again = Pieceworker(lambda: Counting(folders / "notes"), folders / "out", "run 2")
    piece = Piece(pairs[0], "A.", None)
    assert [w.do(piece).state for w in (first, first, again)] == ["done", "done", "kept"]
    assert first.do(piece).facts == again.do(piece).facts == {"text_a": "A."}
    assert (folders / "notes" / "00").read_text() == "x"
    other = again.do(Piece(pairs[0], "Another.", None))
    assert other.state == "done" and (folders / "notes" / "00").read_text() == "xx"


def test_a_piece_that_can_not_be_read_or_fused_is_told(folders):
    pairs = pairs_in(folders)
    worker = Pieceworker(lambda: Counting(folders / "notes"), folders / "out", "run")
    assert worker.do(Piece(pairs[5], None, None)).error[0] == "batch.fault"  # not a FilmError's way
    (folders / "a" / "06.png").unlink()
    told = worker.do(Piece(pairs[6], None, None))
    assert told.state == "failed" and told.error[0] == "image.unreadable"


def test_a_pair_that_kills_its_workers_is_given_up(folders):
    pair = pairs_in(folders)[3]
    worker = Pieceworker(lambda: Counting(folders / "notes"), folders / "out", "run")
    for _ in range(MOST_TRIES):  # as a worker does that dies before it comes to an end
        Ledger(folders / "out").count_try(pair.name, "run")
    told = worker.do(Piece(pair, None, None))
    assert told.error[0] == "batch.deadly" and str(MOST_TRIES) in str(told.error[2])
    fresh = Pieceworker(lambda: Counting(folders / "notes"), folders / "out", "another run")
    assert fresh.do(Piece(pair, None, None)).state == "done"


@pytest.fixture
def two_nodes():
    ray = pytest.importorskip("ray", reason="needs Ray (requirements-ray.txt)")
    from ray.cluster_utils import Cluster

    # Ray's workers don't have the tests on their path.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # at 15, a busy machine never starts them
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False},
    )
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False, include_dashboard=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
def test_a_node_lost_in_mid_run_loses_nothing_and_repeats_nothing(two_nodes, folders):
    from film_core.batch.cluster import run_on_cluster

    cluster, nodes = two_nodes
    notes, told, lost = folders / "notes", [], threading.Event()

    def lose_a_node() -> None:
        cluster.remove_node(nodes[1], allow_graceful=False)
        lost.set()

    killer = threading.Thread(target=lose_a_node)

    def tell(outcome, number, count) -> None:
        told.append(outcome.pair.name)
        # Both nodes have their worker, and each has come to an end of something.
        if number >= 5 and len(list(notes.glob("made-*"))) == 2 and not killer.ident:
            killer.start()

    pairs = pairs_in(folders)
    batch = run_on_cluster(
        lambda: Counting(notes, 0.3), pairs, folders / "out", texts={"07": ("Seven.", None)},
        limits=BatchLimits(), on_outcome=tell, threads=1,
    )  # fmt: skip
    killer.join(60)
    assert lost.is_set()
    assert sorted(told) == sorted(pair.name for pair in pairs), "a pair was lost or told twice"
    assert batch.complete and batch.count("failed") == 1
    assert batch.outcomes[5].error.code == "batch.fault"
    assert batch.outcomes[7].facts["text_a"] == "Seven."
    assert batch.count("done") == len(pairs) - 1
    records = {path.stem for path in (folders / "out" / "records").iterdir()}
    pictures = {path.stem for path in (folders / "out" / "images").iterdir()}
    assert records == pictures == {pair.name for pair in pairs} - {"05"}

    again = run_on_cluster(lambda: Counting(notes), pairs[:6], folders / "out", threads=1)
    assert again.count("kept") == 5
    for pair in pairs[:4]:
        record = json.loads((folders / "out" / "records" / f"{pair.name}.json").read_text())
        assert record["facts"]["text_a"] is None
