"""Prepared files hold what the network takes, survive kills, and say what is wrong with them."""

import h5py
import numpy as np
import pytest
from PIL import Image

from film_core.data import DataError, PreparedFile, find_pairs, open_prepared, prepare
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
