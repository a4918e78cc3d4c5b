"""Which files belong together, and what a hostile zip is told."""

import os
import stat
import struct
import zipfile

import pytest

from film_core.batch import BatchLimits, Item, match, open_archive, pairs_of_folders
from film_core.batch.limits import BatchError
from film_core.batch.pairing import safe_name, side_of
from film_core.errors import ImageError
from film_core.images import ImageLimits
from tests.batch.conftest import png


def items(*paths):
    return [Item(path, lambda: b"") for path in paths]


def names(preview):
    return [(pair.a.path, pair.b.path) for pair in preview.pairs]


def codes(preview):
    return {one.path: one.code for one in preview.unpaired}


def test_equal_names_belong_together_in_natural_order():
    preview = match(items("10.png", "9.PNG", "1.png"), items("1.jpg", "10.png", "9.png"))
    assert names(preview) == [("1.png", "1.jpg"), ("9.PNG", "9.png"), ("10.png", "10.png")]
    assert [pair.name for pair in preview.pairs] == ["1", "9", "10"]


def test_marks_of_the_sides_are_taken_off():
    preview = match(items("street_ir.png", "IR-yard.png"), items("yard.png", "Street_VIS.png"))
    assert names(preview) == [("street_ir.png", "Street_VIS.png"), ("IR-yard.png", "yard.png")]
    assert [pair.name for pair in preview.pairs] == ["street", "yard"]


def test_a_name_that_only_looks_marked_is_a_name():
    preview = match(items("MRI_CT_7.png", "plan_a.png"), items("plan_a.png", "MRI_CT_7.png"))
    assert [pair.name for pair in preview.pairs] == ["MRI_CT_7", "plan_a"]


def test_what_has_no_partner_says_so_and_doubles_are_named():
    preview = match(items("x/1.png", "y/1.png", "2.png"), items("1.png", "3.png"))
    assert names(preview) == [("x/1.png", "1.png")]
    assert codes(preview) == {
        "y/1.png": "batch.same_name", "2.png": "batch.no_partner", "3.png": "batch.no_partner",
    }  # fmt: skip
    said = {one.path: str(one) for one in preview.unpaired}
    assert said["2.png"] == "'2.png' has no partner: side B has no image named '2'."
    assert "'x/1.png'" in said["y/1.png"]


@pytest.mark.parametrize(
    ("path", "side"),
    [
        ("data/IR/1.png", "a"), ("Visible/ir.png", "b"), ("1_ir.png", "a"), ("vis-1.png", "b"),
        ("a/b/1.png", "b"), ("1.png", ""), ("irish.png", ""), ("over/9_under.png", "a"),
    ],
)  # fmt: skip
def test_sides_are_told_apart_by_folder_first(path, side):
    assert side_of(path) == side


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc_passwd"), ("a b\n<script>", "a_b__script"), ("...", "pair"),
        ("夜晚 1", "夜晚_1"), ("x" * 300, "x" * 80), ("-", "-"), ("con:1", "con_1"),
        ("夜" * 90, "夜" * 80), ("x" + "𠮷" * 90, "x" + "𠮷" * 59),  # 3 and 4 bytes each
    ],
)  # fmt: skip
def test_names_are_fit_for_any_file_system(name, safe):
    assert safe_name(name) == safe


def test_names_stay_apart_after_being_made_safe():
    preview = match(items("a?b.png", "a*b.png"), items("a?b.png", "a*b.png"))
    assert sorted(pair.name for pair in preview.pairs) == ["a_b", "a_b-2"]


def test_folders_are_paired_and_the_rest_is_explained(folders):
    preview = pairs_of_folders(*folders)
    assert [pair.name for pair in preview.pairs] == ["1", "2", "10"]
    assert preview.pairs[0].a.read() == (folders[0] / "1.png").read_bytes()
    assert codes(preview) == {
        "ir/lonely.png": "batch.no_partner", "vis/notes.txt": "batch.not_an_image",
    }  # fmt: skip


ALIKE = [
    (os.fsdecode(b"caf\xe9"), os.fsdecode(b"caf\xe8")),
    ("x\u200by", "x\u200dy"),
]
"""Names that differ where they can't be shown."""


