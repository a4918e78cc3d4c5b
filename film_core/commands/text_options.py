"""Options on words that several verbs share: who writes the descriptions, and what encodes them."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DESCRIBER_HELP = (
    "who writes missing descriptions: measured (default), vlm, endpoint or recipe "
    "(docs/describers.md)"
)


def add_encoder(parser: argparse.ArgumentParser, default: str | None, otherwise: str) -> None:
    """Add --text-encoder and --qformer; `otherwise` says what is used without them."""
    parser.add_argument(
        "--text-encoder", default=default, help=f"minilm or qformer (default: {otherwise})"
    )
    parser.add_argument(
        "--qformer", metavar="PATH",
        help="BLIP-2's weights for the encoder qformer: a LAVIS .pth, or a folder, .safetensors or "
        ".bin of transformers (docs/published-weights.md)",
    )  # fmt: skip


def add_describer(parser: argparse.ArgumentParser) -> None:
    """Add --describer, --vlm and --recipe."""
    parser.add_argument("--describer", default="measured", help=DESCRIBER_HELP)
    parser.add_argument(
        "--vlm", metavar="PATH", help="folder or cached name of the model for the describer vlm"
    )
    parser.add_argument(
        "--recipe", default="", metavar="STEPS",
        help="who answers which step of the describer recipe, such as caption=vlm,merge=endpoint",
    )  # fmt: skip


def chosen_encoder(args: argparse.Namespace):
    """Return the encoder that was asked for, None if none was.

    Raises:
        SettingError: --qformer together with another encoder.
        UnknownNameError, TextError, CheckpointError: as `load_encoder`.
    """
    from film_core.errors import SettingError
    from film_core.text import load_encoder

    name = args.text_encoder or ("qformer" if args.qformer else None)
    if name is None:
        return None
    if args.qformer and name.strip().lower() != "qformer":
        raise SettingError(
            "text.qformer_unused",
            "--qformer is for --text-encoder qformer, not for '{name}'.",
            name=name,
        )
    return load_encoder(name, args.qformer)


def chosen_describer(args: argparse.Namespace):
    """Return the describer that was asked for.

    Raises:
        UnknownNameError, SettingError, TextError: as `load_describer`.
    """
    from film_core.text import load_describer

    return load_describer(args.describer, args.vlm, args.recipe)


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Add --cache and --cache-megabytes."""
    parser.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="where answers are kept by content (default: beside the compiled code)",
    )  # fmt: skip
    parser.add_argument(
        "--cache-megabytes", type=float, default=256, metavar="N",
        help="size limit of it, 0 for none at all (default: 256)",
    )  # fmt: skip


def chosen_cache(args: argparse.Namespace):
    """Return the cache that was asked for. Raises SettingError, OutputError."""
    from film_core.text.batch import AnswerCache, default_cache_folder

    return AnswerCache(args.cache or default_cache_folder(), args.cache_megabytes)


def data_sets(folder: Path) -> dict[str, list[str]]:
    """Return {data set: names of its tasks} of a folder ``<task>/<data set>``.

    Raises:
        SettingError: there is none.
    """
    from film_core.errors import SettingError
    from film_core.tasks import TASKS

    found: dict[str, list[str]] = {}
    for task in TASKS:
        for path in sorted(folder.glob(f"{task.upper()}/*")):
            if path.is_dir():
                found.setdefault(path.name, []).append(task)
    if not found:
        raise SettingError(
            "data.no_sets",
            "'{path}' holds no data set: a folder like {example} is needed.",
            path=str(folder), example="IVF/RoadScene",
        )  # fmt: skip
    return found


@contextmanager
def needs_training_packages() -> Iterator[None]:
    """Turn a missing package of requirements-train.txt into the sentence that names it."""
    from film_core.errors import SettingError

    try:
        yield
    except ModuleNotFoundError as failure:
        raise SettingError(
            "command.package",
            "This command needs the package {package}: pip install -r requirements-train.txt.",
            package=failure.name or "h5py",
        ) from None


def print_report(report, done: str) -> None:
    """Print what a batch did, and on standard error what it couldn't do."""
    from film_core.batch.pairing import printable

    parts = [f"{len(report.written)} {done}", f"{len(report.kept)} as they were"]
    if report.foreign:
        parts.append(f"{len(report.foreign)} written by others left alone (--force replaces them)")
    print(f"{printable(str(report.folder))}: {', '.join(parts)}")
    for sentence in report.failed.values():
        print(f"  left out: {sentence}", file=sys.stderr)
