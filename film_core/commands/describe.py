"""`describe`: descriptions for the pairs of whole data sets."""

import argparse
from pathlib import Path

SUMMARY = "describe the pairs of data sets, into the layout that prepare reads"
EXAMPLES = """examples:
  python -m film_core describe VLFDataset --dataset RoadScene --split train
  python -m film_core describe VLFDataset --describer vlm --vlm ~/blip2-opt-2.7b
  python -m film_core describe VLFDataset --describer recipe --recipe caption=vlm,merge=endpoint \\
      --vlm ~/blip2-opt-2.7b

Reads DIR/Image/<task>/<data set>, writes Text/<task>/<data set>/<name>.txt: a paragraph on A, an
empty line, a paragraph on B; made.jsonl beside them says who wrote which. A run that was stopped
carries on. A file that a person wrote or edited is left alone unless --force is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.text_options import add_cache, add_describer

    parser.add_argument("data", type=Path, metavar="DIR", help="folder that holds Image/<task>/…")
    parser.add_argument("--dataset", action="append", help="data set; repeatable (default: all)")
    parser.add_argument("--split", default="all", help="train, test or all (default: all)")
    parser.add_argument("--out", type=Path, help="folder that Text goes to (default: DIR)")
    parser.add_argument("--force", action="store_true", help="replace edited files too")
    add_describer(parser)
    add_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Describe; status 1 where a pair failed. Raises FilmError with the sentence to show."""
    from film_core.commands.options import stage_printer
    from film_core.commands.text_options import (
        chosen_cache,
        chosen_describer,
        data_sets,
        needs_training_packages,
        print_report,
    )

    with needs_training_packages():
        from film_core.data import find_pairs
        from film_core.text.batch import describe_pairs

    names = args.dataset or data_sets(args.data / "Image")
    lists = [find_pairs(args.data, name, args.split) for name in names]
    cache = chosen_cache(args)
    describer = chosen_describer(args)
    failed = 0
    for listed in lists:
        report = describe_pairs(
            listed, args.out or args.data, describer, cache,
            force=args.force, progress=stage_printer(),
        )  # fmt: skip
        print_report(report, "described")
        failed += len(report.failed)
    return 1 if failed else 0
