"""`batch`: fuse every pair of two folders, of a zip or of a list."""

import argparse
import json
import sys
from pathlib import Path

SUMMARY = "fuse all pairs of two folders, a zip or a list, resumable, here or on a cluster"
EXAMPLES = """examples:
  python -m film_core batch --a infrared --b visible --task ivf --out results
  python -m film_core batch --zip pairs.zip --task mef --out results --json
  python -m film_core batch --a mri --b pet --task mif --out results --texts texts.csv
  python -m film_core batch --zip pairs.zip --task ivf --preview
  python -m film_core batch --pairs list.parquet --task ivf --out /shared/results --engine ray

Files of equal name belong together, or of equal name but for _ir and _vis, _over and _under, …
Writes images/, results.csv, log.txt, contact-sheet.png and results.zip. A batch that was stopped,
by whatever, carries on when the same command is given again; what is done is kept where files,
texts and weights are the same. Ctrl-C ends after the pair in hand and writes the report.
A list is a CSV or Parquet file with columns a, b and, if wanted, name, text_a, text_b. --engine ray
fuses on a Ray cluster (requirements-ray.txt, docs/scale.md); it leaves results.zip out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device

    parser.add_argument("--a", type=Path, metavar="DIR", help="folder of infrared, MRI, over, near")
    parser.add_argument("--b", type=Path, metavar="DIR", help="folder of visible, CT, under, far")
    parser.add_argument(
        "--zip", type=Path, metavar="FILE", help="zip with both, instead of --a --b"
    )
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="list of pairs, CSV or Parquet")
    parser.add_argument("--task", required=True, help="ivf, mif, mef or mff")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument("--text-a", help="description of every A (default: measured from each)")
    parser.add_argument("--text-b", help="description of every B (default: measured from each)")
    parser.add_argument("--texts", type=Path, help="CSV file with columns name, text_a, text_b")
    parser.add_argument("--weights", help="a name or a file (default: those of the task)")
    parser.add_argument("--engine", default="local", help="local (default), or ray: a cluster")
    parser.add_argument("--cluster", metavar="ADDRESS", help="of ray (default: RAY_ADDRESS)")
    parser.add_argument("--threads", type=int, default=2, help="cores a worker of ray uses (2)")
    parser.add_argument("--max-pairs", type=int, default=None, help="the most pairs to accept")
    parser.add_argument(
        "--preview", action="store_true", help="show what belongs together; no more"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Fuse all pairs; status 1 where one failed, 130 where it was stopped."""
    from film_core.batch import ENGINES, BatchLimits, read_texts, write_report
    from film_core.commands.options import make_folder, stop_on_interrupt
    from film_core.errors import SettingError, unknown_name
    from film_core.tasks import find_task
    from film_core.text.characters import check_storable

    task = find_task(args.task)
    if args.engine not in ENGINES:
        raise unknown_name("engine", args.engine, ENGINES)
    if args.max_pairs is not None and args.max_pairs < 1:
        raise SettingError(
            "batch.max_pairs", "--max-pairs is {seen}; give 1 or more.", seen=args.max_pairs
        )
    check_storable(args.text_a, args.text_b)
    limits = BatchLimits() if args.max_pairs is None else BatchLimits(max_pairs=args.max_pairs)
    preview, listed = _preview(args, limits)
    if args.preview:
        _show(preview, args.json)
    limits.check_pairs(len(preview.pairs))
    if args.preview:
        return 0
    if args.out is None:
        raise SettingError("batch.no_out", "Name a folder for the results with --out.")
    texts = {**listed, **(read_texts(args.texts) if args.texts else {})}
    for stranger in sorted(texts.keys() - {pair.name for pair in preview.pairs})[:5]:
        print(f"'{stranger}' in {args.texts} is no pair of this batch.", file=sys.stderr)
    make_folder(args.out)
    with stop_on_interrupt() as cancelled:
        batch = _RUNNERS[args.engine](args, task, preview.pairs, texts, limits, cancelled)
    write_report(batch, packed=args.engine == "local")
    _conclude(batch, preview, args)
    if not batch.complete:
        return 130
    return int(batch.count("failed") > 0)


