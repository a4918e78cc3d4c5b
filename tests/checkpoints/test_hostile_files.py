"""Whatever a file holds, nothing in it runs, and nothing but a CheckpointError comes out."""

import hashlib
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from film_core.checkpoints import (
    HostileCheckpointError,
    jittor_pickle,
    read_weights,
    torch_archive,
)
from film_core.checkpoints.jittor_pickle import read_jittor_pickle
from film_core.checkpoints.pickle_reader import Allowed, read_pickle
from film_core.checkpoints.store import read_safetensors
from film_core.checkpoints.torch_archive import read_torch_archive
from film_core.errors import CheckpointError

MANY = settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Attack:
    """Unpickles to a call."""

    def __init__(self, function, *arguments):
        self.reduced = (function, arguments)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("seal", [False, True])
def test_code_in_a_pickle_is_refused_and_never_runs(tmp_path, protocol, seal):
    mark = tmp_path / "ran"
    for attack in (
        Attack(os.mkdir, str(mark)),
        Attack(eval, f"__import__('os').mkdir({str(mark)!r})"),
        Attack(os.system, f"mkdir {mark}"),
    ):
        stream = pickle.dumps({"conv1.weight": attack}, protocol)
        if seal:
            stream += hashlib.sha1(stream).digest() + b"HCAJSLHD"
        path = tmp_path / "x.pkl"
        path.write_bytes(stream)
        with pytest.raises(HostileCheckpointError, match="asks for"):
            read_weights(path)
        assert not mark.exists()


def test_code_in_an_archive_is_refused_and_never_runs(tmp_path, opcode):
    mark = tmp_path / "ran"
    stream = pickle.dumps({"model": {"module.conv1.weight": Attack(os.mkdir, str(mark))}}, 2)
    path = tmp_path / "x.pth"
    path.write_bytes(opcode.archive(stream, {}))
    with pytest.raises(HostileCheckpointError, match=r"posix\.mkdir"):
        read_weights(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    ["torch.load", "torch._utils._rebuild_tensor", "collections.Counter", "builtins.getattr",
     "torch._utils._rebuild_tensor_v2.__globals__"],
)  # fmt: skip
def test_neighbours_of_allowed_names_are_refused(tmp_path, opcode, name):
    module, attribute = name.rsplit(".", 1)
    stream = opcode.program(opcode.named(module, attribute))
    path = tmp_path / "x.pth"
    path.write_bytes(opcode.archive(stream, {}))
    with pytest.raises(HostileCheckpointError):
        read_weights(path)


@pytest.mark.parametrize(
    "body",
    [
        pickle.INST + b"os\nsystem\n",
        pickle.EXT1 + b"\x01",
        pickle.PERSID + b"x\n",
        pickle.EMPTY_SET,
        pickle.MARK + b"(" + pickle.OBJ,
        pickle.LONG + b"1" * 10_000 + b"L\n",
    ],
)
def test_operations_that_weights_do_not_need_are_refused(body):
    with pytest.raises(CheckpointError):
        read_pickle(pickle.PROTO + b"\x02" + body + pickle.STOP, {})


def test_calling_a_value_is_refused(opcode):
    for called in (opcode.text("os.system"), opcode.integer(3), pickle.EMPTY_LIST):
        stream = opcode.program(called + pickle.EMPTY_TUPLE + pickle.REDUCE)
        with pytest.raises(HostileCheckpointError):
            read_pickle(stream, {})


def test_state_of_an_object_cannot_be_set(opcode):
    stream = opcode.program(pickle.EMPTY_DICT + pickle.EMPTY_DICT + pickle.BUILD)
    with pytest.raises(HostileCheckpointError, match="inner state"):
        read_pickle(stream, {})


