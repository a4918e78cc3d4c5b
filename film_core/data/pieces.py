"""Pairs on their way into an H5 file: one file for each that is finished, then all of them at once.

HDF5 can't go on after a write that failed: it raises while flushing, crashes while closing, and may
leave entries that look whole and hold other numbers. So a pair is first a file of its own, which
appears whole or not at all and whose checksums are verified when it is read; the H5 file is written
in one go from those, and HDF5 never hears of a failed write.
"""

import errno
import hashlib
import io
import json
import os
import shutil
import zlib
from pathlib import Path
from zipfile import BadZipFile

import h5py
import numpy as np

from film_core.checkpoints.writing import write_atomically
from film_core.data.pairs import DataError

Attributes = dict[str, str | int]
ARRAYS = ("imageA", "imageB", "text")


class Pieces:
    """A folder of finished pairs, all prepared with the same settings.

    Args:
        folder: where; made if it isn't there.
        attributes: the settings.

    Raises:
        DataError: the folder was begun with other settings.
        OSError, OutputError: no room, no permission.
    """

    def __init__(self, folder: Path, attributes: Attributes) -> None:
        self.folder, note = folder, folder / "settings.json"
        if folder.is_file():
            folder.unlink()  # an unfinished H5 file, as earlier versions left: not to be trusted
        folder.mkdir(exist_ok=True)
        if note.is_file():
            if _settings(note) != attributes:
                raise DataError(
                    "data.other_partial",
                    "'{path}' was begun with other settings; delete it, or repeat those settings.",
                    path=str(folder),
                )
        else:
            write_atomically(note, json.dumps(attributes).encode())

    def read(self, name: str, digest: str) -> dict[str, np.ndarray] | None:
        """Return {array name: array} of the pair, None where it isn't there whole.

        `digest` stands for the content of the files it is made of: a pair that was made of others
        is not there.
        """
        try:
            with np.load(self._path(name, digest), allow_pickle=False) as piece:
                return {key: piece[key] for key in (*ARRAYS, "description")}
        except FileNotFoundError:
            return None
        except (BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError):
            return None  # zip's checksum of every array was wrong, or it is no such file

    def write(
        self, name: str, digest: str, arrays: dict[str, np.ndarray], description: Attributes
    ) -> None:
        """Keep a pair that was made of the files of `digest`.

        Raises:
            OutputError: no room, no permission.
        """
        content = io.BytesIO()
        np.savez(content, **arrays, description=np.array(json.dumps(description)))
        write_atomically(self._path(name, digest), content.getvalue())

    def merge(self, path: Path, pairs: dict[str, str], attributes: Attributes) -> None:
        """Write `pairs`, {name: digest}, to the H5 file `path`.

        Raises:
            OSError: no room, no permission, or a pair is no longer there.
        """
        with open(path, "w+b", buffering=0) as raw:
            sink = _Sink(raw)
            with h5py.File(sink, "w") as file:
                file.attrs.update(attributes)
                for group in (*ARRAYS, "description"):
                    file.create_group(group)
                for name, digest in pairs.items():
                    self._add(file, name, digest)
                    if sink.error is not None:
                        break
            if sink.error is not None:
                raise sink.error

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _add(self, file: h5py.File, name: str, digest: str) -> None:
        piece = self.read(name, digest)
        if piece is None:
            raise OSError(errno.EIO, f"the finished pair '{name}' can no longer be read")
        for key in ("imageA", "imageB"):
            file[key].create_dataset(name, data=piece[key], compression="lzf")
        file["text"].create_dataset(name, data=piece["text"])
        described = file["description"].create_group(name)
        described.attrs.update(json.loads(str(piece["description"])))

    def _path(self, name: str, digest: str) -> Path:
        # A name may be too long for what is put before and behind it.
        key = hashlib.sha256(os.fsencode(name) + digest.encode()).hexdigest()
        return self.folder / f"{key[:32]}.npz"


class _Sink:
    """A file for HDF5 whose writes never fail: what went wrong first is kept in `error`."""

    def __init__(self, raw: io.FileIO) -> None:
        self.raw = raw
        self.error: OSError | None = None
        self.seek, self.tell = raw.seek, raw.tell
        self.read, self.readinto = raw.read, raw.readinto

    def write(self, content: memoryview) -> int:
        done = 0
        while done < len(content) and self.error is None:
            try:
                done += self.raw.write(content[done:])
            except OSError as error:
                self.error = error
        return len(content)

    def truncate(self, size: int) -> int:
        try:
            return self.raw.truncate(size) if self.error is None else size
        except OSError as error:
            self.error = error
            return size

    def flush(self) -> None:
        """Nothing is held back; the finished file is made durable by who asked for it."""


def _settings(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return None
