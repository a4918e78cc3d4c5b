"""Messages between the page and a worker: JSON with the arrays and bytes behind it, never a pickle.

Frame: 4 bytes (little-endian length of the JSON header), the header, then every array's or byte
string's own bytes in order. A header holds ``{"message": ..., "blobs": [...]}``; inside the message
a blob is ``{"__blob__": index}`` and a `Note` what it was made of. Whoever reads a frame can only
ever get numbers, text and arrays.
"""

import json
import struct
from typing import Any

import numpy as np

from film_core.notes import Note, as_message, from_message

_KINDS = frozenset({"b1", "u1", "u2", "i4", "i8", "f2", "f4", "f8"})
_LENGTH = struct.Struct("<I")


def encode(message: dict[str, Any]) -> bytes:
    """Return `message` as one frame.

    Args:
        message: dictionaries with string keys, lists, tuples (they arrive as lists), text, numbers,
            None, `bytes`, and numpy arrays of bool, integer or float.

    Raises:
        TypeError: something else is inside the message.
    """
    blobs: list[dict[str, Any]] = []
    parts: list[bytes] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, bytes | bytearray | memoryview):
            blobs.append({"bytes": len(value)})
            parts.append(bytes(value))
            return {"__blob__": len(blobs) - 1}
        if isinstance(value, np.ndarray):
            kind = value.dtype.str[1:]
            if kind not in _KINDS:
                raise TypeError(f"arrays of {value.dtype} don't cross to a worker")
            data = np.ascontiguousarray(value).tobytes()
            blobs.append({"bytes": len(data), "dtype": kind, "shape": list(value.shape)})
            parts.append(data)
            return {"__blob__": len(blobs) - 1}
        if isinstance(value, dict):
            return {_key(key): plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, Note):
            return {"__note__": as_message(value)}
        if value is None or isinstance(value, str | bool | int | float):
            return value
        raise TypeError(f"{type(value).__name__} doesn't cross to a worker")

    header = json.dumps({"message": plain(message), "blobs": blobs}).encode()
    return b"".join([_LENGTH.pack(len(header)), header, *parts])


def decode(frame: bytes) -> dict[str, Any]:
    """Return the message of a frame that `encode` made; arrays are read-only views of the frame.

    Raises:
        ValueError: the frame is cut short or its header doesn't fit its blobs.
    """
    try:
        message = _decoded(frame)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as failure:
        raise ValueError(f"a frame of a worker makes no sense ({failure!r})") from None
    if not isinstance(message, dict):
        raise ValueError("a frame of a worker holds no message")
    return message


def _decoded(frame: bytes) -> Any:
    if len(frame) < _LENGTH.size:
        raise ValueError("a frame of a worker is cut short")
    (length,) = _LENGTH.unpack_from(frame)
    position = _LENGTH.size + length
    header = json.loads(frame[_LENGTH.size : position].decode())
    view = memoryview(frame)
    blobs: list[Any] = []
    for blob in header["blobs"]:
        data = view[position : position + blob["bytes"]]
        if len(data) != blob["bytes"]:
            raise ValueError("a frame of a worker is cut short")
        position += blob["bytes"]
        if "dtype" not in blob:
            blobs.append(bytes(data))
            continue
        if blob["dtype"] not in _KINDS or min(blob["shape"], default=0) < 0:
            raise ValueError("a frame of a worker names an array that isn't allowed")
        blobs.append(np.frombuffer(data, blob["dtype"]).reshape(blob["shape"]))

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if "__blob__" in value:
                return blobs[value["__blob__"]]
            if "__note__" in value:
                return from_message(value["__note__"])
            return {key: whole(item) for key, item in value.items()}
        if isinstance(value, list):
            return [whole(item) for item in value]
        return value

    return whole(header["message"])


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("the keys of a message are text")
    return key
