"""Pairs are found by layout or by folders; what is missing is said by name."""

import shutil
from pathlib import Path

import pytest

from film_core.data import DATASETS, DataError, find_pairs, pairs_of_folders
from film_core.errors import UnknownNameError


def test_lists_choose_the_pairs(layout):
    assert [p.name for p in find_pairs(layout, "RoadScene", "train").pairs] == ["p0", "p2"]
    assert [p.name for p in find_pairs(layout, "RoadScene", "test").pairs] == ["p1"]
    listed = find_pairs(layout, "roadscene", "all")
    assert [p.name for p in listed.pairs] == ["p0", "p1", "p2"]
    assert listed.task.name == "ivf" and listed.dataset == "RoadScene"
    assert listed.pairs[0].a.parent.name == "IR" and listed.pairs[0].b.parent.name == "VI"


def test_the_eight_published_sets_are_known():
    assert {"MSRS", "RoadScene", "M3FD", "Harvard", "SICE", "MEFB", "RealMFF", "Lytro"} <= set(
        DATASETS
    )
    assert DATASETS["Lytro"].folders[0] == ("NEAR", "FAR")


def test_original_folder_names_are_found(layout):
    folder = layout / "Image" / "IVF" / "RoadScene"
    (folder / "IR").rename(folder / "cropinfrared")
    (folder / "VI").rename(folder / "crop_LR_visible")
    assert len(find_pairs(layout, "RoadScene", "all").pairs) == 3


def test_a_missing_partner_is_named_and_skipped(layout):
    (layout / "Image" / "IVF" / "RoadScene" / "VI" / "p2.png").unlink()
    listed = find_pairs(layout, "RoadScene", "train")
    assert [p.name for p in listed.pairs] == ["p0"]
    assert "VI" in listed.skipped["p2"] and "IR" not in listed.skipped["p2"].split("has")[1]


def test_any_two_folders(layout):
    folder = layout / "Image" / "IVF" / "RoadScene"
    listed = pairs_of_folders(folder / "IR", folder / "VI", "ivf", "mine")
    assert len(listed.pairs) == 3 and listed.dataset == "mine"


def test_folders_given_relatively_take_the_name_of_the_folder_around_them(layout, monkeypatch):
    monkeypatch.chdir(layout / "Image" / "IVF" / "RoadScene")
    assert pairs_of_folders(Path("IR"), Path("VI"), "ivf").dataset == "RoadScene"


def test_a_set_is_known_whatever_the_case_of_its_folder(layout):
    folder = layout / "Image" / "IVF" / "RoadScene"
    (folder / "IR").rename(folder / "cropinfrared")
    (folder / "VI").rename(folder / "crop_LR_visible")
    folder.rename(folder.with_name("roadscene"))
    listed = find_pairs(layout, "RoadScene", "all")
    assert len(listed.pairs) == 3 and listed.dataset == "roadscene"


@pytest.fixture
def brains(layout):
    """Harvard as distributed: one folder of MRI, and two of what was taken with them."""
    source = layout / "Image" / "IVF" / "RoadScene" / "IR" / "p0.png"
    folder = layout / "Image" / "MIF" / "Harvard"
    for side, names in (("MRI", "abcd"), ("CT", "ab"), ("PET", "bc")):
        (folder / side).mkdir(parents=True)
        for name in names:
            shutil.copy(source, folder / side / f"{name}.png")
    return folder


def test_all_second_sources_of_a_set_are_taken(layout, brains):
    listed = find_pairs(layout, "Harvard", "all")
    assert [(p.name, p.b.parent.name) for p in listed.pairs] == [
        ("a", "CT"), ("b_CT", "CT"), ("b_PET", "PET"), ("c", "PET"),
    ]  # fmt: skip
    assert list(listed.skipped) == ["d"]
    assert "CT nor in" in listed.skipped["d"] and listed.skipped["d"].endswith("PET")
    (brains / "test.txt").write_text("b.png\n")
    assert [p.name for p in find_pairs(layout, "Harvard").pairs] == ["b_CT", "b_PET"]


def test_the_published_folder_of_all_second_sources_goes_before(layout, brains):
    (brains / "PET").rename(brains / "T")
    assert [p.b.parent.name for p in find_pairs(layout, "Harvard", "all").pairs] == ["T", "T"]


def test_a_name_that_several_files_have_is_left_out_and_said(layout):
    folder = layout / "Image" / "IVF" / "RoadScene"
    for name in ("p0.tif", "p0.jpg"):
        shutil.copy(folder / "IR" / "p0.png", folder / "IR" / name)
    shutil.copy(folder / "VI" / "p0.png", folder / "VI" / "p0.bmp")
    (folder / "IR" / "p1.txt").write_text("no image")
    (folder / "IR" / "._p1.tif").write_text("the system's")
    listed = find_pairs(layout, "RoadScene", "all")
    assert [p.name for p in listed.pairs] == ["p1", "p2"]
    assert listed.skipped == {
        "p0": f"'p0' could be 'p0.jpg' or 'p0.png' or 'p0.tif' in {folder / 'IR'}: keep one of "
        f"them; 'p0' could be 'p0.bmp' or 'p0.png' in {folder / 'VI'}: keep one of them"
    }
    assert list(find_pairs(layout, "RoadScene", "train").skipped) == ["p0"]
    for side, name in (("IR", "p1"), ("VI", "p2")):
        shutil.copy(folder / side / f"{name}.png", folder / side / f"{name}.tiff")
    with pytest.raises(DataError, match=r"No pair can be used: 'p0' could be 'p0.jpg' or"):
        pairs_of_folders(folder / "IR", folder / "VI", "ivf")


def test_a_doubled_second_source_costs_its_own_pair(layout, brains):
    shutil.copy(brains / "PET" / "b.png", brains / "PET" / "b.jpg")
    listed = find_pairs(layout, "Harvard", "all")
    assert [p.name for p in listed.pairs] == ["a", "b_CT", "c"]
    assert list(listed.skipped) == ["b_PET", "d"]
    assert "'b.jpg' or 'b.png'" in listed.skipped["b_PET"]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfp0.png\r\np2.png\r\n", b"p0\n \t\np2\n"])
def test_lists_as_windows_editors_write_them(layout, content):
    (layout / "Image" / "IVF" / "RoadScene" / "train.txt").write_bytes(content)
    listed = find_pairs(layout, "RoadScene", "train")
    assert [p.name for p in listed.pairs] == ["p0", "p2"] and listed.skipped == {}


def test_names_that_differ_between_folders(layout, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (layout / "Image" / "IVF" / "RoadScene" / "VI" / "p0.png").rename(other / "q0.png")
    with pytest.raises(DataError, match="no file name in common"):
        pairs_of_folders(layout / "Image" / "IVF" / "RoadScene" / "IR", other, "ivf")


def test_mistakes_are_answered(layout, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'RoadScene'"):
        find_pairs(layout, "RoadScen")
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        find_pairs(layout, "RoadScene", "trian")
    with pytest.raises(DataError, match="no folder Image"):
        find_pairs(tmp_path, "RoadScene")
    (layout / "Image" / "IVF" / "RoadScene" / "test.txt").unlink()
    with pytest.raises(DataError, match=r"test\.txt"):
        find_pairs(layout, "RoadScene", "test")
