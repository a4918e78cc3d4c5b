"""Prepared files hold what the network takes, survive kills, and say what is wrong with them."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from film_core.data import (
    DataError,
    PreparedFile,
    find_pairs,
    open_prepared,
    prepare,
    read_written,
)
from film_core.errors import Cancelled, OutputError, UnknownNameError
from film_core.images import read_image


def test_original_size_keeps_luminance_exactly(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "train")
    path = tmp_path / "out" / "RoadScene_train.h5"
    report = prepare(listed, path, "original", encoder, describer)
    assert (report.written, report.kept, report.skipped) == (2, 0, {})
    file = PreparedFile(path)
    assert (file.task, file.dataset, file.encoder, file.width) == (
        "ivf", "RoadScene", "counting", 6,
    )  # fmt: skip
    pair = file.read("p2")
    assert pair.image_a.shape == pair.image_b.shape == (1, 90, 64)
    assert pair.image_a.dtype == np.float32
    np.testing.assert_array_equal(pair.image_b[0], read_image(listed.pairs[1].b).luminance)
    # "source a of ivf", then "source b of ivf": A's tokens come first.
    np.testing.assert_array_equal(pair.text[0, :, 0], [6, 1, 2, 3, 6, 1, 2, 3])
    assert not list(tmp_path.glob("out/*.partial"))


def test_published_layout_of_the_file(layout, tmp_path, encoder, describer):
    path = tmp_path / "x.h5"
    prepare(find_pairs(layout, "RoadScene", "train"), path, "small", encoder, describer)
    with h5py.File(path) as file:
        for name in ("p0", "p2"):
            assert file["imageA"][name].shape == file["imageB"][name].shape == (1, 288, 384)
            assert file["text"][name].shape == (1, 8, 6)
            assert file["imageA"][name].dtype == file["text"][name].dtype == np.float32


def test_portrait_pairs_are_transposed_when_small(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "train")
    steps = np.repeat(np.arange(90, dtype=np.uint8)[:, None], 64, axis=1)  # dark top, bright foot
    for side in (listed.pairs[1].a, listed.pairs[1].b):
        Image.fromarray(steps).save(side)
    prepare(listed, tmp_path / "x.h5", "small", encoder, describer)
    image = PreparedFile(tmp_path / "x.h5").read("p2").image_a[0]
    assert np.all(np.diff(image[100]) >= 0) and image[100, -1] > image[100, 0] + 0.3
    assert np.ptp(image[:, 200]) < 1e-3


def test_files_of_features_and_of_text_come_first(layout, tmp_path, encoder, describer):
    features = np.arange(18, dtype=np.float32).reshape(1, 3, 6)
    folder = layout / "TextFeature" / "IVF" / "RoadScene"
    folder.mkdir(parents=True)
    np.save(folder / "p0.npy", features)
    written = layout / "Text" / "IVF" / "RoadScene"
    written.mkdir(parents=True)
    (written / "p2.txt").write_text("one infrared\n\nthe other")
    prepare(find_pairs(layout, "RoadScene", "train"), tmp_path / "x.h5", "original", encoder,
            describer)  # fmt: skip
    file = PreparedFile(tmp_path / "x.h5")
    np.testing.assert_array_equal(file.read("p0").text, features)
    np.testing.assert_array_equal(file.read("p2").text[0, :, 0], [3, 8, 3, 5])


@pytest.mark.parametrize(
    "content",
    [
        b"one infrared\n\nthe other", b"one infrared\r\n\r\nthe other\r\n",
        b"\xef\xbb\xbfone infrared\r\n \t\r\nthe other", b"\none infrared\n \n\n  \nthe other",
    ],
)  # fmt: skip
def test_texts_as_windows_editors_write_them(tmp_path, content):
    (tmp_path / "p2.txt").write_bytes(content)
    assert read_written(tmp_path, "p2") == ("one infrared", "the other")
    for side, text in zip("AB", (b"one infrared", b"the other"), strict=True):
        (tmp_path / f"p3_{side}.txt").write_bytes(b"\xef\xbb\xbf" + text + b"\r\n")
    assert read_written(tmp_path, "p3") == ("one infrared", "the other")
    (tmp_path / "p4.txt").write_bytes(b"one\nline\n\n\nthe\nother\n\n third")
    with pytest.raises(DataError, match="3 paragraphs"):
        read_written(tmp_path, "p4")


def test_a_doubled_image_is_left_out_or_refused(layout, tmp_path, encoder, describer):
    folder = layout / "Image" / "IVF" / "RoadScene" / "IR"
    Image.open(folder / "p0.png").save(folder / "p0.tif")
    listed = find_pairs(layout, "RoadScene", "train")
    report = prepare(listed, tmp_path / "x.h5", "original", encoder, describer)
    assert report.written == 1 and "'p0.png' or 'p0.tif'" in report.skipped["p0"]
    with pytest.raises(DataError, match=r"'p0.png' or 'p0.tif'"):
        prepare(listed, tmp_path / "y.h5", "original", encoder, describer, strict=True)


@pytest.mark.parametrize(
    "content, message",
    [
        (np.zeros((1, 3, 7), np.float32), r"\(1, tokens, 6\)"),
        (np.zeros(3, np.float32), "shape"),
        (np.array([object()]), "can't be read"),
    ],
)
def test_bad_features_are_named(layout, tmp_path, encoder, describer, content, message):
    folder = layout / "TextFeature" / "IVF" / "RoadScene"
    folder.mkdir(parents=True)
    np.save(folder / "p0.npy", content, allow_pickle=True)
    listed = find_pairs(layout, "RoadScene", "train")
    with pytest.raises(DataError, match=message):
        prepare(listed, tmp_path / "x.h5", "original", encoder, describer, strict=True)
    report = prepare(listed, tmp_path / "x.h5", "original", encoder, describer)
    assert report.written == 1 and "p0" in report.skipped


def test_a_corrupt_image_in_the_middle_is_left_out(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "all")
    broken = listed.pairs[1].b
    broken.write_bytes(broken.read_bytes()[:300])
    report = prepare(listed, tmp_path / "x.h5", "original", encoder, describer)
    assert report.written == 2 and list(report.skipped) == ["p1"]
    assert PreparedFile(tmp_path / "x.h5").names == ["p0", "p2"]


def test_a_stopped_run_carries_on(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "all")
    path, asked = tmp_path / "x.h5", []

    def stop_after_two():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        prepare(listed, path, "original", encoder, describer, cancelled=stop_after_two)
    assert not path.exists()
    report = prepare(listed, path, "original", encoder, describer)
    assert (report.written, report.kept) == (1, 2)
    whole = tmp_path / "y.h5"
    prepare(listed, whole, "original", encoder, describer)
    for name in PreparedFile(whole).names:
        one, other = PreparedFile(path).read(name), PreparedFile(whole).read(name)
        np.testing.assert_array_equal(one.image_a, other.image_a)
        np.testing.assert_array_equal(one.text, other.text)


FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import CountingEncoder, PlainDescriber
from film_core.data import find_pairs, prepare
from film_core.errors import OutputError
listed = find_pairs(Path(sys.argv[2]), "RoadScene", "all")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
try:
    prepare(listed, Path(sys.argv[3]), "original", CountingEncoder(), PlainDescriber())
except OutputError as error:
    print(error)
"""


