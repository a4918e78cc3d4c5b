"""`bench`: how fast this machine fuses, edits, trains and measures, and whether words steer."""

import argparse
import json
import sys
from pathlib import Path

SUMMARY = "measure speed and memory beside PyTorch, or how well words steer"
EXAMPLES = """examples:
  python -m film_core bench forward
  python -m film_core bench edit --json edit.json
  python -m film_core bench forward --repetitions 3 --no-compile
  python -m film_core bench memory --only 288x384
  python -m film_core bench steer --data ../shared/data/VLFDataset --json s.json
  python -m film_core bench steer --network film --data VLFDataset --tasks ivf --pairs 1

`steer` fuses test pairs under wordings that were never trained on, and prints what was aimed at
and what was reached (docs/text-guidance.md). For the others, every implementation does the same
work in a process of its own, in turns, and the shortest time counts. The peak is a bare
multiply-add loop beside it: a noisy minute shows there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("what", help="forward, edit, memory, train, metrics or steer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows as JSON")
    parser.add_argument(
        "--repetitions", type=int, default=5, help="turns of each implementation (default: 5)"
    )
    parser.add_argument(
        "--no-compile",
        action="store_true",
        help="leave out PyTorch's compiled mode, which takes minutes to prepare",
    )
    parser.add_argument("--network", default="steer", help="film or steer (default: steer)")
    parser.add_argument("--data", type=Path, help="steer: folder of Image/<task>/<data set>")
    parser.add_argument("--tasks", default="ivf,mif,mef,mff", help="steer: which (default: all)")
    parser.add_argument(
        "--pairs", type=int, default=4, help="steer: test pairs a task (default: 4)"
    )
    parser.add_argument("--cases", type=int, default=6, help="steer: cases a pair (default: 6)")
    parser.add_argument(
        "--longest", type=int, default=256, help="steer: pixels of the longer side (default: 256)"
    )
    parser.add_argument("--no-costs", action="store_true", help="steer: leave out time and memory")
    parser.add_argument("--only", metavar="PART", help="only tasks whose name contains this")


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, and write the JSON; raises FilmError with the sentence to show."""
    from film_core.benchmarking import PLANS, Plan, print_rows, run_plan
    from film_core.benchmarking.running import torch_remark
    from film_core.errors import SettingError, unknown_name

    if args.what == "steer":
        return _steer(args)
    if args.what not in PLANS:
        raise unknown_name("benchmark", args.what, [*PLANS, "steer"])
    if args.repetitions < 1:
        raise SettingError(
            "bench.repetitions", "--repetitions is {seen}; at least 1.", seen=args.repetitions
        )
    plan = PLANS[args.what]
    tasks = [task for task in plan.tasks if (args.only or "") in task.name]
    if not tasks:
        raise unknown_name("task", args.only, [task.name for task in plan.tasks])
    remark = torch_remark()
    if remark:
        print(remark, file=sys.stderr)
    rows = run_plan(
        Plan(plan.sentence, tasks), args.repetitions, not args.no_compile,
        lambda step: print(step, file=sys.stderr, flush=True),
    )  # fmt: skip
    print(f"{args.what}: {plan.sentence}")
    print(print_rows(rows))
    _write_json(args.json, rows)
    return 0


def _steer(args: argparse.Namespace) -> int:
    from film_core.benchmarking.steering import print_steer_rows, run_steering
    from film_core.errors import SettingError, unknown_name
    from film_core.images import ImageLimits
    from film_core.tasks import find_task

    if args.network not in ("film", "steer"):
        raise unknown_name("network", args.network, ("film", "steer"))
    if args.data is None:
        raise SettingError(
            "bench.data", "Name the folder of image pairs with --data, such as {example}.",
            example="../shared/data/VLFDataset",
        )  # fmt: skip
    for name, value, least in (
        ("--pairs", args.pairs, 1),
        ("--cases", args.cases, 1),
        ("--longest", args.longest, ImageLimits().min_side),
    ):
        if value < least:
            raise SettingError(
                "bench.at_least", "{name} is {seen}; at least {least}.",
                name=name, seen=value, least=least,
            )  # fmt: skip
    rows = run_steering(
        args.network, args.data, [find_task(name).name for name in args.tasks.split(",")],
        args.pairs, args.cases, args.longest,
        lambda step: print(step, file=sys.stderr, flush=True), not args.no_costs,
    )  # fmt: skip
    print(f"{args.network}: test pairs, wordings that were never trained on")
    print(print_steer_rows(rows))
    _write_json(args.json, rows)
    return 0


def _write_json(path: Path | None, rows: list) -> None:
    from film_core.errors import OutputError

    if path is None:
        return
    try:
        path.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
    except OSError as error:
        raise OutputError(
            "bench.json", "{path} can't be written: {reason}.",
            path=str(path), reason=error.strerror,
        ) from None  # fmt: skip
