"""Many pairs in one go: find them, show what belongs to what, fuse, and keep what is done.

    from film_core.batch import LocalEngine, pairs_of_folders, run_batch

    preview = pairs_of_folders("photos/infrared", "photos/visible")
    engine = LocalEngine(fuser, "ivf")
    batch = run_batch(engine, preview.pairs, "results")

Everything that belongs to one pair is written whole or not at all, so a batch can be stopped by
any means and carries on when it is started again.
"""

from film_core.batch.archive import open_archive
from film_core.batch.engine import ENGINES, Engine, Fused, LocalEngine
from film_core.batch.folders import pairs_of_folders
from film_core.batch.ledger import Ledger
from film_core.batch.limits import BatchLimits
from film_core.batch.listing import pairs_of_list
from film_core.batch.pairing import Item, Pair, Preview, Unpaired, match
from film_core.batch.report import write_report
from film_core.batch.running import Batch, Outcome, run_batch
from film_core.batch.texts import read_texts

__all__ = [
    "ENGINES",
    "Batch",
    "BatchLimits",
    "Engine",
    "Fused",
    "Item",
    "Ledger",
    "LocalEngine",
    "Outcome",
    "Pair",
    "Preview",
    "Unpaired",
    "match",
    "open_archive",
    "pairs_of_folders",
    "pairs_of_list",
    "read_texts",
    "run_batch",
    "write_report",
]