def contents(path):
    """Everything in an H5 file, in a form that can be compared."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, item.dtype.str, item.compression, item[()].tobytes())
        found[f"{name} attributes"] = dict(item.attrs)

    with h5py.File(path) as file:
        note("", file)
        file.visititems(note)
    return found


@pytest.mark.parametrize("limit", [0, 1000, 41_000, 49_000, 60_000, 90_000, -1])
def test_a_full_disk_is_a_sentence_and_leaves_nothing_wrong(
    layout, tmp_path, repository, encoder, describer, limit
):
    """A limit on the size of a file stands in for the disk: every write beyond it fails."""
    listed = find_pairs(layout, "RoadScene", "all")
    whole, path = tmp_path / "whole.h5", tmp_path / "x.h5"
    prepare(listed, whole, "original", encoder, describer)
    limit = limit if limit >= 0 else whole.stat().st_size + limit
    assert limit < whole.stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, Path(__file__).parent, layout, path, str(limit)],
        cwd=repository, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "can't be written" in done.stdout and done.stdout.count("\n") == 1
    assert not path.exists()
    report = prepare(listed, path, "original", encoder, describer)
    assert report.kept == {0: 0, 1000: 0, 41_000: 2}.get(limit, 3)
    assert contents(path) == contents(whole)
    assert [p.name for p in tmp_path.iterdir() if "x.h5" in p.name] == ["x.h5"]


def test_a_finished_pair_that_changed_on_the_disk_is_made_again(
    layout, tmp_path, encoder, describer
):
    listed = find_pairs(layout, "RoadScene", "all")
    whole, path = tmp_path / "whole.h5", tmp_path / "x.h5"
    prepare(listed, whole, "original", encoder, describer)
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        prepare(listed, path, "original", encoder, describer, cancelled=lambda: next(asked))
    one, other = sorted((tmp_path / "x.h5.partial").glob("*.npz"))
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    one.write_bytes(content)
    other.write_bytes(other.read_bytes()[:1000])
    assert prepare(listed, path, "original", encoder, describer).kept == 0
    assert contents(path) == contents(whole)


@pytest.mark.parametrize("what", ["image", "text", "features"])
def test_a_file_exchanged_between_two_runs_is_prepared_again(
    layout, tmp_path, encoder, describer, what
):
    listed = find_pairs(layout, "RoadScene", "all")
    path, asked = tmp_path / "x.h5", iter([False, False, True])
    with pytest.raises(Cancelled):
        prepare(listed, path, "original", encoder, describer, cancelled=lambda: next(asked))
    changed = listed.pairs[0]
    texts = {"text": "Text", "features": "TextFeature"}
    if what == "image":
        Image.fromarray(255 - np.asarray(Image.open(changed.b))).save(changed.b)
    else:
        folder = layout / texts[what] / "IVF" / "RoadScene"
        folder.mkdir(parents=True)
        (folder / f"{changed.name}.txt").write_text("one two three four five\n\nsix")
        if what == "features":
            np.save(folder / f"{changed.name}.npy", np.ones((1, 6, 6), np.float32))
    report = prepare(listed, path, "original", encoder, describer)
    assert (report.written, report.kept) == (2, 1)
    pair = PreparedFile(path).read(changed.name)
    np.testing.assert_array_equal(pair.image_b[0], read_image(changed.b).luminance)
    assert pair.text.shape[1] == (8 if what == "image" else 6)


def test_pairs_that_are_no_longer_listed_are_dropped(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "train")
    path, asked = tmp_path / "x.h5", iter([False, True])
    with pytest.raises(Cancelled):
        prepare(listed, path, "original", encoder, describer, cancelled=lambda: next(asked))
    (layout / "Image" / "IVF" / "RoadScene" / "train.txt").write_text("p1.png\np2.png\n")
    listed = find_pairs(layout, "RoadScene", "train")
    report = prepare(listed, path, "original", encoder, describer)
    assert (report.written, report.kept) == (2, 0)
    assert PreparedFile(path).names == ["p1", "p2"]


def test_an_unfinished_file_of_an_earlier_version_is_not_trusted(
    layout, tmp_path, encoder, describer
):
    with h5py.File(tmp_path / "x.h5.partial", "w") as file:
        file["text/p0"] = np.zeros((1, 2, 6), np.float32)
    listed = find_pairs(layout, "RoadScene", "train")
    report = prepare(listed, tmp_path / "x.h5", "original", encoder, describer)
    assert (report.written, report.kept) == (2, 0)


def test_a_part_of_other_settings_is_not_mixed_in(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "all")
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        prepare(listed, tmp_path / "x.h5", "original", encoder, describer,
                cancelled=lambda: next(asked))  # fmt: skip
    with pytest.raises(DataError, match="other settings"):
        prepare(listed, tmp_path / "x.h5", "small", encoder, describer)


def test_cut_short_and_foreign_files(layout, tmp_path, encoder, describer):
    path = tmp_path / "x.h5"
    prepare(find_pairs(layout, "RoadScene", "all"), path, "original", encoder, describer)
    whole = path.read_bytes()
    for kept in (0, 10, len(whole) // 2):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match="prepare again"):
            PreparedFile(path)
    with h5py.File(path, "w") as file:
        file["weights"] = [1]
    with pytest.raises(DataError, match="prepare again"):
        PreparedFile(path)
    with pytest.raises(DataError, match="There is no prepared file"):
        PreparedFile(tmp_path / "nothing.h5")


def test_a_digest_tells_other_pairs_and_another_encoder(layout, tmp_path, encoder, describer):
    digests = []
    for split, name in (("all", "a"), ("all", "b"), ("train", "c"), ("all", "d")):
        encoder.name = "another" if name == "d" else "counting"
        path = tmp_path / f"{name}.h5"
        prepare(find_pairs(layout, "RoadScene", split), path, "original", encoder, describer)
        file = PreparedFile(path)
        assert file.split == split
        digests.append(file.digest())
    assert digests[0] == digests[1] and len(set(digests)) == 3


def test_files_of_different_encoders_do_not_mix(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "all")
    prepare(listed, tmp_path / "x.h5", "original", encoder, describer)
    encoder.name = "another"
    prepare(listed, tmp_path / "y.h5", "original", encoder, describer)
    with pytest.raises(DataError, match="text encoder 'another', not 'counting'"):
        open_prepared([tmp_path / "x.h5", tmp_path / "y.h5"])


def test_unwritable_folder_and_mistyped_size(layout, tmp_path, encoder, describer):
    listed = find_pairs(layout, "RoadScene", "all")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        prepare(listed, tmp_path / "file" / "x.h5", "original", encoder, describer)
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        prepare(listed, tmp_path / "x.h5", "smal", encoder, describer)
