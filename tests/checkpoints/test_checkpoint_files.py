"""Published, Jittor and safetensors files give the same arrays; every fault has its own error."""

import collections
import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from film_core import checkpoints
from film_core.__main__ import main
from film_core.checkpoints import Card, film_layout, read_weights, save_weights
from film_core.checkpoints.writing import write_atomically
from film_core.errors import CheckpointError, OutputError, UnknownNameError


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def test_layout_has_189_tensors_and_the_published_number_of_parameters():
    layout = film_layout(768)
    assert len(layout) == 189
    assert sum(int(np.prod(shape)) for shape in layout.values()) == 2_070_235


def test_golden_checkpoint_has_exactly_the_layout(shared):
    path = shared / "golden" / "film" / "ckpt_official_layout.pth"
    state, card = read_weights(path)
    assert {key: array.shape for key, array in state.items()} == film_layout(768)
    assert card.text_width == 768
    # A value read by PyTorch itself.
    norms = json.loads((shared / "golden" / "film" / "train_steps.json").read_text())
    assert set(norms[0]["grad_norm"]) == set(state)


def test_published_layout_is_read(tmp_path, film_state, opcode):
    path = tmp_path / "published.pth"
    path.write_bytes(opcode.published(film_state))
    state, card = read_weights(path)
    assert same(state, film_state)
    assert card.text_width == 16
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_views_halves_and_brain_floats_are_read(tmp_path, opcode):
    from film_core.checkpoints.torch_archive import read_torch_archive

    values = np.arange(12, dtype="<f4")
    stream = opcode.program(
        opcode.dictionary(
            {
                "transposed": opcode.tensor("0", 12, (3, 2), (1, 3), 6),
                "half": opcode.tensor("1", 2, (2,), (1,), kind="HalfStorage"),
                "brain": opcode.tensor("2", 2, (2,), (1,), kind="BFloat16Storage"),
                "scalar": opcode.tensor("0", 12, (), (), 5),
            }
        )
    )
    brain = (np.array([1.5, -2.0], "<f4").view("<u4") >> 16).astype("<u2")
    members = {
        "0": values.tobytes(),
        "1": np.array([0.5, 2], "<f2").tobytes(),
        "2": brain.tobytes(),
    }
    path = tmp_path / "views.pth"
    path.write_bytes(opcode.archive(stream, members))
    state = read_torch_archive(path)
    np.testing.assert_array_equal(state["transposed"], [[6, 9], [7, 10], [8, 11]])
    np.testing.assert_array_equal(state["half"], [0.5, 2])
    np.testing.assert_array_equal(state["brain"], [1.5, -2])
    assert state["scalar"].shape == () and state["scalar"] == 5


@pytest.mark.parametrize("wrap", [dict, collections.OrderedDict, lambda s: {"model": s}])
def test_jittor_pickle_is_read(tmp_path, film_state, wrap):
    stream = pickle.dumps(wrap(film_state), 4)
    path = tmp_path / "jittor.pkl"
    path.write_bytes(stream + hashlib.sha1(stream).digest() + b"HCAJSLHD")
    state, _ = read_weights(path)
    assert same(state, film_state)


def test_jittor_pickle_with_a_wrong_checksum_is_damaged(tmp_path, film_state):
    stream = pickle.dumps(film_state, 4)
    path = tmp_path / "jittor.pkl"
    path.write_bytes(stream + b"\0" * 20 + b"HCAJSLHD")
    with pytest.raises(checkpoints.TruncatedCheckpointError, match="checksum"):
        read_weights(path)


