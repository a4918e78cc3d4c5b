"""The readers under coverage-guided fuzzing, in short; and what the long runs have found."""

import io
import zipfile
from types import SimpleNamespace

import pytest

from benchmarks.fuzzing.__main__ import CORPUS, explore
from benchmarks.fuzzing.targets import TARGETS, BrokenRuleError, image_header, replay
from demo.actions import batching, sources, studying
from demo.actions.events import choice_of
from demo.desk import Desk
from demo.settings import Settings
from demo.state import Visit
from film_core.batch import open_archive
from film_core.errors import ImageError


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz_corpus_holds_nothing_that_a_reader_lets_through(target):
    assert replay(target, CORPUS / target) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(("target", "runs"), [("image-header", 4000), ("checkpoint", 800)])
def test_fuzz_run_guided_by_coverage_finds_nothing(target, runs, tmp_path, monkeypatch):
    pytest.importorskip("atheris", reason="needs Atheris (requirements-dev.txt)")
    monkeypatch.chdir(tmp_path)  # where a finding would be left
    monkeypatch.setenv("PYTHONPATH", str(CORPUS.parents[2]))
    reached = tmp_path / "reached"
    assert explore(target, 30, runs, reached) == 0
    assert any(reached.iterdir()), "coverage guided nothing: no input reached a new branch"


def test_fuzz_targets_do_notice_a_finding(monkeypatch):
    from film_core.images import Header

    monkeypatch.setattr("film_core.images.read_header", lambda data, name: Header("PNG", 0, 4))
    with pytest.raises(BrokenRuleError):
        image_header(b"")


def test_fuzz_finding_a_zip_entry_without_a_name():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as whole:
        for name in ("A/1.png", "B/1.png", "x"):
            whole.writestr(name, b"1")
    # What stands before a null character is the name that Python's zipfile takes.
    nameless = file.getvalue().replace(b"xPK\x05\x06", b"\0PK\x05\x06")
    preview = open_archive(nameless)
    assert [pair.name for pair in preview.pairs] == ["1"]


@pytest.mark.parametrize("size", [10**400, -1, float("inf"), float("nan"), "many", None, [1]])
def test_fuzz_finding_the_size_of_an_upload_may_be_anything(size):
    event = SimpleNamespace(_data={"reason": "too_large", "name": "a.png", "size": size})
    with pytest.raises(ImageError, match=r"'a\.png' has 0\.0 MB"):
        sources.uploaded_file(event, Desk(Settings()))


@pytest.mark.parametrize("files", [[1, None, ["x"], "y"], {"token": "x"}, "abc", None])
def test_fuzz_finding_files_of_a_batch_that_are_none(files):
    visit = Visit()
    batching._take(visit, Desk(Settings()), {"side": "a", "files": files})
    assert visit.batch.files == {"a": {}, "b": {}}


@pytest.mark.parametrize("number", ["9" * 5000, "٣", "²", "-1", "1.0", ""])
def test_fuzz_finding_a_row_to_remove_that_is_no_number(number):
    visit = Visit()
    visit.study.yours.append(("a", "kept"))
    studying._change(visit, Desk(Settings()), "remove", number)
    assert visit.study.yours == [("a", "kept")]


@pytest.mark.parametrize("sent", [None, 3, "stage:1", [1], {}, {"value": None}, {"value": [1]}])
def test_fuzz_finding_an_event_that_says_no_choice(sent):
    assert choice_of(SimpleNamespace(_data=sent)) == ""
