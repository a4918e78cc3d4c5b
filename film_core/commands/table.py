"""`table`: the same table for anybody's fused images."""

import argparse
import os
from pathlib import Path

SUMMARY = "measure a folder of fused images, anybody's, and print the table"
EXAMPLES = """examples:
  python -m film_core table --fused results/RoadScene --row CDDFuse \\
      --data ../shared/data/VLFDataset --dataset RoadScene
  python -m film_core table --fused fused --a ir --b visible --task ivf --names VIFF,Qabf"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("--fused", type=Path, required=True, help="folder of fused images")
    parser.add_argument("--row", default="", help="what to call them (default: the folder's name)")
    parser.add_argument("--data", type=Path, help="folder that holds Image/<task>/<data set>")
    parser.add_argument("--dataset", action="append", default=[], help="data set")
    parser.add_argument("--split", default="test", help="train, test or all (default: test)")
    parser.add_argument("--a", type=Path, help="folder of first sources, with --b and --task")
    parser.add_argument("--b", type=Path, help="folder of second sources")
    parser.add_argument("--task", help="task of --a and --b")
    parser.add_argument("--name", default="", help="name of --a and --b in the table")
    parser.add_argument("--csv", type=Path, help="per-image scores (default: FUSED/metrics.csv)")
    parser.add_argument("--names", help="metrics, such as VIFF,Qabf (default: all twelve)")
    parser.add_argument("--no-rules", action="store_true", help="leave the trivial rules out")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many pairs")
    parser.add_argument("--json", action="store_true", help="print the means as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; raises FilmError with the sentence to show."""
    from film_core.commands.options import stage_printer
    from film_core.commands.test import chosen_lists, chosen_metrics, print_outcome
    from film_core.errors import SettingError
    from film_core.testing import measure_folder

    lists = chosen_lists(args)
    if len(lists) > 1:
        raise SettingError("table.one", "Give one --dataset: a folder of fused images has one.")
    outcome = measure_folder(
        args.fused, lists[0], args.row or Path(os.path.abspath(args.fused)).name,
        args.csv or args.fused / "metrics.csv", chosen_metrics(args.names),
        rules=not args.no_rules, progress=stage_printer(),
    )  # fmt: skip
    print_outcome(lists[0].dataset, outcome, args.json)
    return 0