def test_compressed_archives_are_refused_before_they_unpack(tmp_path, opcode):
    bomb = opcode.archive(
        opcode.program(pickle.EMPTY_DICT), {"0": b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 100_000
    path = tmp_path / "bomb.pth"
    path.write_bytes(bomb)
    with pytest.raises(HostileCheckpointError, match="compressed"):
        read_weights(path)


def test_a_stride_of_zero_does_not_unfold_to_gigabytes(tmp_path, opcode):
    stream = opcode.program(
        opcode.dictionary({"conv1.weight": opcode.tensor("0", 1, (2**20, 2**20), (0, 0))})
    )
    path = tmp_path / "x.pth"
    path.write_bytes(opcode.archive(stream, {"0": b"\0" * 4}))
    with pytest.raises(CheckpointError, match="past its storage"):
        read_weights(path)


@pytest.mark.parametrize("offset, shape, strides", [(-1, (1,), (1,)), (2, (2,), (1,)),
                                                    (0, (2,), (-1,)), (0, (2, 2), (1,)),
                                                    (2**31 - 1, (1,), (1,))])  # fmt: skip
def test_tensors_cannot_look_outside_their_storage(tmp_path, opcode, offset, shape, strides):
    stream = opcode.program(
        opcode.dictionary({"conv1.weight": opcode.tensor("0", 3, shape, strides, offset)})
    )
    path = tmp_path / "x.pth"
    path.write_bytes(opcode.archive(stream, {"0": b"\0" * 12}))
    with pytest.raises(CheckpointError):
        read_weights(path)


def test_one_array_under_many_names_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(jittor_pickle, "MAX_ARRAYS_BYTES", 40_000)
    shared = np.ones(1000, np.int8)
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({f"k{n}": shared for n in range(10)}, 4))
    assert len(read_jittor_pickle(path)) == 10
    path.write_bytes(pickle.dumps({f"k{n}": shared for n in range(11)}, 4))
    monkeypatch.setattr(np, "ascontiguousarray", None)  # refused before anything is converted
    with pytest.raises(HostileCheckpointError, match="more than 40000 bytes"):
        read_jittor_pickle(path)


@pytest.mark.parametrize("count, stored", [(1000, 1000), (1, 4000)])
def test_one_storage_under_many_names_does_not_fill_the_memory(
    tmp_path, opcode, monkeypatch, count, stored
):
    """Bytes that become float32 of four, and a member of more bytes than the pickle tells of."""
    monkeypatch.setattr(torch_archive, "MAX_TENSORS_BYTES", 40_000)
    for entries in (10, 11):
        tensors = {
            f"k{n}": opcode.tensor("0", count, (count,), (1,), kind="ByteStorage")
            for n in range(entries)
        }
        path = tmp_path / f"{entries}.pth"
        stream = opcode.program(opcode.dictionary(tensors))
        path.write_bytes(opcode.archive(stream, {"0": b"\1" * stored}))
    assert len(read_torch_archive(tmp_path / "10.pth")) == 10
    with pytest.raises(HostileCheckpointError, match="more than 40000 bytes"):
        read_torch_archive(tmp_path / "11.pth")


def test_a_function_is_named_by_text_alone(opcode):
    """A tuple of ten of the tuple before, nine deep: a kilobyte that prints as gigabytes."""
    nested = opcode.text("laugh")
    for slot in range(9):
        again = pickle.BINGET + bytes([slot])
        nested += pickle.BINPUT + bytes([slot]) + pickle.MARK + again * 10 + pickle.TUPLE
    for named in (nested + opcode.text("b"), opcode.text("a") + opcode.integer(1)):
        with pytest.raises(CheckpointError, match="something else than text"):
            read_pickle(opcode.program(named + pickle.STACK_GLOBAL), {})


def test_deep_nesting_is_a_damaged_file(opcode):
    deep = pickle.EMPTY_TUPLE + pickle.TUPLE1 * 100_000
    walks = {"a b": Allowed("a b", repr)}
    stream = opcode.program(opcode.named("a", "b") + deep + pickle.REDUCE)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # Python's own; Jittor raises it for the whole process
    try:
        with pytest.raises(CheckpointError, match="can't be read"):
            read_pickle(stream, walks)
    finally:
        sys.setrecursionlimit(before)


def _small_archive(opcode) -> bytes:
    return opcode.published({"a": np.ones((2, 3)), "b.c": np.arange(4.0)})


def _small_jittor() -> bytes:
    return pickle.dumps({"a": np.ones((2, 3), np.float32), "b": np.arange(4.0)}, 4)


def _small_safetensors() -> bytes:
    from safetensors.numpy import save

    return save({"a": np.ones((2, 3), np.float32), "b": np.arange(4.0)})


class Tripwire:
    """Notices when anything is imported or run in the process while a file is read."""

    def __init__(self, monkeypatch):
        self.calls = []
        for name in ("system", "popen", "execv", "fork"):
            monkeypatch.setattr(os, name, lambda *a, _n=name, **k: self.calls.append(_n))
        for module, name in (("pickle", "loads"), ("pickle", "Unpickler")):
            monkeypatch.setattr(f"{module}.{name}", lambda *a, _n=name, **k: self.calls.append(_n))


def _survives(reader, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        state = reader(path)
    except CheckpointError as error:
        assert str(error)
        return
    state = state[0] if isinstance(state, tuple) else state
    assert all(isinstance(array, np.ndarray) for array in state.values())


@st.composite
def mutations(draw, whole: bytes) -> bytes:
    """Bytes replaced, cut out, repeated, or put in, several times over."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        kind = draw(st.sampled_from(["set", "cut", "insert", "copy", "number"]))
        if kind == "set" and content:
            content[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del content[at : at + draw(st.integers(1, 20))]
        elif kind == "insert":
            content[at:at] = draw(st.binary(max_size=12))
        elif kind == "copy":
            content[at:at] = content[at : at + draw(st.integers(1, 60))]
        else:
            content[at : at + 4] = draw(
                st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"])
            )
    return bytes(content)


@MANY
@given(data=st.data())
def test_mutated_archives(tmp_path, opcode, monkeypatch, data):
    wire = Tripwire(monkeypatch)
    _survives(read_torch_archive, tmp_path / "x.pth", data.draw(mutations(_small_archive(opcode))))
    assert wire.calls == []


@MANY
@given(data=st.data())
def test_mutated_pickles_inside_whole_archives(tmp_path, opcode, monkeypatch, data):
    wire = Tripwire(monkeypatch)
    with zipfile.ZipFile(io.BytesIO(_small_archive(opcode))) as whole:
        stream = whole.read("ckpt/data.pkl")
        members = {"0": whole.read("ckpt/data/0"), "1": whole.read("ckpt/data/1")}
    mutated = opcode.archive(data.draw(mutations(stream)), members)
    _survives(read_torch_archive, tmp_path / "x.pth", mutated)
    assert wire.calls == []


@MANY
@given(data=st.data())
def test_mutated_jittor_pickles(tmp_path, monkeypatch, data):
    wire = Tripwire(monkeypatch)
    _survives(read_jittor_pickle, tmp_path / "x.pkl", data.draw(mutations(_small_jittor())))
    assert wire.calls == []


@MANY
@given(data=st.data())
def test_mutated_safetensors(tmp_path, data):
    content = data.draw(mutations(_small_safetensors()))
    _survives(read_safetensors, tmp_path / "x.safetensors", content)


@MANY
@given(stream=st.binary(max_size=200))
def test_noise_after_a_pickle_header(stream):
    for protocol in (b"\x02", b"\x04"):
        try:
            read_pickle(pickle.PROTO + protocol + stream, {})
        except CheckpointError as error:
            assert str(error)
