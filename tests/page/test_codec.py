"""Frames between page and worker carry numbers, text and arrays, and nothing else."""

import pickle

import numpy as np
import pytest

from demo.language import load_language
from demo.worker.codec import decode, encode
from film_core.notes import Note


def test_arrays_bytes_and_text_arrive_as_they_were_sent():
    message = {
        "text": "“warm” 人 \x00 </script>",
        "list": [1, 2.5, None, True, {"deep": np.arange(6, dtype=np.float32).reshape(2, 3)}],
        "bytes": b"\x00\xff" * 10,
        "empty": np.zeros((0, 4), np.uint8),
        "scalar": np.float64(0.25),
    }
    arrived = decode(encode(message))
    assert arrived["text"] == message["text"]
    assert arrived["bytes"] == message["bytes"]
    assert arrived["scalar"] == 0.25
    np.testing.assert_array_equal(arrived["list"][4]["deep"], message["list"][4]["deep"])
    assert arrived["list"][4]["deep"].dtype == np.float32
    assert arrived["empty"].shape == (0, 4)


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1: "key"}, {"s": {1, 2}}])
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError):
        encode({"value": value})


def test_a_cut_frame_is_noticed():
    frame = encode({"data": np.arange(100)})
    with pytest.raises(ValueError, match="cut short"):
        decode(frame[:-1])
    with pytest.raises(ValueError, match="cut short"):
        decode(frame[:2])


@pytest.mark.parametrize(
    "header",
    [
        b'{"message": {}, "blobs": [{"bytes": 4, "dtype": "f4"}]}',  # found by fuzzing: no shape
        b'{"message": {}, "blobs": [{"bytes": 4, "dtype": "f4", "shape": [1.5]}]}',
        b'{"message": {"__blob__": 3}, "blobs": []}',
        b'{"message": [1], "blobs": []}',
        b'{"blobs": []}',
        b"[]",
        b"[" * 5000,
    ],
)
def test_a_frame_that_makes_no_sense_is_a_value_error(header):
    with pytest.raises(ValueError):
        decode(len(header).to_bytes(4, "little") + header + b"\0\0\0\0")


def test_a_note_keeps_what_it_was_made_of():
    note = Note("image.dark", "Only {percent:.1f} % of {name}.", percent=3.25, name="x")
    (back,) = decode(encode({"notes": [note]}))["notes"]
    assert back == "Only 3.2 % of x." and isinstance(back, Note)
    assert (back.code, back.values) == (note.code, note.values)
    assert pickle.loads(pickle.dumps(note)).values == note.values
    assert load_language("zh").note(back) == "其数值只达到 16 位范围的 3.2 %，因此很暗。"
    assert load_language("en").note(back) == back
    assert load_language("zh").note("just text") == "just text"
