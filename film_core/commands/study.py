"""`study`: did the text do anything?"""

import argparse
import json
from pathlib import Path

SUMMARY = "fuse one pair under many texts and say whether the text did anything"
EXAMPLES = """examples:
  python -m film_core study ir.png vis.png --task ivf --out study
  python -m film_core study ir.png vis.png --task ivf --out study --text-a "A person by a wall." \\
      --variant-a "A car by a wall." --variant-a "Nothing is warm." --draws 3
  python -m film_core study mri.png pet.png --task mif --out study --no-words --json

Writes study.json, study.csv, differences.png, words.png and images/. A study that was stopped
carries on when the same command is given again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device

    parser.add_argument("image_a", type=Path, metavar="A", help="infrared, MRI, over, near")
    parser.add_argument("image_b", type=Path, metavar="B", help="visible, CT/PET/SPECT, under, far")
    parser.add_argument("--task", required=True, help="ivf, mif, mef or mff")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="made if absent")
    parser.add_argument("--text-a", help="base description of A (default: measured)")
    parser.add_argument("--text-b", help="base description of B (default: measured)")
    for side in "ab":
        parser.add_argument(
            f"--variant-{side}", action="append", default=[], metavar="TEXT",
            help=f"another description of {side.upper()} to compare; repeatable",
        )  # fmt: skip
    parser.add_argument("--other-a", help="description of another picture's A (default: measured")
    parser.add_argument("--other-b", help="from an example), and of its B")
    parser.add_argument("--no-words", action="store_true", help="don't leave out words in turn")
    parser.add_argument("--no-controls", action="store_true", help="no empty, shuffled, random")
    parser.add_argument("--draws", type=int, default=1, help="of shuffled words and random numbers")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument("--metrics", help="such as VIFF,Qabf, or none (default: all twelve)")
    parser.add_argument("--weights", help="a name or a file (default: those of the task)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Run the study and write its report; raises FilmError with the sentence to show."""
    from film_core.checkpoints import weights_for_task
    from film_core.commands.options import make_folder, stage_printer, stop_on_interrupt
    from film_core.fusion import load_fuser
    from film_core.images import pair, read_image
    from film_core.metrics import find_metric
    from film_core.study import Question, RowShelf, run_study, write_report
    from film_core.study.another import describe_another
    from film_core.tasks import find_task
    from film_core.text.characters import check_storable

    task = find_task(args.task)
    sources = pair(read_image(args.image_a), read_image(args.image_b))
    names = None
    if args.metrics is not None:
        given = [name for name in args.metrics.split(",") if name.strip()]
        names = () if args.metrics == "none" else tuple(find_metric(n).name for n in given)
    question = Question(
        text_a=args.text_a, text_b=args.text_b, yours=_yours(args), draws=args.draws,
        leave_out=not args.no_words, controls=not args.no_controls, seed=args.seed, metrics=names,
    )  # fmt: skip
    question.check()
    check_storable(args.other_a, args.other_b)
    make_folder(args.out)
    shelf = RowShelf(args.out / "rows")
    progress = stage_printer()
    weights = args.weights or weights_for_task(task.name)
    fuser = load_fuser(weights, args.device, args.kernels, progress=progress)
    if question.controls:
        other = describe_another(sources, task, fuser.describer)
        if args.other_a is not None or args.other_b is not None:
            a, b = other or ("", "")
            other = (
                a if args.other_a is None else args.other_a,
                b if args.other_b is None else args.other_b,
            )
        question = Question(**{**vars(question), "other": other})
    with stop_on_interrupt() as cancelled:
        study = run_study(
            fuser, sources.a, sources.b, task, question, shelf, progress=progress,
            cancelled=cancelled,
        )  # fmt: skip
    if study.rows:
        write_report(study, args.out)
    if args.json:
        print(json.dumps({"out": str(args.out), **study.as_dict()}, indent=2, ensure_ascii=False))
    else:
        _print(study, args.out)
    return 0 if study.complete else 130


def _yours(args: argparse.Namespace) -> tuple[tuple[str, str | None, str | None], ...]:
    rows = [(f"A: {text}", text, None) for text in args.variant_a]
    rows += [(f"B: {text}", None, text) for text in args.variant_b]
    return tuple(rows)


def _print(study, out: Path) -> None:
    for note in study.notes:
        print(note)
    width = min(48, max((len(row.variant.label) for row in study.rows), default=0))
    print(f"{'grey levels of 255':<{width}}     mean  largest")
    for row in study.rows:
        label = row.variant.label
        label = label if len(label) <= width else label[: width - 1] + "…"
        print(f"{label:<{width}} {row.change.mean:8.3f} {row.change.most:8.2f}")
    print(study.verdict)
    print(f"{out}: {len(study.rows)} of {study.planned} rows")
