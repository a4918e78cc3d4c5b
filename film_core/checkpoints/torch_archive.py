"""The published checkpoints' format: PyTorch's zip of a pickle and one file per storage.

`{'model': state dict, 'optimizer1', 'lr_schedule1', 'epoch', 'step'}`; only 'model' is turned
into arrays. What the pickle says about optimisers is walked over and never materialised.
"""

import errno
import math
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from film_core.checkpoints.failures import hostile, not_a_checkpoint, truncated
from film_core.checkpoints.pickle_reader import Allowed, Built, read_pickle

MAX_MEMBERS = 20_000
MAX_FILE_BYTES = 2**30
MAX_TENSORS_BYTES = 2**30
"""Most bytes of tensors that are turned into arrays (FILM needs 8 MB, its optimiser 16)."""
MAX_DIMENSIONS = 8

_STORAGES = {
    "DoubleStorage": np.dtype("<f8"), "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"), "BFloat16Storage": np.dtype("<u2"),
    "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"), "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"), "BoolStorage": np.dtype("?"),
}  # fmt: skip


@dataclass(frozen=True)
class Storage:
    """A flat run of values in one member of the archive, not read yet."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage: offset, shape and strides are counted in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_archive(
    path: Path,
    wanted: Callable[[str], bool] | None = None,
    most_bytes: int = MAX_FILE_BYTES,
) -> dict[str, np.ndarray | None]:
    """Return {tensor name: float32 array} of the model in a published `.pth`.

    The prefix ``module.`` that data-parallel training puts before every name is taken off.

    Args:
        path: the file.
        wanted: tells by its name whether a tensor is read; the others are None in the result.
            None reads all.
        most_bytes: largest file that is opened; only what is wanted is held in memory.

    Raises:
        NotACheckpointError, TruncatedCheckpointError, HostileCheckpointError.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise hostile(path.name, f"it has {size} bytes, more than {most_bytes}")
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            return _Archive(archive, path.name, size).model(wanted)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # The archive points before its own start; a failing disk has other numbers.
        raise truncated(path.name, "its archive points outside the file") from None
    except zipfile.BadZipFile as error:
        raise truncated(path.name, str(error)[:120]) from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # zipfile's ways of saying that a header is nonsense: an unknown method, a password,
        # a negative seek, an offset past the end.
        raise truncated(path.name, f"{type(error).__name__}: {str(error)[:120]}") from None


