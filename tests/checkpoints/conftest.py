"""Archives written opcode by opcode, so that the tests need no PyTorch and can lie at will."""

import io
import pickle
import struct
import zipfile

import numpy as np
import pytest


def text(value: str) -> bytes:
    encoded = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def integer(value: int) -> bytes:
    return pickle.BININT + struct.pack("<i", value)


def numbers(values) -> bytes:
    return pickle.MARK + b"".join(integer(v) for v in values) + pickle.TUPLE


def named(module: str, attribute: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{attribute}\n".encode()


def tensor(key: str, count: int, shape, strides, offset: int = 0, kind="FloatStorage") -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`."""
    storage = (
        pickle.MARK + text("storage") + named("torch", kind) + text(key) + text("cpu")
        + integer(count) + pickle.TUPLE + pickle.BINPERSID
    )  # fmt: skip
    hooks = named("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    return (
        named("torch._utils", "_rebuild_tensor_v2") + pickle.MARK + storage + integer(offset)
        + numbers(shape) + numbers(strides) + pickle.NEWFALSE + hooks + pickle.TUPLE
        + pickle.REDUCE
    )  # fmt: skip


def dictionary(items: dict[str, bytes]) -> bytes:
    inside = b"".join(text(key) + value for key, value in items.items())
    return pickle.EMPTY_DICT + pickle.MARK + inside + pickle.SETITEMS


def program(body: bytes) -> bytes:
    return pickle.PROTO + b"\x02" + body + pickle.STOP


def archive(stream: bytes, members: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr("ckpt/data.pkl", stream)
        file.writestr("ckpt/byteorder", b"little")
        for key, content in members.items():
            file.writestr(f"ckpt/data/{key}", content)
    return buffer.getvalue()


def published(state: dict[str, np.ndarray]) -> bytes:
    """The published layout: {'model': {'module.…': tensor}, 'optimizer1', 'epoch', 'step'}."""
    members, model = {}, {}
    for index, (name, array) in enumerate(state.items()):
        members[str(index)] = np.ascontiguousarray(array, "<f4").tobytes()
        strides = [s // 4 for s in np.ascontiguousarray(array, "<f4").strides]
        model[f"module.{name}"] = tensor(str(index), array.size, array.shape, strides)
    body = dictionary(
        {
            "model": dictionary(model),
            "optimizer1": dictionary({"state": pickle.EMPTY_DICT}),
            "epoch": integer(3),
            "step": integer(7),
        }
    )
    return archive(program(body), members)


@pytest.fixture(scope="session")
def opcode():
    """The small assembler above."""
    import types

    return types.SimpleNamespace(
        text=text, integer=integer, numbers=numbers, named=named, tensor=tensor,
        dictionary=dictionary, program=program, archive=archive, published=published,
    )  # fmt: skip


@pytest.fixture(scope="session")
def film_state() -> dict[str, np.ndarray]:
    """Random values for FILM's 189 tensors, text width 16 to keep it small."""
    from film_core.checkpoints import film_layout

    random = np.random.default_rng(0)
    return {
        key: random.normal(size=shape).astype(np.float32) for key, shape in film_layout(16).items()
    }
