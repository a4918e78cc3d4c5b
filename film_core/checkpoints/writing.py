"""Files that appear whole or not at all, with a sentence where the disk does not allow it."""

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from film_core.errors import OutputError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it.

    Raises:
        OutputError: no such folder, no permission, or no room on the disk.
    """
    replace_atomically(path, lambda temporary: temporary.write_bytes(content))


def replace_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in `path`'s place.

    Whatever stood at `path` stays until the new file is complete and on the disk.

    Raises:
        OutputError: no such folder, no permission, or no room on the disk.
    """
    try:
        # Not the whole name: one as long as names may be has no room for more.
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise output_error(path, error) from None
    unfinished = Path(temporary)
    try:
        write(unfinished)
        with open(unfinished, "rb") as written:
            os.fsync(written.fileno())
        unfinished.chmod(0o666 & ~_umask())
        os.replace(unfinished, path)
    except OSError as error:
        raise output_error(path, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def output_error(path: Path, error: OSError) -> OutputError:
    """Return the sentence for an `OSError` met while writing to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            "output.full",
            "There is no room left on the disk for '{path}'; free some and start again.",
            path=str(path),
        )
    if error.errno == errno.ENOENT:
        return OutputError(
            "output.no_folder",
            "The folder of '{path}' does not exist; create it first.",
            path=str(path),
        )
    return OutputError(
        "output.unwritable",
        "'{path}' can't be written ({reason}); choose another place.",
        path=str(path), reason=error.strerror or str(error),
    )  # fmt: skip


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