def test_saved_weights_come_back_with_their_card(tmp_path, film_state):
    card = Card("mine", task="mef", text_encoder="minilm", data="three pairs", seed=4,
                results={"Lytro": {"VIFF": 1.25}}, held_out=["Lytro/a"], licence="MIT")  # fmt: skip
    written = save_weights(film_state, tmp_path / "mine.safetensors", card)
    state, read = read_weights("mine", tmp_path)
    assert same(state, film_state)
    assert read == written
    assert (read.task, read.seed, read.results) == ("mef", 4, {"Lytro": {"VIFF": 1.25}})
    assert read.parameters == sum(a.size for a in film_state.values())
    assert list(checkpoints.list_weights(tmp_path)) == ["mine"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.json", "mine.safetensors"]


def test_equal_weights_make_equal_files(tmp_path, film_state):
    save_weights(film_state, tmp_path / "a.safetensors", Card("same"))
    backwards = dict(reversed(film_state.items()))
    save_weights(backwards, tmp_path / "b.safetensors", Card("same"))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_kill_between_weights_and_card_leaves_weights_that_can_be_used(
    tmp_path, film_state, monkeypatch
):
    path = tmp_path / "a.safetensors"
    save_weights(film_state, path, Card("a", data="old"))

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("film_core.checkpoints.card.write_card", killed)
    other = film_state | {"conv2.bias": film_state["conv2.bias"] + 1}
    with pytest.raises(KeyboardInterrupt):
        save_weights(other, path, Card("a", data="new"))
    monkeypatch.undo()
    state, card = read_weights(path)
    assert same(state, other) and card.data == ""


def test_a_failed_write_keeps_weights_and_card(tmp_path, film_state, monkeypatch):
    path = tmp_path / "a.safetensors"
    save_weights(film_state, path, Card("a", data="old"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="no room"):
        save_weights(film_state, path, Card("a", data="new"))
    monkeypatch.undo()
    assert read_weights(path)[1].data == "old"


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "红" * 83 + ".csv"])
def test_a_file_may_have_as_long_a_name_as_file_systems_take(tmp_path, name):
    write_atomically(tmp_path / name, b"kept")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"kept")]


def test_mistyped_name_is_answered(tmp_path, film_state):
    save_weights(film_state, tmp_path / "film-ivf.safetensors", Card("film-ivf"))
    with pytest.raises(UnknownNameError, match="did you mean 'film-ivf'"):
        read_weights("film-ifv", tmp_path)
    with pytest.raises(CheckpointError, match=r"did you mean .*film-ivf\.safetensors"):
        read_weights(tmp_path / "film-iv.safetensors")
    with pytest.raises(checkpoints.MissingCheckpointError):
        read_weights(tmp_path / "nowhere" / "x.pth")
    with pytest.raises(checkpoints.MissingCheckpointError, match="folder"):
        read_weights(str(tmp_path) + "/.")


def test_a_name_longer_than_file_systems_take_is_unknown(tmp_path):
    with pytest.raises(UnknownNameError, match="no weights file named"):
        read_weights("f" * 300, tmp_path)
    with pytest.raises(checkpoints.MissingCheckpointError):
        read_weights(tmp_path / ("f" * 300 + ".pth"))


