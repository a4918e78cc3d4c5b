"""Options and output that several verbs share."""

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from film_core.errors import OutputError, SettingError


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device and --kernels."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument(
        "--kernels", default="fused", help="fused (fast CPU kernels, default) or plain (reference)"
    )


def settings_of(given: list[str]) -> dict[str, str]:
    """Return {setting: value} of what --set was given, such as ``epochs=10``.

    Raises:
        SettingError: one has no "=".
    """
    changes = {}
    for setting in given:
        name, sign, value = setting.partition("=")
        if not sign:
            raise SettingError(
                "train.set", "'{given}' is no setting; write --set epochs=10.", given=setting
            )
        changes[name.strip()] = value.strip()
    return changes


def check_name(name: str | None) -> None:
    """Refuse a run's name that can't be part of a file's name.

    Raises:
        SettingError: it has a slash, a character that isn't printed, or is too long.
    """
    name = name or "film"
    if set(name) & set("/\\") or not name.isprintable() or len(name.encode()) > 200:
        raise SettingError(
            "train.name",
            "--name '{name}' can't be part of a file's name: leave out slashes, and keep it short.",
            name=name,
        )


def command_line() -> str:
    """Return the command that runs, as it could be typed again."""
    return "python -m film_core " + shlex.join(sys.argv[1:])


def given_of(options: dict[str, tuple]) -> tuple[dict, dict]:
    """Return what was given beside --resume, and what the run has for the same.

    Args:
        options: {option: (given or nothing, the run's)}; one that begins with --set was given.
    """
    given = {
        name: pair for name, pair in options.items() if name.startswith("--set ") or pair[0]
    }  # fmt: skip
    return (
        {name: now for name, (now, _) in given.items()},
        {name: then for name, (_, then) in given.items()},
    )


def check_output(path: Path) -> None:
    """Refuse a picture's output path that can't work before minutes are spent on its content.

    Raises:
        OutputError: its folder doesn't exist, the path is a folder, or it doesn't end with .png.
    """
    from film_core.images import check_ending

    if path.is_dir():
        raise OutputError(
            "output.folder", "'{path}' is a folder: name a file in it.", path=str(path)
        )
    if not path.parent.is_dir():
        raise OutputError(
            "output.no_folder", "The folder '{folder}' doesn't exist: make it first.",
            folder=str(path.parent),
        )  # fmt: skip
    check_ending(path)


def make_folder(path: Path) -> None:
    """Make the folder `path` in an existing one, or take it as it is.

    Raises:
        OutputError: it can't be made, or is a file.
    """
    try:
        path.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise OutputError(
            "output.no_folder", "The folder '{folder}' doesn't exist: make it first.",
            folder=str(path.parent),
        ) from None  # fmt: skip
    except FileExistsError:
        raise OutputError(
            "output.not_a_folder", "'{path}' is a file: name a folder.", path=str(path)
        ) from None
    except OSError as failure:
        raise OutputError(
            "output.unwritable",
            "'{path}' can't be written ({reason}): choose another place or make room.",
            path=str(path), reason=failure.strerror or str(failure),
        ) from None  # fmt: skip


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a `cancelled` callback that Ctrl-C or a stop signal turns on; a second one kills.

    Work that can keep what it has done ends in order instead of being torn down.
    """
    stopped = []

    def note(number, frame):
        stopped.append(number)
        for of, handler in earlier.items():
            signal.signal(of, handler)

    earlier = {of: signal.getsignal(of) for of in (signal.SIGINT, signal.SIGTERM)}
    for of in earlier:
        signal.signal(of, note)
    try:
        yield lambda: bool(stopped)
    finally:
        for of, handler in earlier.items():
            signal.signal(of, handler)


def stage_printer() -> Callable[[str, float | None, str], None]:
    """Return a progress callback that tells of stages on standard error, one line each.

    A stage that ends at once isn't worth a line; one that goes on says so every few seconds.
    """
    told = {"stage": "", "at": time.monotonic()}

    def show(stage: str, done: float | None, detail: str = "") -> None:
        now = time.monotonic()
        if stage == told["stage"] and (now - told["at"] < 2 and done != 1.0):
            return
        if stage != told["stage"] and now - told["at"] < 0.3:
            told.update(stage=stage)
            return
        share = f" {done:4.0%}" if done is not None else ""
        print(f"{stage}{share} {detail}".rstrip(), file=sys.stderr, flush=True)
        told.update(stage=stage, at=now)

    return show