@pytest.mark.parametrize("alike", ALIKE)
def test_different_names_that_are_shown_alike_are_no_pair(tmp_path, alike):
    for side, name in zip("AB", alike, strict=True):
        (tmp_path / side).mkdir()
        (tmp_path / side / f"{name}.png").write_bytes(side.encode())
    preview = pairs_of_folders(tmp_path / "A", tmp_path / "B")
    assert preview.pairs == []
    assert set(codes(preview).values()) == {"batch.no_partner"}
    assert all(str(one).isprintable() and "?" in str(one) for one in preview.unpaired)
    for side, name in zip("AB", reversed(alike), strict=True):
        (tmp_path / side / f"{name}.png").write_bytes(side.encode())
    preview = pairs_of_folders(tmp_path / "A", tmp_path / "B")
    assert preview.unpaired == []
    assert [(p.a.read(), p.b.read(), p.a.stem == p.b.stem) for p in preview.pairs] == [
        (b"A", b"B", True)
    ] * 2
    assert len({pair.name for pair in preview.pairs}) == 2
    assert all(pair.a.path.isprintable() for pair in preview.pairs)


def test_folders_that_cannot_serve_are_refused(folders, tmp_path):
    with pytest.raises(BatchError, match="can't be read"):
        pairs_of_folders(tmp_path / "none", folders[1])
    with pytest.raises(BatchError, match="same folder"):
        pairs_of_folders(folders[0], folders[0] / "." / "")
    with pytest.raises(BatchError, match="4 files; at most 3"):
        pairs_of_folders(*folders, BatchLimits(max_entries=3))


def test_too_many_and_no_pairs_are_refused():
    with pytest.raises(BatchError, match="1001 pairs; at most 1000"):
        BatchLimits().check_pairs(1001)
    with pytest.raises(BatchError, match="No pair"):
        BatchLimits().check_pairs(0)


def test_a_zip_of_two_folders_is_paired(zipped):
    archive = zipped(
        {"set/IR/1.png": png(1), "set/VI/1.png": png(2), "set/readme.txt": b"x",
         "__MACOSX/set/IR/._1.png": b"x", "set/.DS_Store": b"x"}
    )  # fmt: skip
    preview = open_archive(archive)
    assert names(preview) == [("set/IR/1.png", "set/VI/1.png")]
    assert preview.pairs[0].b.read() == png(2)
    assert codes(preview) == {"set/readme.txt": "batch.not_an_image"}


def test_two_folders_of_any_name_are_a_and_b_in_order(zipped, tmp_path):
    path = tmp_path / "pairs.zip"
    path.write_bytes(zipped({"warm/1.png": b"1", "shop/1.png": b"2"}))
    assert names(open_archive(path)) == [("shop/1.png", "warm/1.png")]


def test_a_flat_zip_is_paired_by_marks(zipped):
    preview = open_archive(zipped({"1_over.png": b"1", "1_under.png": b"2", "3.png": b"3"}))
    assert names(preview) == [("1_over.png", "1_under.png")]
    assert codes(preview) == {"3.png": "batch.no_side"}


def test_names_in_a_zip_that_are_shown_alike_are_told_apart(zipped):
    preview = open_archive(zipped({"IR/x\u200by.png": b"1", "VI/x\u200dy.png": b"2"}))
    assert preview.pairs == []
    assert codes(preview) == {
        "IR/x?y.png": "batch.no_partner", "VI/x?y.png": "batch.no_partner",
    }  # fmt: skip
    four = {f"{side}/x{c}y.png": f"{side}{c}".encode() for side in ("IR", "VI") for c in "\a\b"}
    preview = open_archive(zipped(four))
    assert preview.unpaired == [] and len(set(names(preview))) == 2  # the page asks by these
    for pair in preview.pairs:
        assert pair.a.read()[-1:] == pair.b.read()[-1:]


def test_folders_and_endings_in_a_zip_are_those_of_the_names_as_they_are(zipped):
    preview = open_archive(zipped({"x\u200by/1.png": b"1", "x\u200dy/1.png": b"2"}))
    assert names(preview) == [("x?y/1.png", "x?y/1.png (2)")]
    long = "/".join(["folder"] * 40)
    preview = open_archive(zipped({f"IR/{long}/1.png": b"1", f"VI/{long}/1.png": b"2"}))
    assert len(preview.pairs) == 1 and len(preview.pairs[0].a.path) == 240


def test_many_names_that_are_shown_alike_take_no_time(zipped):
    many = {f"IR/x{chr(0x200B)}{chr(0xE000 + n)}.png": b"" for n in range(4000)}
    preview = open_archive(zipped(many))
    assert len({one.path for one in preview.unpaired}) == 4000


