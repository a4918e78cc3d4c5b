"""`bench`: how fast this machine fuses, edits, trains and measures, beside PyTorch."""

import argparse
import json
import sys
from pathlib import Path

SUMMARY = "measure speed and memory, in turns with PyTorch where it is installed"
EXAMPLES = """examples:
  python -m film_core bench forward
  python -m film_core bench edit --json edit.json
  python -m film_core bench forward --repetitions 3 --no-compile
  python -m film_core bench memory --only 288x384

Every implementation does the same work in a process of its own, in turns, and the shortest time
counts. The peak is a bare multiply-add loop beside it: a noisy minute shows there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("what", help="forward, edit, memory, train or metrics")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows as JSON")
    parser.add_argument(
        "--repetitions", type=int, default=5, help="turns of each implementation (default: 5)"
    )
    parser.add_argument(
        "--no-compile",
        action="store_true",
        help="leave out PyTorch's compiled mode, which takes minutes to prepare",
    )
    parser.add_argument("--only", metavar="PART", help="only tasks whose name contains this")


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, and write the JSON; raises FilmError with the sentence to show."""
    from film_core.benchmarking import PLANS, Plan, print_rows, run_plan
    from film_core.benchmarking.running import torch_remark
    from film_core.errors import OutputError, SettingError, unknown_name

    if args.what not in PLANS:
        raise unknown_name("benchmark", args.what, PLANS)
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
    if args.json:
        try:
            args.json.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
        except OSError as error:
            raise OutputError(
                "bench.json", "{path} can't be written: {reason}.",
                path=str(args.json), reason=error.strerror,
            ) from None  # fmt: skip
    return 0
