"""Writes files so that a reader sees the old or the new one, never half of it."""

import io
import os
from pathlib import Path

from PIL import Image

from film_core.errors import OutputError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing.

    Raises:
        OutputError: it can't be written.
    """
    partial = path.with_suffix(path.suffix + ".partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            "output.failed", "'{path}' can't be written: {reason}.",
            path=str(path), reason=error.strerror or str(error),
        ) from error  # fmt: skip


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a PNG, packed as tightly as it goes.

    Raises:
        OutputError: it can't be written.
    """
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    write_bytes(path, file.getvalue())
