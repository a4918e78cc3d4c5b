"""Reads some tensors of a safetensors file that may be larger than memory."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from film_core.checkpoints.failures import hostile, truncated

_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_wanted(
    path: Path, wanted: Callable[[str], object], most_bytes: int
) -> dict[str, np.ndarray | None]:
    """Return {tensor name: float32 array, or None for a tensor that isn't wanted}.

    Args:
        path: the file.
        wanted: tells by its name whether a tensor is read.
        most_bytes: largest file that is opened.

    Raises:
        TruncatedCheckpointError: not a whole safetensors file, or values that are no floats.
        HostileCheckpointError: larger than is ever read.
        OSError: the disk.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise hostile(path.name, f"it has {size} bytes, more than {most_bytes}")
    try:
        # Checks the header: no tensor reaches past the file or over another.
        with safe_open(path, framework="numpy") as checked:
            names = list(checked.keys())
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
            return {
                name: _tensor(file, 8 + length, header[name], path) if wanted(name) else None
                for name in names
            }
    except (SafetensorError, ValueError, KeyError) as error:
        raise truncated(path.name, str(error)[:120]) from None


def _tensor(file, start: int, entry: dict, path: Path) -> np.ndarray:
    kind = _KINDS.get(entry["dtype"])
    if kind is None:
        raise truncated(path.name, f"its values are of the kind {entry['dtype'][:20]}, not floats")
    file.seek(start + entry["data_offsets"][0])
    flat = np.fromfile(file, kind, math.prod(entry["shape"]))
    values = flat.reshape(entry["shape"])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False)
