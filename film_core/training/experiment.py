"""The folder of a run: exp/<time>_<name>/ with code, models, pictures, a log, settings, events."""

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from film_core.checkpoints.writing import output_error, write_atomically
from film_core.errors import FilmError

PACKAGE = Path(__file__).resolve().parents[1]


class TrainingError(FilmError):
    """A run that can't begin, go on, or be resumed."""


class Experiment:
    """One run's folder.

    Attributes:
        folder: ``exp/<time>_<name>``.
        model, pictures, code: its sub-folders.
        log: a logger that writes to ``train.log`` and to the terminal.
    """

    def __init__(self, folder: Path, log: logging.Logger | None = None) -> None:
        self.folder = folder
        self.model, self.pictures, self.code = (
            folder / part for part in ("model", "pic_fusion", "code")
        )
        self.state = self.model / "state.safetensors"
        self.params = folder / "params.json"
        self.log = log or _logger(folder)

    @classmethod
    def followed(cls, folder: Path) -> "Experiment":
        """Return the run in `folder` for a process that leaves writing to another."""
        silent = logging.getLogger("film_core.training.silent")
        silent.propagate = False
        silent.addHandler(logging.NullHandler())
        return cls(folder, silent)

    @classmethod
    def begin(cls, root: Path, name: str, params: dict[str, Any]) -> "Experiment":
        """Make the folder of a new run and write its settings and the sources it runs on.

        Raises:
            OutputError: no room, no permission.
        """
        folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}_{name}"
        try:
            for part in ("model", "pic_fusion", "code"):
                (folder / part).mkdir(parents=True)
            shutil.copytree(
                PACKAGE, folder / "code" / PACKAGE.name,
                ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "weights"),
            )  # fmt: skip
        except OSError as error:
            raise output_error(folder, error) from None
        experiment = cls(folder)
        write_atomically(experiment.params, _json(params))
        return experiment

    @classmethod
    def resume(cls, folder: Path, leads: bool = True) -> tuple["Experiment", dict[str, Any]]:
        """Open the folder of a run that was stopped; return it and its settings.

        Processes that don't lead write nothing there.

        Raises:
            TrainingError: not such a folder, or nothing was saved yet.
            OutputError: its log can't be written.
        """
        params, state = folder / "params.json", folder / "model" / "state.safetensors"
        try:
            content = json.loads(params.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(
                "training.no_run",
                "'{folder}' is not the folder of a run ({reason}); give exp/<time>_<name>.",
                folder=str(folder), reason=str(error)[:120],
            ) from None  # fmt: skip
        if not state.is_file():
            raise TrainingError(
                "training.no_state",
                "The run in '{folder}' was stopped before its first save; start it again.",
                folder=str(folder),
            )
        return (cls(folder) if leads else cls.followed(folder)), content

    def events(self) -> "Events":
        """Return a TensorBoard event writer for this folder.

        Raises:
            OutputError: no room, no permission.
        """
        return Events(self.folder)


class Events:
    """TensorBoard's file of a run, written at once.

    tensorboardX's own SummaryWriter writes in a thread, which a full disk ends; the training then
    waits for it forever.

    Raises:
        OutputError: no room, no permission; so do all methods.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboardX.event_file_writer import EventsWriter

        self.folder = folder
        with self._reported():
            self._writer = EventsWriter(str(folder / "events"))

    def add(self, values: dict[str, float], step: int) -> None:
        """Write {name: value} of a step."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        with self._reported():
            for name, value in values.items():
                summary = scalar(name, value)
                self._writer.write_event(Event(step=step, wall_time=time.time(), summary=summary))
            self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        with self._reported():
            self._writer.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise output_error(self.folder, error) from None


def check_same(wanted: dict[str, Any], saved: dict[str, Any], folder: Path) -> None:
    """Refuse to resume with other settings, which would give neither run's result.

    Args:
        wanted: {option: value} of what was given with --resume.
        saved: what the run has for each.
        folder: the run's.

    Raises:
        TrainingError: names the first option that differs, and both values.
    """
    for name, value in wanted.items():
        if value != saved.get(name):
            raise TrainingError(
                "training.changed",
                "The run in '{folder}' had {name} = {saved}, now it is {wanted}; resume without "
                "changing settings, or start a new run with --init.",
                folder=str(folder), name=name, saved=str(saved.get(name))[:200],
                wanted=str(value)[:200],
            )  # fmt: skip


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


class _LogFile(logging.FileHandler):
    """The log on the disk; where it can't be written, the run ends with a sentence."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise output_error(Path(self.baseFilename), error) from None
        super().handleError(record)


def _logger(folder: Path) -> logging.Logger:
    logger = logging.getLogger(f"film_core.training.{os.path.abspath(folder)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        lines = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")
        try:
            file = _LogFile(folder / "train.log", encoding="utf-8")
        except OSError as error:
            raise output_error(folder / "train.log", error) from None
        for handler in (file, logging.StreamHandler()):
            handler.setFormatter(lines)
            logger.addHandler(handler)
    return logger
