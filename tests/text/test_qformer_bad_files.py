"""What isn't a Q-Former's text branch is refused with a sentence that says what it is."""

import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from film_core.checkpoints import (
    HostileCheckpointError,
    MissingCheckpointError,
    NotACheckpointError,
    TruncatedCheckpointError,
    WrongKeysError,
    WrongShapesError,
    WrongValuesError,
)
from film_core.errors import SettingError, TextError
from film_core.text import load_encoder
from film_core.text.describers.vlm.folder import find_model
from film_core.text.qformer import QFormer, read_qformer


@pytest.fixture
def state(shared):
    return load_file(shared / "golden" / "text" / "qformer" / "model.safetensors")


def refused(path, kind, code, said):
    with pytest.raises(kind, match=said) as caught:
        read_qformer(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_nothing_there(tmp_path):
    refused(tmp_path / "no", MissingCheckpointError, "qformer.missing", "published-weights")
    (tmp_path / "readme.md").write_text("hello")
    refused(tmp_path, MissingCheckpointError, "qformer.folder", r"it holds readme\.md")


def test_a_path_from_home_where_there_is_none(monkeypatch):
    def nobody(_):
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.delenv("HOME", raising=False)
    with pytest.raises(MissingCheckpointError, match="~/qformer"):
        read_qformer("~/qformer")
    with pytest.raises(TextError, match="~/blip"):
        find_model("~/blip")


def test_other_kinds_of_file(tmp_path):
    for name, content in (("a.png", b"\x89PNG\r\n\x1a\n12345"), ("empty.bin", b"")):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, NotACheckpointError, "checkpoint.not_one", "not a weights file")


def test_half_downloaded(tmp_path, state):
    save_file(state, tmp_path / "model.safetensors")
    whole = (tmp_path / "model.safetensors").read_bytes()
    for size in (4, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "model.safetensors").write_bytes(whole[:size])
        refused(tmp_path, TruncatedCheckpointError, "checkpoint.truncated", "cut short")
    (tmp_path / "model.safetensors").unlink()
    index = {"weight_map": {"qformer.layernorm.weight": "model-00002-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(tmp_path, TruncatedCheckpointError, "checkpoint.truncated", "00002-of-00002")
    index["weight_map"] = {"x": "../../etc/passwd"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(tmp_path, TruncatedCheckpointError, "checkpoint.truncated", "missing")


def test_code_in_a_bin_never_runs(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"x": Attack()}, 2))
    refused(tmp_path, HostileCheckpointError, "checkpoint.hostile", r"posix\.mkdir")
    assert not (tmp_path / "ran").exists()


def test_another_network(tmp_path):
    save_file({"encoder.layer.0.attention.weight": np.zeros((2, 2), np.float32)}, tmp_path / "m.st")
    refused(tmp_path / "m.st", WrongKeysError, "qformer.other_network", "blip2-itm-vit-g")


def test_a_captioning_model_has_no_text_branch(tmp_path, state):
    kept = {
        name: array
        for name, array in state.items()
        if not name.startswith("embeddings.") and ".intermediate." not in name
    }
    save_file(kept, tmp_path / "model.safetensors")
    refused(tmp_path, WrongKeysError, "qformer.no_text_branch", "captioning models")


def test_damaged_content(tmp_path, state):
    path = tmp_path / "model.safetensors"
    lacking = "qformer.encoder.layer.2.attention.attention.key.bias"
    save_file({name: array for name, array in state.items() if name != lacking}, path)
    refused(path, WrongKeysError, "qformer.incomplete", r"2\.key\.bias")
    save_file({**state, lacking: np.zeros(7, np.float32)}, path)
    refused(path, WrongShapesError, "qformer.shapes", r"2\.key\.bias has shape \(7,\)")
    save_file({**state, lacking: np.full(96, np.nan, np.float32)}, path)
    refused(path, WrongValuesError, "checkpoint.values", "NaN")
    save_file({**state, lacking: np.zeros(96, np.int64)}, path)
    refused(path, TruncatedCheckpointError, "checkpoint.truncated", "not floats")
    save_file({**state, "embeddings.word_embeddings.weight": np.zeros(96, np.float32)}, path)
    refused(path, WrongShapesError, "qformer.shape", "words has shape")


def test_a_config_that_does_not_fit(tmp_path, state):
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"num_attention_heads": 7}')
    refused(tmp_path, WrongShapesError, "qformer.heads", "7 heads")
    (tmp_path / "config.json").write_text("[1")
    refused(tmp_path, TruncatedCheckpointError, "checkpoint.truncated", "settings of a model")


def test_a_tokenizer_that_does_not_fit(tmp_path, state):
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(TextError, match="knows 1000 word pieces and the tokenizer") as caught:
        QFormer(tmp_path)
    assert caught.value.code == "text.vocabulary"
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TextError, match="is not a tokenizer"):
        QFormer(tmp_path)


def test_no_path(monkeypatch, tmp_path):
    monkeypatch.delenv("FILM_QFORMER", raising=False)
    with pytest.raises(TextError, match="--qformer PATH"):
        load_encoder("qformer")
    monkeypatch.setenv("FILM_QFORMER", str(tmp_path / "no"))
    with pytest.raises(MissingCheckpointError):
        load_encoder("qformer")
    with pytest.raises(SettingError, match="built in"):
        load_encoder("minilm", path=tmp_path)
