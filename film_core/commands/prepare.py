"""`prepare`: image pairs and their text features become H5 files for training."""

import argparse
import sys
from pathlib import Path

SUMMARY = "turn folders of image pairs into H5 files for training"
EXAMPLES = """examples:
  python -m film_core prepare --data ../shared/data/VLFDataset --dataset RoadScene --split train
  python -m film_core prepare --data VLFDataset --dataset MSRS --split train --size small --strict
  python -m film_core prepare --a photos/ir --b photos/visible --task ivf --name mine

Text comes from TextFeature/<task>/<data set>/<name>.npy, from Text/<task>/<data set>/<name>.txt,
or, where there is neither, from the describer. A run that was stopped carries on where it was."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("--data", type=Path, help="folder that holds Image/<task>/<data set>")
    parser.add_argument("--dataset", action="append", default=[], help="data set; repeatable")
    parser.add_argument("--split", default="train", help="train, test or all (default: train)")
    parser.add_argument("--a", type=Path, help="folder of first sources, with --b")
    parser.add_argument("--b", type=Path, help="folder of second sources, with --a")
    parser.add_argument("--task", help="task of --a and --b: ivf, mif, mef or mff")
    parser.add_argument("--name", default="", help="name of --a and --b in the file")
    parser.add_argument("--out", type=Path, default=Path("prepared"), help="folder to write to")
    parser.add_argument(
        "--size", default="original",
        help="original, or small: 288x384 as published, portrait pairs transposed",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=int, default=0, help="at most so many pairs, spread evenly over the list"
    )
    parser.add_argument("--encoder", default="minilm", help="text encoder (default: minilm)")
    parser.add_argument("--describer", default="measured", help="describer, or none")
    parser.add_argument("--strict", action="store_true", help="fail on what is otherwise skipped")
    parser.add_argument("--force", action="store_true", help="replace a finished file")


def run(args: argparse.Namespace) -> int:
    """Prepare; raises FilmError with the sentence to show."""
    from film_core.data import find_pairs, pairs_of_folders, prepare
    from film_core.errors import SettingError
    from film_core.text import load_describer, load_encoder

    if bool(args.a) != bool(args.b) or bool(args.a) == bool(args.data):
        raise SettingError(
            "prepare.source", "Give either --data with --dataset, or both --a and --b with --task."
        )
    if args.a:
        lists = [pairs_of_folders(args.a, args.b, args.task or "", args.name)]
    elif args.dataset:
        lists = [find_pairs(args.data, dataset, args.split) for dataset in args.dataset]
    else:
        raise SettingError("prepare.dataset", "Name at least one data set with --dataset.")
    lists = [_thinned(listed, args.limit) for listed in lists]
    encoder = load_encoder(args.encoder)
    describer = None if args.describer == "none" else load_describer(args.describer)
    for listed in lists:
        suffix = "" if args.size == "original" else f"_{args.size}"
        path = args.out / f"{listed.dataset}_{listed.split}{suffix}.h5"
        if path.exists() and not args.force:
            print(f"{path}: exists already (--force replaces it)")
            continue
        report = prepare(
            listed, path, args.size, encoder, describer, strict=args.strict, progress=_show
        )
        print(f"{path}: {report.written + report.kept} pairs ({report.kept} from an earlier run)")
        for sentence in report.skipped.values():
            print(f"  left out: {sentence}", file=sys.stderr)
    return 0


def _thinned(listed, limit: int):
    """Return `listed` with at most `limit` pairs (0: all)."""
    import dataclasses

    count = len(listed.pairs)
    if not 0 < limit < count:
        return listed
    kept = [listed.pairs[index * count // limit] for index in range(limit)]
    return dataclasses.replace(listed, pairs=kept)


def _show(stage: str, done: float | None, detail: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == 1.0 else ""
        print(f"\r{stage} {100 * (done or 0):5.1f} %  {detail:<40}", end=end, file=sys.stderr)
