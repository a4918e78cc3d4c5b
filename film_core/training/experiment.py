"""The folder of a run: exp/<time>_<name>/ with code, models, pictures, a log, settings, events."""

import json
import logging
import os
import shutil
import time
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

    def events(self):
        """Return a TensorBoard event writer for this folder."""
        from tensorboardX import SummaryWriter

        return SummaryWriter(str(self.folder), flush_secs=30)


def check_same(wanted: dict[str, Any], saved: dict[str, Any], folder: Path) -> None:
    """Refuse to resume with other settings, which would give neither run's result.

    Raises:
        TrainingError: names the first setting that differs.
    """
    for name in sorted(wanted.keys() | saved.keys()):
        if wanted.get(name) != saved.get(name):
            raise TrainingError(
                "training.changed",
                "The run in '{folder}' had {name} = {saved}, now it is {wanted}; resume without "
                "changing settings, or start a new run with --init.",
                folder=str(folder), name=name, saved=str(saved.get(name))[:80],
                wanted=str(wanted.get(name))[:80],
            )  # fmt: skip


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _logger(folder: Path) -> logging.Logger:
    logger = logging.getLogger(f"film_core.training.{os.path.abspath(folder)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        lines = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")
        for handler in (
            logging.FileHandler(folder / "train.log", encoding="utf-8"),
            logging.StreamHandler(),
        ):
            handler.setFormatter(lines)
            logger.addHandler(handler)
    return logger