def _run_here(args: argparse.Namespace, task, pairs, texts, limits, cancelled):
    from film_core.batch import run_batch
    from film_core.commands.options import stage_printer

    progress = stage_printer()
    engine = _local_engine(args, task, limits, progress)
    return run_batch(
        engine, pairs, args.out, args.text_a, args.text_b, texts, limits, _tell, progress, cancelled
    )


def _run_on_ray(args: argparse.Namespace, task, pairs, texts, limits, cancelled):
    from film_core.batch.cluster import run_on_cluster

    return run_on_cluster(
        lambda: _local_engine(args, task, limits), pairs, args.out, args.text_a, args.text_b,
        texts, limits, _tell, cancelled, args.threads, address=args.cluster,
    )  # fmt: skip


_RUNNERS = {"local": _run_here, "ray": _run_on_ray}


def _local_engine(args: argparse.Namespace, task, limits, progress=None):
    from film_core.batch import LocalEngine
    from film_core.checkpoints import weights_for_task
    from film_core.fusion import load_fuser

    weights = args.weights or weights_for_task(task.name)
    fuser = load_fuser(weights, args.device, args.kernels, progress=progress)
    return LocalEngine(fuser, task, limits.image)


def _preview(args: argparse.Namespace, limits):
    """Return the preview of what is given, and the texts that come with it."""
    from film_core.batch import Preview, open_archive, pairs_of_folders, pairs_of_list
    from film_core.errors import SettingError

    given = [bool(args.a or args.b), bool(args.zip), bool(args.pairs)]
    if bool(args.a) != bool(args.b) or sum(given) != 1:
        raise SettingError("batch.source", "Give either --zip, or --pairs, or both --a and --b.")
    if args.pairs:
        pairs, texts = pairs_of_list(args.pairs, limits)
        return Preview(pairs, []), texts
    if args.zip:
        return open_archive(args.zip, limits), {}
    return pairs_of_folders(args.a, args.b, limits), {}


def _show(preview, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(_preview_as_json(preview), indent=2, ensure_ascii=False))
        return
    for pair in preview.pairs:
        print(f"{pair.name}: {pair.a.path} and {pair.b.path}")
    for unpaired in preview.unpaired:
        print(f"left out: {unpaired}")
    print(f"{len(preview.pairs)} pairs, {len(preview.unpaired)} files left out")


def _preview_as_json(preview) -> dict:
    return {
        "pairs": [{"name": p.name, "a": p.a.path, "b": p.b.path} for p in preview.pairs],
        "unpaired": [
            {"path": one.path, "code": one.code, "reason": str(one)} for one in preview.unpaired
        ],
    }


def _tell(outcome, number: int, count: int) -> None:
    from film_core.batch.running import STATES

    reason = f": {outcome.error}" if outcome.error is not None else ""
    line = f"{number} of {count}  {outcome.pair.name}  {STATES[outcome.state]}{reason}"
    print(line, file=sys.stderr, flush=True)


def _conclude(batch, preview, args: argparse.Namespace) -> None:
    from film_core.batch.report import summary

    if not args.json:
        for unpaired in preview.unpaired:
            print(f"left out: {unpaired}")
        _print(f"{args.out}: {summary(batch)}")
        return
    outcomes = [
        {
            "name": outcome.pair.name,
            "state": outcome.state,
            "image": None if outcome.image is None else str(outcome.image),
            "error": None if outcome.error is None else str(outcome.error),
            **outcome.facts,
        }
        for outcome in batch.outcomes
    ]
    told = {
        "out": str(args.out), "planned": batch.planned, "complete": batch.complete,
        "done": batch.count("done"), "kept": batch.count("kept"),
        "failed": batch.count("failed"), "outcomes": outcomes,
        "unpaired": _preview_as_json(preview)["unpaired"],
    }  # fmt: skip
    _print(json.dumps(told, indent=2, ensure_ascii=False))


def _print(text: str) -> None:
    """Print `text`, with escapes, which JSON has too, for what is no UTF-8 in a folder's name."""
    print(text.encode("utf-8", "backslashreplace").decode())
