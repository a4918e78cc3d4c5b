"""`encode`: text features for the descriptions of whole data sets."""

import argparse
import sys
from pathlib import Path

SUMMARY = "turn descriptions of data sets into text features that prepare reads"
EXAMPLES = """examples:
  python -m film_core encode VLFDataset
  python -m film_core encode VLFDataset --dataset MSRS --text-encoder qformer \\
      --qformer blip2_pretrained.pth

Reads DIR/Text/<task>/<data set>/<name>.txt (see describe), writes
TextFeature/<task>/<data set>/<name>.npy, float32 (1, T, width): the tokens of A, then those of B.
A run that was stopped carries on; features from elsewhere stay unless --force is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.text_options import add_cache, add_encoder

    parser.add_argument("data", type=Path, metavar="DIR", help="folder that holds Text/<task>/…")
    parser.add_argument("--dataset", action="append", help="data set; repeatable (default: all)")
    parser.add_argument("--out", type=Path, help="folder that TextFeature goes to (default: DIR)")
    parser.add_argument("--force", action="store_true", help="replace features from elsewhere too")
    add_encoder(parser, None, "minilm")
    add_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Encode; status 1 where a text failed. Raises FilmError with the sentence to show."""
    from film_core.commands.options import stage_printer
    from film_core.commands.text_options import (
        chosen_cache,
        chosen_encoder,
        data_sets,
        needs_training_packages,
        print_report,
    )
    from film_core.tasks import TASKS
    from film_core.text import load_encoder

    with needs_training_packages():
        from film_core.text.batch import encode_texts

    found = data_sets(args.data / "Text")
    for name in args.dataset or ():
        if name not in found:
            from film_core.errors import unknown_name

            raise unknown_name("data set with texts here", name, found)
    cache = chosen_cache(args)
    encoder = chosen_encoder(args) or load_encoder("minilm")
    if getattr(encoder, "report", ""):
        print(encoder.report, file=sys.stderr)
    failed = 0
    for name in args.dataset or found:
        for task in (task for task in TASKS.values() if task.name in found[name]):
            report = encode_texts(
                args.data, args.out or args.data, task, name, encoder, cache,
                force=args.force, progress=stage_printer(),
            )  # fmt: skip
            print_report(report, "encoded")
            failed += len(report.failed)
    return 1 if failed else 0
