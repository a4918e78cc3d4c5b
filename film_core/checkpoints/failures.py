"""The distinct ways in which a weights file can be unusable, each its own error."""

from pathlib import Path

from film_core.errors import CheckpointError


class MissingCheckpointError(CheckpointError):
    """There is no such file, or it can't be opened."""


class NotACheckpointError(CheckpointError):
    """The file is something else than weights."""


class TruncatedCheckpointError(CheckpointError):
    """The file began as weights but is cut short or damaged."""


class HostileCheckpointError(CheckpointError):
    """The file asks for code to be run, or is built to exhaust the reader."""


class WrongKeysError(CheckpointError):
    """The file holds tensors of another network."""


class WrongShapesError(CheckpointError):
    """The names fit, the shapes don't."""


class WrongValuesError(CheckpointError):
    """A tensor holds NaN or infinity."""


def unreadable(path: Path, error: OSError) -> MissingCheckpointError:
    """Return the error for a file that is there but can't be opened or read."""
    return MissingCheckpointError(
        "checkpoint.unreadable",
        "The weights file '{path}' can't be read ({reason}).",
        path=str(path), reason=error.strerror or str(error),
    )  # fmt: skip


def truncated(name: str, seen: str) -> TruncatedCheckpointError:
    """Return the error for a cut or damaged file; `seen` says what was noticed."""
    return TruncatedCheckpointError(
        "checkpoint.truncated",
        "The weights file '{name}' is cut short or damaged ({seen}); fetch or write it again.",
        name=name, seen=seen,
    )  # fmt: skip


def hostile(name: str, seen: str) -> HostileCheckpointError:
    """Return the error for hostile content; `seen` names what the file asks for."""
    return HostileCheckpointError(
        "checkpoint.hostile",
        "The weights file '{name}' was refused: {seen}. Weights need nothing of the kind and "
        "nothing of it was run; use a file from a source you trust.",
        name=name, seen=seen,
    )  # fmt: skip


def not_a_checkpoint(name: str, seen: str) -> NotACheckpointError:
    """Return the error for a file of another kind; `seen` says what it looks like."""
    return NotACheckpointError(
        "checkpoint.not_one",
        "'{name}' is not a weights file ({seen}); expected .safetensors, a published .pth "
        "(zip) or a Jittor .pkl.",
        name=name, seen=seen,
    )  # fmt: skip