def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (("IR/../../x.png", b"1"), "batch.outside"),
        (("/IR/x.png", b"1"), "batch.outside"),
        (("C:/IR/x.png", b"1"), "batch.outside"),
        (("..\\IR\\x.png", b"1"), "batch.outside"),
        ((link("IR/x.png"), b"/etc/passwd"), "batch.link"),
        (("IR/more.zip", b"PK"), "batch.nested"),
        (("IR/x.svg", b"<svg/>"), "batch.not_an_image"),
    ],
)
def test_hostile_entries_are_left_alone_with_a_reason(zipped, entry, code):
    good = [("IR/1.png", png(1)), ("VI/1.png", png(2))]
    preview = open_archive(zipped([*good, entry]))
    assert len(preview.pairs) == 1
    assert list(codes(preview).values()) == [code]
    assert str(preview.unpaired[0])


def test_a_bomb_is_not_unpacked(zipped):
    bomb = zipped({"IR/1.png": bytes(5_000_000), "VI/1.png": png()}, zipfile.ZIP_DEFLATED)
    preview = open_archive(bomb)
    assert preview.pairs == []
    assert codes(preview)["IR/1.png"] == "batch.bomb"
    few = BatchLimits(image=ImageLimits(max_bytes=1_000_000))
    assert codes(open_archive(bomb, few))["IR/1.png"] == "batch.entry_bytes"
    with pytest.raises(BatchError, match="unpacks to 5 MB; at most 1 MB"):
        open_archive(bomb, BatchLimits(max_unpacked_bytes=1_000_000))
    with pytest.raises(BatchError, match="holds 2 files; at most 1"):
        open_archive(bomb, BatchLimits(max_entries=1))
    with pytest.raises(BatchError, match="MB are accepted"):
        open_archive(bomb, BatchLimits(max_archive_bytes=100))


@pytest.mark.parametrize("comment", [b"", b"A comment of PK and more."])
@pytest.mark.parametrize("entries", [3000, 70_000])  # of plain zip and of Zip64
def test_a_directory_without_end_is_not_parsed(entries, comment, monkeypatch, tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(entries):
            archive.writestr(f"IR/{index}.png", b"")
        archive.comment = comment
    with pytest.raises(BatchError, match=f"holds {entries} files; at most 2999"):
        open_archive(path, BatchLimits(max_entries=2999))  # few enough to count
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was parsed"))
    for source in (path, path.read_bytes()):
        with pytest.raises(BatchError, match=f"holds {entries} files; at most 100"):
            open_archive(source, BatchLimits(max_entries=100))


def test_a_directory_that_claims_more_than_there_is_is_no_zip(zipped):
    archive = bytearray(zipped({"IR/1.png": png(1), "VI/1.png": png(2)}))
    struct.pack_into("<L", archive, len(archive) - 10, 1 << 31)
    with pytest.raises(BatchError, match="no zip file"):
        open_archive(bytes(archive))


def test_an_entry_that_lies_about_its_size_is_stopped(zipped):
    archive = bytearray(
        zipped({"IR/1.png": bytes(300_000), "VI/1.png": png()}, zipfile.ZIP_DEFLATED)
    )
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = archive.index(signature) + place
        assert struct.unpack_from("<I", archive, at)[0] == 300_000
        struct.pack_into("<I", archive, at, 1000)
    preview = open_archive(bytes(archive))
    with pytest.raises(ImageError, match="can't be unpacked"):
        preview.pairs[0].a.read()


def test_encrypted_and_damaged_entries_are_told_of(zipped):
    archive = bytearray(zipped({"IR/1.png": png(1), "VI/1.png": png(2)}))
    damaged = bytearray(archive)
    damaged[archive.index(b"IDAT") + 8] ^= 255
    preview = open_archive(bytes(damaged))
    with pytest.raises(ImageError, match="pack the zip again"):
        preview.pairs[0].a.read()
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    assert codes(open_archive(bytes(archive)))["IR/1.png"] == "batch.encrypted"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(3), b"PK\x03\x04" * 9])
def test_what_is_no_zip_is_refused_in_a_sentence(content, tmp_path):
    with pytest.raises(BatchError, match="no zip file"):
        open_archive(content)
    with pytest.raises(BatchError, match="no zip file"):
        open_archive(tmp_path / "absent.zip")