class _Archive:
    def __init__(self, archive: zipfile.ZipFile, name: str, size: int) -> None:
        self.archive, self.name = archive, name
        self.members = {info.filename: info for info in archive.infolist()}
        self.check_members(size)
        pickles = [name for name in self.members if name.count("/") == 1
                   and name.endswith("/data.pkl")]  # fmt: skip
        if len(pickles) != 1:
            raise not_a_checkpoint(self.name, "a zip without PyTorch's data.pkl")
        self.root = pickles[0].split("/")[0]
        self.held_bytes = 0

    def check_members(self, file_size: int) -> None:
        """Refuse archives that unpack to more than they are: PyTorch only ever stores."""
        if len(self.members) > MAX_MEMBERS:
            raise hostile(self.name, f"its archive has {len(self.members)} members")
        total = 0
        for info in self.members.values():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise hostile(self.name, "its archive is compressed, which PyTorch never does")
            total += info.file_size
        if total > file_size:
            raise hostile(self.name, "its archive claims more bytes than the file has")

    def model(self, wanted: Callable[[str], bool] | None) -> dict[str, np.ndarray | None]:
        byteorder = self.members.get(f"{self.root}/byteorder")
        if byteorder is not None and self.member("byteorder", 16).strip() != b"little":
            raise not_a_checkpoint(self.name, "its byte order is not little-endian")
        content = read_pickle(self.member("data.pkl", 16 * 2**20), _TABLE, self.storage, self.name)
        state = _plain_dict(content)
        if state is None:
            raise not_a_checkpoint(self.name, "its pickle holds no state dict")
        if "model" in state:
            state = _plain_dict(state["model"])
            if state is None:
                raise not_a_checkpoint(self.name, "its 'model' is no state dict")
        return {
            name: self.array(name, value) if wanted is None or wanted(name) else None
            for name, value in (
                (str(key).removeprefix("module."), value) for key, value in state.items()
            )
        }

    def member(self, relative: str, limit: int) -> bytes:
        info = self.members.get(f"{self.root}/{relative}")
        if info is None:
            raise truncated(self.name, f"the member {relative[:60]} is missing")
        if info.file_size > limit:
            raise hostile(self.name, f"the member {relative[:60]} has {info.file_size} bytes")
        return self.archive.read(info)

    def storage(self, reference: Any) -> Storage:
        """Turn the persistent id ("storage", kind, key, device, count) into a reference."""
        if (
            not isinstance(reference, tuple)
            or len(reference) != 5
            or reference[0] != "storage"
            or not isinstance(reference[1], Allowed)
            or reference[1].name.removeprefix("torch ") not in _STORAGES
            or not isinstance(reference[2], str)
            or not _is_count(reference[4])
        ):
            raise truncated(self.name, "its pickle refers to a storage in an unknown way")
        return Storage(reference[2], reference[1].name.removeprefix("torch "), reference[4])

    def array(self, key: str, value: Any) -> np.ndarray:
        tensor = value.value if isinstance(value, Built) else value
        if not isinstance(tensor, StoredTensor):
            raise not_a_checkpoint(self.name, f"its entry {key[:80]} is not a tensor")
        storage, kind = tensor.storage, _STORAGES[tensor.storage.kind]
        last = tensor.offset + sum(
            (size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)
        )
        empty = 0 in tensor.shape
        if not empty and (last >= storage.count or math.prod(tensor.shape) > storage.count):
            raise truncated(self.name, f"the tensor {key[:80]} reaches past its storage")
        # A view keeps its whole member alive, and a byte becomes a float32 of four; many tensors
        # may name one storage, and each is read anew.
        member = self.members.get(f"{self.root}/data/{storage.key}")
        self.held_bytes += max(
            storage.count * kind.itemsize,
            member.file_size if member is not None else 0,
            4 * math.prod(tensor.shape),
        )
        if self.held_bytes > MAX_TENSORS_BYTES:
            raise hostile(self.name, f"its tensors take more than {MAX_TENSORS_BYTES} bytes")
        data = self.member(f"data/{storage.key}", MAX_TENSORS_BYTES)
        if len(data) < storage.count * kind.itemsize:
            raise truncated(self.name, f"the storage of {key[:80]} is too short")
        flat = np.frombuffer(data, kind, storage.count)
        if empty:
            return np.zeros(tensor.shape, np.float32)
        view = np.lib.stride_tricks.as_strided(
            flat[tensor.offset :], tensor.shape,
            tuple(stride * kind.itemsize for stride in tensor.strides), writeable=False,
        )  # fmt: skip
        if storage.kind == "BFloat16Storage":  # the upper half of a float32
            return (view.astype(np.uint32) << 16).view(np.float32)
        return np.ascontiguousarray(view, dtype=np.float32).reshape(tensor.shape)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**40


def _counts(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, tuple) and len(value) <= MAX_DIMENSIONS and all(map(_is_count, value)):
        return value
    return None


def _rebuild_tensor(arguments: tuple) -> StoredTensor | None:
    """`torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, ...)`, on paper only."""
    if len(arguments) < 4 or not isinstance(arguments[0], Storage) or not _is_count(arguments[1]):
        return None
    shape, strides = _counts(arguments[2]), _counts(arguments[3])
    if shape is None or strides is None or len(shape) != len(strides):
        return None
    return StoredTensor(arguments[0], arguments[1], shape, strides)


def _rebuild_parameter(arguments: tuple) -> StoredTensor | None:
    inner = arguments[0] if arguments else None
    return inner.value if isinstance(inner, Built) else None


def _plain_dict(value: Any) -> dict | None:
    if isinstance(value, Built):
        value = value.value
    return value if isinstance(value, dict) else None


_TABLE = {
    entry.name: entry
    for entry in (
        Allowed("torch._utils _rebuild_tensor_v2", _rebuild_tensor),
        Allowed("torch._utils _rebuild_parameter", _rebuild_parameter),
        # BUILD on an ordered dict only sets `_metadata`, the version numbers of modules.
        Allowed("collections OrderedDict", lambda _: {}, lambda made, _: made),
        *(Allowed(f"torch {kind}") for kind in _STORAGES),
    )
}
