"""`test`: fuse a data set's pairs, and print the table beside the trivial rules."""

import argparse
import json
import math
import sys
from contextlib import suppress
from pathlib import Path

from film_core.as_json import finite

SUMMARY = "fuse the test pairs of a data set and print the table"
EXAMPLES = """examples:
  python -m film_core test --weights weights/film-ivf.safetensors \\
      --data ../shared/data/VLFDataset --dataset RoadScene
  python -m film_core test --weights film-mff --data VLFDataset --dataset Lytro --names VIFF,Qabf

Writes test_output/<data set>/Gray, Color, metrics.csv and table.txt. A run that was stopped
carries on. raw is the fused image as it is; paper is stretched to 0..255 first, as the published
test script does."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device

    parser.add_argument("--weights", default="film-ivf", help="name or file (default: film-ivf)")
    parser.add_argument("--data", type=Path, help="folder that holds Image/<task>/<data set>")
    parser.add_argument("--dataset", action="append", default=[], help="data set; repeatable")
    parser.add_argument("--split", default="test", help="train, test or all (default: test)")
    parser.add_argument("--a", type=Path, help="folder of first sources, with --b and --task")
    parser.add_argument("--b", type=Path, help="folder of second sources")
    parser.add_argument("--task", help="task of --a and --b")
    parser.add_argument("--name", default="", help="name of --a and --b in the output")
    parser.add_argument("--out", type=Path, default=Path("test_output"), help="where to write")
    parser.add_argument("--names", help="metrics, such as VIFF,Qabf (default: all twelve)")
    parser.add_argument("--no-rules", action="store_true", help="leave the trivial rules out")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many pairs")
    parser.add_argument(
        "--json", action="store_true", help="print the means as JSON, a line for each data set"
    )
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Test; raises FilmError with the sentence to show."""
    from film_core.checkpoints.writing import write_atomically
    from film_core.commands.options import stage_printer, stop_on_interrupt
    from film_core.errors import Cancelled
    from film_core.fusion import load_fuser
    from film_core.testing import test_weights

    names = chosen_metrics(args.names)
    lists = chosen_lists(args)
    fuser = load_fuser(args.weights, args.device, args.kernels, progress=stage_printer())
    done = 0
    with stop_on_interrupt() as stopped, suppress(Cancelled):
        for listed in lists:
            outcome = test_weights(
                fuser, listed, args.out, names, rules=not args.no_rules,
                progress=stage_printer(), cancelled=stopped,
            )  # fmt: skip
            table = print_outcome(listed.dataset, outcome, args.json)
            if table:
                write_atomically(args.out / listed.dataset / "table.txt", f"{table}\n".encode())
            done += 1
    if done < len(lists):
        print("film_core: stopped; the same command carries on.", file=sys.stderr)
        return 130
    return 0


def chosen_metrics(names: str | None) -> list[str] | None:
    """Return the metrics named in a comma-separated list, None where none were asked for."""
    from film_core.metrics import find_metric

    return None if names is None else [find_metric(n).name for n in names.split(",")]


def chosen_lists(args: argparse.Namespace) -> list:
    """Return the pair lists that the arguments name."""
    import dataclasses

    from film_core.data import find_pairs, pairs_of_folders
    from film_core.errors import SettingError

    if args.a and args.b and not args.data:
        lists = [pairs_of_folders(args.a, args.b, args.task or "", args.name)]
    elif args.data and args.dataset and not (args.a or args.b):
        lists = [find_pairs(args.data, dataset, args.split) for dataset in args.dataset]
    else:
        raise SettingError(
            "test.source", "Give either --data with --dataset, or --a and --b with --task."
        )
    if args.limit > 0:
        lists = [dataclasses.replace(each, pairs=each.pairs[: args.limit]) for each in lists]
    return lists


def print_outcome(dataset: str, outcome, as_json: bool) -> str:
    """Print the tables (or one JSON object) and what was left out; return the tables."""
    from film_core.metrics import FORMS

    for sentence in outcome.skipped.values():
        print(f"left out: {sentence}", file=sys.stderr)
    for sentence in _undefined(outcome):
        print(sentence, file=sys.stderr)
    sheet, rows, images = outcome.sheet, outcome.rows, outcome.images
    if as_json:
        means = {
            form: {row: finite(sheet.mean(row, form, images)) for row in rows} for form in FORMS
        }
        told = {"dataset": dataset, "pairs": len(images), "means": means}
        print(json.dumps(told, ensure_ascii=False))
        return ""
    table = "\n\n".join(sheet.table(dataset, rows, form, images) for form in FORMS)
    print(table)
    return table


def _undefined(outcome) -> list[str]:
    """Return a sentence for each metric that has no value for some of the pairs."""
    from film_core.metrics import METRICS

    images, sentences = set(outcome.images), []
    scores = [
        score for score in outcome.sheet.scores.values()
        if score.image in images and score.row in outcome.rows and score.form == "raw"
    ]  # fmt: skip
    for name in outcome.sheet.names:
        without = {score.image for score in scores if math.isnan(score.values[name])}
        if without:
            metric = METRICS[name]
            reason = metric.undefined or f"it needs at least {metric.min_side} pixels a side"
            sentences.append(
                f"{name} has no value for {len(without)} of {len(images)} pairs, which are "
                f"not in its mean: {reason}."
            )
    return sentences
