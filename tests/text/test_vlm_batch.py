"""Whole data sets are described and encoded in the layout that `prepare` reads, and resumably."""

import json
import os

import numpy as np
import pytest
from chat_server import ANSWER, fails, says, serving
from PIL import Image

from film_core.__main__ import main
from film_core.data import TextSource, find_pairs
from film_core.errors import Cancelled, OutputError
from film_core.text import load_describer, load_encoder
from film_core.text.batch import AnswerCache, describe_pairs, encode_texts
from film_core.text.batch.ledger import Ledger
from film_core.text.describers.endpoint import Endpoint, EndpointSettings
from film_core.text.describers.model import ModelDescriber


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "Image" / "IVF" / "Small"
    for side in ("IR", "VI"):
        (folder / side).mkdir(parents=True)
        for index in range(3):
            slope = np.mgrid[:40, :50][index % 2] * 5 + 40 * index
            Image.fromarray(slope.astype(np.uint8)).save(folder / side / f"pair{index}.png")
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def asking(server):
    return ModelDescriber("endpoint", Endpoint(EndpointSettings(server.url, "stub-vl", "", 10)))


def test_describe_encode_and_prepare_understand_each_other(data, tmp_path):
    options = ["--cache", str(tmp_path / "cache")]
    assert main(["describe", str(data), *options]) == 0
    assert main(["encode", str(data), *options]) == 0
    listed = find_pairs(data, "Small", "all")
    texts = (data / "Text" / "IVF" / "Small" / "pair0.txt").read_text()
    a, b = texts.strip().split("\n\n")
    assert a.startswith("Measured") and "infrared" in a and "visible" in b
    encoder = load_encoder()
    expected = np.concatenate([encoder.encode(a).features, encoder.encode(b).features])
    # `prepare` finds the features; without them it makes the same out of the texts.
    found = TextSource(listed, encoder, None).of("pair0", None)
    assert found.origin == "features" and np.array_equal(found.features[0], expected)
    (data / "TextFeature" / "IVF" / "Small" / "pair0.npy").unlink()
    found = TextSource(listed, encoder, None).of("pair0", None)
    assert found.origin == "text" and np.array_equal(found.features[0], expected)


def test_a_second_run_keeps_and_edited_files_stay(data, tmp_path, capsys):
    options = [str(data), "--cache", str(tmp_path / "cache")]
    assert main(["describe", *options]) == 0
    file = data / "Text" / "IVF" / "Small" / "pair1.txt"
    file.write_text("A lamp.\n\nA road.\n")
    (data / "Text" / "IVF" / "Small" / "pair2.txt").unlink()
    capsys.readouterr()
    assert main(["describe", *options]) == 0
    said = capsys.readouterr().out
    assert "1 described, 1 as they were, 1 written by others left alone" in said
    assert file.read_text() == "A lamp.\n\nA road.\n"
    assert main(["encode", *options]) == 0
    features = data / "TextFeature" / "IVF" / "Small"
    before = (features / "pair1.npy").read_bytes()
    assert np.load(features / "pair1.npy").shape == (1, 10, 384)
    file.write_text("A lamp post.\n\nA road.\n")
    capsys.readouterr()
    assert main(["encode", *options]) == 0
    assert "1 encoded, 2 as they were" in capsys.readouterr().out
    assert (features / "pair1.npy").read_bytes() != before
    np.save(features / "pair0.npy", np.zeros((1, 4, 384), np.float32))  # somebody else's
    assert main(["encode", *options]) == 0
    assert not np.load(features / "pair0.npy").any()
    assert main(["describe", "--force", *options]) == 0
    assert file.read_text().startswith("Measured")


def test_files_of_the_system_s_beside_texts_are_none(data, tmp_path, capsys):
    folder = data / "Text" / "IVF" / "Small"
    folder.mkdir(parents=True)
    (folder / "pair0.txt").write_bytes(b"\xef\xbb\xbfA lamp.\r\n \r\nA road.\r\n")
    (folder / "._pair0.txt").write_bytes(b"\0\x05\x16\x07Mac OS X\xff")
    for side in "AB":
        (folder / f"._pair1_{side}.txt").write_bytes(b"\0\x05\x16\x07\xff")
    assert main(["encode", str(data), "--cache", str(tmp_path / "cache")]) == 0
    assert "1 encoded, 0 as they were" in capsys.readouterr().out
    features = np.load(data / "TextFeature" / "IVF" / "Small" / "pair0.npy")
    encoder = load_encoder()
    expected = [encoder.encode(text).features for text in ("A lamp.", "A road.")]
    assert np.array_equal(features[0], np.concatenate(expected))


def test_models_are_asked_once_for_the_same_content(data, tmp_path):
    listed = find_pairs(data, "Small", "all")
    cache = AnswerCache(tmp_path / "cache", 1)
    with serving(says()) as server:
        report = describe_pairs(listed, tmp_path / "one", asking(server), cache)
        assert len(report.written) == 3 and len(server.requests) == 6
        again = describe_pairs(listed, tmp_path / "two", asking(server), cache)
        assert len(again.written) == 3 and len(server.requests) == 6
        for file in (tmp_path / "cache").iterdir():
            file.write_bytes(b"[{")  # damaged: asked again
        describe_pairs(listed, tmp_path / "three", asking(server), cache)
        assert len(server.requests) == 12
        none = AnswerCache(tmp_path / "cache", 0)
        describe_pairs(listed, tmp_path / "four", asking(server), none)
        assert len(server.requests) == 18
    text = (tmp_path / "two" / "Text" / "IVF" / "Small" / "pair0.txt").read_text()
    assert text == f"{ANSWER}\n\n{ANSWER}\n"
    lines = (tmp_path / "two" / "Text" / "IVF" / "Small" / "made.jsonl").read_text().splitlines()
    assert {json.loads(line)["author_a"] for line in lines} == {"stub-vl"}


