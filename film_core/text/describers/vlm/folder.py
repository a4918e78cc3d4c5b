"""Finds a model's folder, and notices what can be noticed without loading anything."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from film_core.errors import SettingError, TextError

ENVIRONMENT = "FILM_VLM"
"""Environment variable that names the model where no path is given."""
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def find_model(path_or_name: str | None) -> tuple[Path, str]:
    """Return a model's folder and its name for people.

    Args:
        path_or_name: a folder, or a name such as "Salesforce/blip2-opt-2.7b" of which a snapshot
            lies in the local cache; None reads the environment variable ``FILM_VLM``.

    Raises:
        SettingError: no model is named at all.
        TextError: no such folder, no model in it, or a part of its weights is missing.
    """
    asked = str(path_or_name or os.environ.get(ENVIRONMENT, "")).strip()
    if not asked:
        raise SettingError(
            "vlm.unset",
            "The describer 'vlm' needs a model: name its folder with --vlm PATH or in the "
            "environment variable {variable} (docs/describers.md).",
            variable=ENVIRONMENT,
        )
    folder = Path(os.path.expanduser(asked))  # Path's own raises where there is no home
    if not folder.is_dir():
        folder = _cached(asked)
    _check_config(folder)
    _check_weights(folder)
    return folder, _name(folder)


def fingerprint_of(folder: Path) -> str:
    """Return a digest that changes with the folder's files: their names, sizes and times.

    Their contents, gigabytes, are read by nobody but the model.
    """
    told = []
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            status = path.stat()
            told.append((path.name, status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(told).encode(errors="surrogateescape")).hexdigest()[:16]


def _cached(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError):
        raise TextError(
            "vlm.missing",
            "There is no folder '{path}' and no model of that name in the local cache; nothing is "
            "fetched from here: download the model first (docs/describers.md).",
            path=name[:200],
        ) from None


def _check_config(folder: Path) -> None:
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = content["model_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        kind = None
    if not isinstance(kind, str):
        raise TextError(
            "vlm.not_a_model",
            "The folder '{path}' holds no model: its config.json is missing or names no "
            "model_type.",
            path=str(folder),
        )


def _check_weights(folder: Path) -> None:
    needed: list[str] = []
    for name in _WEIGHTS:
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return
        if index.is_file():
            try:
                parts = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
                needed = sorted({str(part) for part in parts.values()})
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                needed = [index.name]
                break
            if all((folder / part).is_file() for part in needed):
                return
            break
    absent = [name for name in needed if not (folder / name).is_file()] or needed
    raise TextError(
        "vlm.incomplete",
        "The model in '{path}' lacks its weights ({missing}): finish the download.",
        path=str(folder), missing=", ".join(absent[:3]) or " or ".join(_WEIGHTS),
    )  # fmt: skip


def _name(folder: Path) -> str:
    """Return "owner/model" for a snapshot of the cache, else the folder's name."""
    for part in folder.absolute().parts:
        if part.startswith("models--"):
            return part.removeprefix("models--").replace("--", "/")
    return folder.absolute().name
