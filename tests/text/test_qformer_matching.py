"""Weights get the encoder that they were trained with, or a refusal that names it."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from film_core.__main__ import main
from film_core.checkpoints import Card
from film_core.errors import TextError
from film_core.fusion.matching import encoder_of, trained_encoder
from film_core.text import FeaturesOnly, read_features

PUBLISHED = Card("published", task="ivf", text_encoder="qformer", text_width=768)
OWN = Card("own", task="ivf", text_encoder="minilm", text_width=384)


def encoder(name, width):
    return SimpleNamespace(name=name, width=width)


def refusal(card, given):
    with pytest.raises(TextError) as caught:
        encoder_of(card, given)
    return caught.value


def test_the_right_encoder_is_taken():
    for card, given in ((PUBLISHED, encoder("qformer", 768)), (OWN, encoder("minilm", 384))):
        assert encoder_of(card, given) is given
    assert encoder_of(OWN).name == "minilm"


def test_another_encoder_of_the_same_width_is_refused():
    error = refusal(PUBLISHED, encoder("bert", 768))
    assert error.code == "text.other_encoder" and "--text-encoder qformer" in str(error)
    assert refusal(OWN, encoder("qformer", 384)).code == "text.other_encoder"


def test_another_width_is_refused_and_never_padded():
    assert refusal(PUBLISHED, encoder("qformer", 96)).code == "text.width"
    error = refusal(dataclasses.replace(PUBLISHED, text_encoder=""), encoder("minilm", 384))
    assert error.code == "text.width" and "--text-encoder qformer" in str(error)


def test_weights_without_a_card_say_by_their_width_what_they_need(monkeypatch):
    bare = Card("bare", text_width=768)
    assert trained_encoder(bare) == "qformer"
    monkeypatch.delenv("FILM_QFORMER", raising=False)
    assert "--qformer PATH" in str(refusal(bare, None))


def test_features_alone_stand_for_any_encoder():
    stands = encoder_of(PUBLISHED, FeaturesOnly())
    assert (stands.name, stands.width) == ("qformer", 768)
    with pytest.raises(TextError, match="load the encoder qformer"):
        stands.encode("A lamp.")


def test_published_features_are_read(tmp_path):
    published = np.random.default_rng(0).normal(size=(1, 12, 768))
    np.save(tmp_path / "t.npy", published)
    pair = read_features(tmp_path / "t.npy", 768)
    assert pair.features.dtype == np.float32 and pair.features.shape == (12, 768)
    assert np.allclose(pair.features, published[0])
    assert len(pair.tokens) == len(pair.sources) == 12 and pair.notes == []
    np.save(tmp_path / "t.npy", published[0])
    assert read_features(tmp_path / "t.npy").features.shape == (12, 768)


def test_what_are_no_features(tmp_path):
    path = tmp_path / "t.npy"

    def refused(code):
        with pytest.raises(TextError) as caught:
            read_features(path, 768)
        assert caught.value.code == code and "\n" not in str(caught.value)

    refused("text.features")
    for content in (b"", b"\x93NUMPY", b"PK\x03\x04", b"hello"):
        path.write_bytes(content)
        refused("text.features")
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused("text.features")  # unpickling it could run code
    np.save(path, np.array([["a"]]))
    refused("text.features")
    with open(path, "wb") as file:  # a header that claims more than any machine has
        header = {"descr": "<f4", "fortran_order": False, "shape": (1, 2**40, 768)}
        np.lib.format.write_array_header_1_0(file, header)
    refused("text.features")
    for shape in ((1, 5, 384), (2, 5, 768), (768,), (1, 0, 768), (1, 5000, 768)):
        np.save(path, np.zeros(shape, np.float32))
        refused("text.features_shape")
    np.save(path, np.full((1, 5, 768), np.nan, np.float32))
    refused("text.features_values")


def test_convert_knows_the_encoders(tmp_path, capsys):
    options = ["convert", "x.pth", str(tmp_path / "x.safetensors"), "--encoder", "qforme"]
    assert main(options) == 2
    assert "did you mean 'qformer'" in capsys.readouterr().err