def test_answers_of_another_server_are_not_taken_for_this_ones(data, tmp_path):
    listed, cache = find_pairs(data, "Small", "all"), AnswerCache(tmp_path / "cache", 1)
    for name in ("one", "two"):
        with serving(says()) as server:  # each with the same model's name at its own address
            describe_pairs(listed, tmp_path / name, asking(server), cache)
            assert len(server.requests) == 6


def test_a_model_that_fails_on_one_pair_and_a_stop(data, tmp_path):
    listed = find_pairs(data, "Small", "all")
    cache = AnswerCache(tmp_path / "cache", 1)
    with serving(says(), says(), fails(500), says()) as server:
        report = describe_pairs(listed, tmp_path, asking(server), cache)
        assert report.written == ["pair0", "pair2"]
        assert "status 500" in report.failed["pair1"]
        assert describe_pairs(listed, tmp_path, asking(server), cache).written == ["pair1"]
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        describe_pairs(
            listed, tmp_path / "b", load_describer(), cache, cancelled=lambda: next(asked)
        )
    assert describe_pairs(listed, tmp_path / "b", load_describer(), cache).kept == ["pair0"]


def test_a_kill_between_note_and_file_or_within_a_note(data, tmp_path):
    listed = find_pairs(data, "Small", "all")
    cache = AnswerCache(tmp_path / "cache", 0)
    describe_pairs(listed, tmp_path, load_describer(), cache)
    folder = tmp_path / "Text" / "IVF" / "Small"
    (folder / "pair2.txt").unlink()
    notes = (folder / "made.jsonl").read_text().splitlines(keepends=True)
    (folder / "made.jsonl").write_text("".join(notes[:2]) + notes[2][:20])
    report = describe_pairs(listed, tmp_path, load_describer(), cache)
    assert (report.written, report.kept) == (["pair2"], ["pair0", "pair1"])
    # The torn line took nothing with it.
    assert describe_pairs(listed, tmp_path, load_describer(), cache).kept == [*report.kept, "pair2"]


def test_the_cache_keeps_to_its_limit(tmp_path):
    cache = AnswerCache(tmp_path, 0.001)  # 1000 bytes
    for index in range(3):
        cache.put(f"{index:064x}", bytes(400))
        os.utime(tmp_path / f"{index:064x}", (index, index))
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["1", "2"]
    assert cache.get(f"{1:064x}") == bytes(400)  # now the one used last
    cache.put("f" * 64, bytes(400))
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["1", "f"]
    cache.put("e" * 64, bytes(2000))
    assert cache.get("e" * 64) is None and cache.get("0" * 64) is None


def test_the_cache_leaves_what_is_not_its_own(tmp_path):
    others = ["thesis.doc", "a" * 63, "A" * 64]
    for index, name in enumerate(others):
        (tmp_path / name).write_bytes(bytes(900))
        os.utime(tmp_path / name, (index, index))
    (tmp_path / "folder").mkdir()
    (tmp_path / ("b" * 64)).mkdir()
    cache = AnswerCache(tmp_path, 0.001)
    for index in range(4):
        cache.put(f"{index:064x}", bytes(400))
        os.utime(tmp_path / f"{index:064x}", (index, index))
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {*others, "folder", "b" * 64, f"{2:064x}", f"{3:064x}"}


def test_bad_input(data, tmp_path, capsys):
    def refused(*arguments):
        assert main([*map(str, arguments)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("film_core: ") and said.count("\n") == 1
        return said

    assert "holds no data set" in refused("describe", tmp_path / "none")
    assert "holds no data set" in refused("encode", data)
    assert "did you mean 'Small'" in refused("describe", data, "--dataset", "Smal")
    assert "did you mean 'endpoint'" in refused("describe", data, "--describer", "endpont")
    assert "FILM_ENDPOINT_URL" in refused("describe", data, "--describer", "endpoint")
    assert "makes no sense" in refused("describe", data, "--cache-megabytes", "-1")
    assert main(["describe", str(data), "--cache-megabytes", "0"]) == 0
    capsys.readouterr()
    assert "did you mean 'Small'" in refused("encode", data, "--dataset", "Smal")
    assert "is for --text-encoder qformer" in refused(
        "encode", data, "--text-encoder", "minilm", "--qformer", "x.pth"
    )
    (data / "Text" / "IVF" / "Small" / "pair0.txt").write_text("One paragraph.")
    assert main(["encode", str(data), "--cache-megabytes", "0"]) == 1
    assert "1 paragraphs" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        encode_texts(
            data, tmp_path / "file", find_pairs(data, "Small", "all").task, "Small",
            load_encoder(), AnswerCache(tmp_path, 0),
        )  # fmt: skip


def test_a_name_that_is_no_utf8_is_noted_and_known_again(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    file = tmp_path / "words.txt"
    Ledger(tmp_path).write(name, file, b"A wall.", "key")
    assert Ledger(tmp_path).state(name, file, "key") == "current"
