"""Jittor's own `.pkl`: a pickled {name: numpy array}, a SHA-1 of it, and a marker at the end."""

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from film_core.checkpoints.failures import hostile, not_a_checkpoint, truncated
from film_core.checkpoints.pickle_reader import MAX_STREAM, Allowed, Built, read_pickle

MAX_ARRAYS_BYTES = 4 * MAX_STREAM
"""Most bytes of float32 arrays: a stream that holds each value once, in a byte, gives no more."""
MARKER = b"HCAJSLHD"
_SHA1_LENGTH = 20
_DTYPES = {"f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"}


def read_jittor_pickle(path: Path) -> dict[str, np.ndarray]:
    """Return {tensor name: float32 array} of a Jittor `.pkl`, or of a training checkpoint's model.

    Raises:
        NotACheckpointError, TruncatedCheckpointError, HostileCheckpointError.
    """
    size = path.stat().st_size
    if size > MAX_STREAM:
        raise hostile(path.name, f"it has {size} bytes, more than {MAX_STREAM}")
    stream = path.read_bytes()
    if stream.endswith(MARKER):
        checksum = stream[-len(MARKER) - _SHA1_LENGTH : -len(MARKER)]
        stream = stream[: -len(MARKER) - _SHA1_LENGTH]
        if hashlib.sha1(stream).digest() != checksum:
            raise truncated(path.name, "its checksum does not fit")
    content = _unwrapped(read_pickle(stream, _TABLE, None, path.name))
    if isinstance(content, dict) and "model" in content:
        content = _unwrapped(content["model"])
    if not isinstance(content, dict):
        raise not_a_checkpoint(path.name, "its pickle holds no state dict")
    arrays = {str(key): _unwrapped(value) for key, value in content.items()}
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise not_a_checkpoint(path.name, f"its entry {key[:80]} is not an array")
    # Many entries may name one array of the stream, and each would become an array of its own.
    if sum(4 * array.size for array in arrays.values()) > MAX_ARRAYS_BYTES:
        raise hostile(path.name, f"its arrays take more than {MAX_ARRAYS_BYTES} bytes")
    return {
        key.removeprefix("module."): np.ascontiguousarray(array, np.float32).reshape(array.shape)
        for key, array in arrays.items()
    }


def _unwrapped(value: Any) -> Any:
    while isinstance(value, Built):
        value = value.value
    return value


def _dtype(arguments: tuple) -> np.dtype | None:
    """`numpy.dtype("f4", False, True)`."""
    kind = arguments[0] if arguments else None
    return np.dtype(f"<{kind}") if isinstance(kind, str) and kind in _DTYPES else None


def _fill(_: Any, state: Any) -> np.ndarray | None:
    """`ndarray.__setstate__((version, shape, dtype, is_fortran, bytes))`."""
    if not isinstance(state, tuple) or len(state) != 5:
        return None
    _, shape, dtype, fortran, data = state
    dtype = _unwrapped(dtype)
    if (
        not isinstance(dtype, np.dtype)
        or not isinstance(data, bytes)
        or not isinstance(shape, tuple)
        or len(shape) > 8
        or not all(type(side) is int and 0 <= side < 2**40 for side in shape)
        or math.prod(shape) * dtype.itemsize != len(data)
    ):
        return None
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _same(arguments: tuple) -> Any:
    """`jittor_core.Var(array)`: the array is all that is wanted."""
    return _unwrapped(arguments[0]) if arguments else None


_TABLE = {
    entry.name: entry
    for entry in (
        Allowed("numpy ndarray"),
        # BUILD on a dtype gives its byte order; only little-endian is accepted, and is assumed.
        Allowed("numpy dtype", _dtype, lambda made, state: made if _little(state) else None),
        # numpy 1 and numpy 2 name the same function differently.
        Allowed("numpy.core.multiarray _reconstruct", lambda _: None, _fill),
        Allowed("numpy._core.multiarray _reconstruct", lambda _: None, _fill),
        Allowed("collections OrderedDict", lambda _: {}, lambda made, _: made),
        Allowed("jittor_core Var", _same),
        Allowed("jittor.jittor_core Var", _same),
        Allowed("jittor Var", _same),
    )
}


def _little(state: Any) -> bool:
    return isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", "|", "=")
