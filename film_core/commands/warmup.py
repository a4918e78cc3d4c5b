"""`warmup`: compile everything now, so that nobody waits later."""

import argparse
import time

SUMMARY = "compile all that fusing will need, with progress"
EXAMPLES = """examples:
  python -m film_core warmup
  python -m film_core warmup --device cuda"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device

    parser.add_argument("--weights", help="weights to warm up with (default: those of ivf)")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Fuse a small picture made on the spot with every step that the page uses."""
    from film_core.checkpoints import weights_for_task
    from film_core.commands.options import stage_printer
    from film_core.fusion import load_fuser, warm_up

    begun = time.perf_counter()
    progress = stage_printer()
    weights = args.weights or weights_for_task("ivf")
    fuser = load_fuser(weights, args.device, args.kernels, progress=progress)
    warm_up(fuser, progress)
    print(
        f"Ready on the {fuser.runtime.device} after {time.perf_counter() - begun:.1f} s; compiled "
        f"code is kept in {fuser.runtime.cache}."
    )
    return 0