@pytest.mark.parametrize("content", [b"", b"hello, I am text", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_other_files_are_not_checkpoints(tmp_path, content):
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(checkpoints.NotACheckpointError):
        read_weights(path)


def test_every_format_notices_that_it_was_cut(tmp_path, film_state, opcode):
    save_weights(film_state, tmp_path / "a.safetensors", Card("a"))
    (tmp_path / "a.json").unlink()
    (tmp_path / "b.pth").write_bytes(opcode.published(film_state))
    (tmp_path / "c.pkl").write_bytes(pickle.dumps(film_state, 4))
    for name in ("a.safetensors", "b.pth", "c.pkl"):
        whole = (tmp_path / name).read_bytes()
        for kept in (20, len(whole) // 3, len(whole) - 1):
            (tmp_path / name).write_bytes(whole[:kept])
            with pytest.raises(checkpoints.TruncatedCheckpointError):
                read_weights(tmp_path / name)


def test_changed_weights_no_longer_fit_their_card(tmp_path, film_state):
    path = tmp_path / "a.safetensors"
    save_weights(film_state, path, Card("a"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(checkpoints.TruncatedCheckpointError, match="SHA-256"):
        read_weights(path)


def test_wrong_keys_are_listed(tmp_path, film_state, opcode):
    state = dict(film_state)
    state["conv9.weight"] = state.pop("conv1.weight")
    path = tmp_path / "a.pth"
    path.write_bytes(opcode.published(state))
    with pytest.raises(checkpoints.WrongKeysError, match=r"conv1\.weight.*conv9\.weight"):
        read_weights(path)


def test_wrong_shapes_are_listed(tmp_path, film_state, opcode):
    state = film_state | {"conv2.bias": np.zeros(7, np.float32)}
    path = tmp_path / "a.pth"
    path.write_bytes(opcode.published(state))
    with pytest.raises(checkpoints.WrongShapesError, match=r"conv2\.bias is \(7,\).*\(1,\)"):
        read_weights(path)


def test_nan_weights_are_refused(tmp_path, film_state):
    broken = film_state | {"conv2.bias": np.array([np.nan], np.float32)}
    with pytest.raises(checkpoints.WrongValuesError, match=r"conv2\.bias"):
        save_weights(broken, tmp_path / "a.safetensors", Card("a"))
    assert not list(tmp_path.iterdir())


def test_unwritable_place_is_a_sentence(tmp_path, film_state):
    with pytest.raises(OutputError, match="does not exist"):
        save_weights(film_state, tmp_path / "no" / "a.safetensors", Card("a"))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"task": "ivf"}',
        '{"name": 3}',
        '{"name": "a", "held_out": "b"}',
        '{"name": "a", "colour": 1}',
        '{"name": "a", "results": []}',
        '{"name": "a", "results": {"RoadScene": "good"}}',
        '{"name": "a", "results": {"RoadScene": {"EN": null}}}',
        '{"name": "a", "results": {"RoadScene": {"EN": true}}}',
        '{"name": "a", "results": {"RoadScene": {"EN": 1' + "0" * 400 + "}}}",
        "[" * 100_000,
    ],
)
def test_bad_cards_are_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(CheckpointError, match="card"):
        checkpoints.read_card(path)


def test_the_cards_of_the_shelf_are_cards():
    assert all(card.results for card in checkpoints.list_weights().values())


@pytest.mark.parametrize("value", [3, -0.5, float("inf"), float("nan")])
def test_whatever_was_measured_fits_a_card(tmp_path, value):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"name": "a", "results": {"RoadScene": {"PSNR": value}}}))
    read = checkpoints.read_card(path).results["RoadScene"]["PSNR"]
    np.testing.assert_equal(read, value)


def test_converted_weights_have_a_card_and_do_not_say_that_they_lack_one(tmp_path, film_state):
    bare = tmp_path / "bare.safetensors"
    save_weights(film_state, bare, Card("bare"))
    bare.with_suffix(".json").unlink()
    assert "no card" in read_weights(bare)[1].notes
    assert main(["convert", str(bare), str(tmp_path / "new.safetensors")]) == 0
    assert read_weights(tmp_path / "new.safetensors")[1].notes == ""
    told = ["--notes", "Mine."]
    assert main(["convert", str(bare), str(tmp_path / "noted.safetensors"), *told]) == 0
    assert read_weights(tmp_path / "noted.safetensors")[1].notes == "Mine."


def test_a_branch_is_joined_to_the_exact_weights_of_its_folder(tmp_path):
    for suffix in (".safetensors", ".json"):
        shutil.copy(checkpoints.WEIGHTS_FOLDER / f"film-steer-mff{suffix}", tmp_path)
    with pytest.raises(UnknownNameError, match="'film-ivf'"):
        checkpoints.load_steered("film-steer-mff", folder=tmp_path)
    (tmp_path / "film-mff.safetensors").write_bytes(b"another's")
    with pytest.raises(CheckpointError, match="film-mff"):
        checkpoints.load_steered("film-steer-mff", folder=tmp_path)
