"""Answers and features kept by what they were made from, within a limit of bytes."""

import os
import re
from contextlib import suppress
from pathlib import Path

from film_core.checkpoints.writing import write_atomically
from film_core.errors import OutputError, SettingError

DEFAULT_MEGABYTES = 256
_KEY = re.compile("[0-9a-f]{64}")


def default_cache_folder() -> Path:
    """Return the folder beside the compiled code, on whichever disk can be written."""
    from film_core.runtime.cache import cache_home

    return cache_home()[0] / ".cache" / "film-studio" / "texts"


class AnswerCache:
    """A folder of files named by key; the ones that were used longest ago go first.

    Whatever else lies in the folder is neither counted nor touched.
    """

    def __init__(self, folder: Path, megabytes: float = DEFAULT_MEGABYTES) -> None:
        """Use `folder` up to `megabytes`; 0 keeps nothing.

        Raises:
            SettingError: a negative limit.
            OutputError: the folder can't be made.
        """
        if not 0 <= megabytes < float("inf"):
            raise SettingError(
                "cache.limit",
                "The cache's limit of {megabytes} megabytes makes no sense; give 0 or more.",
                megabytes=megabytes,
            )
        self._folder = folder
        self._limit = int(megabytes * 1_000_000)
        if self._limit:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    "cache.folder",
                    "The cache folder '{path}' can't be made ({reason}); choose another with "
                    "--cache, or none with --cache-megabytes 0.",
                    path=str(folder), reason=error.strerror,
                ) from None  # fmt: skip

    def get(self, key: str) -> bytes | None:
        """Return what is kept for `key` (a SHA-256 in hexadecimal), None if nothing is."""
        if not self._limit:
            return None
        try:
            content = (self._folder / key).read_bytes()
            os.utime(self._folder / key)
        except OSError:
            return None
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` for `key`, making room. Raises OutputError."""
        if not 0 < len(content) <= self._limit:
            return
        write_atomically(self._folder / key, content)
        self._trim()

    def _trim(self) -> None:
        # Another process may remove a file at any time, which is what is wanted anyway.
        files = []
        try:
            for entry in os.scandir(self._folder):
                if _KEY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    files.append((status.st_mtime_ns, status.st_size, entry.path))
        except OSError:
            return
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._limit:
                break
            with suppress(OSError):
                os.unlink(path)
            total -= size
