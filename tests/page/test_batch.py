"""The batch panel in a real Chromium: zip and folders, a table that fills, stop, files."""

import csv
import io
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from demo import batches
from demo.batch import PairOfFiles, PairOutcome
from demo.desk import Desk
from demo.pictures import Picture
from demo.settings import Settings
from demo.state import Visit
from film_core.images import encode_png
from film_core.metrics import FORMS
from tests.page.conftest import start_page, stop
from tests.page.stand_in import TABLE
from tests.page.tabs import open_tab
from tests.page.test_browser import open_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def batch_page(repository, tmp_path_factory):
    server = start_page(repository, tmp_path_factory.mktemp("batch"), "tests.page.study_stand_in")
    yield server
    stop(server)


@pytest.fixture
def folders(tmp_path, pair_files):
    """Folders of three pairs, one of them broken, and a file without a partner."""
    for side, file in zip(("IR", "VI"), pair_files, strict=True):
        (tmp_path / side).mkdir()
        for number in (1, 2, 10):
            shutil.copy(file, tmp_path / side / f"{number}.png")
    (tmp_path / "IR" / "2.png").write_bytes(b"broken")
    shutil.copy(pair_files[0], tmp_path / "IR" / "lonely.png")
    return tmp_path / "IR", tmp_path / "VI"


@pytest.fixture
def archive(tmp_path, folders):
    path = tmp_path / "pairs.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for folder in folders:
            for file in folder.iterdir():
                packed.write(file, f"set/{folder.name}/{file.name}")
        packed.writestr("../evil.png", b"x")
    return path


def open_batch(tab, server):
    page = open_page(tab, server)
    open_tab(page, "Batch")
    return page


def start(page):
    page.click("#batch [data-choose=start]")
    expect(page.locator(".batch-summary")).to_contain_text("are fused", timeout=60_000)


def test_pictures_that_had_to_make_room_are_named_and_fused_again():
    """Found by reading: the zip lacked them without a word, and its table called them fused."""
    desk, visit = Desk(Settings(shelf_megabytes=1)), Visit()
    facts = {
        "height": 1, "width": 1, "text_a": "", "text_b": "", "seconds": 1.0, "notes": [],
        "metrics": dict.fromkeys(FORMS, TABLE),
    }  # fmt: skip
    for name in "abc":
        data = encode_png(np.random.default_rng(0).integers(0, 255, (700, 700), np.uint8))
        address = desk.shelf.put(Picture(data, "image/png", visit.identity))
        visit.batch.pairs.append(PairOfFiles(name, f"A/{name}", f"B/{name}"))
        visit.batch.outcomes[name] = PairOutcome("done", f"picture/{address}", facts)
    offered = batches.offers(desk, visit)["results.zip"].removeprefix("offer/")
    with zipfile.ZipFile(io.BytesIO(desk.offers.get(offered).make())) as results:
        assert [n for n in results.namelist() if n.startswith("images/")] == [
            "images/b.png", "images/c.png",
        ]  # fmt: skip
        assert "The fused picture of 'a' had to make room" in results.read("log.txt").decode()
    assert [outcome.state for outcome in visit.batch.outcomes.values()] == [
        "failed", "done", "done",
    ]  # fmt: skip


def test_a_zip_is_previewed_fused_and_taken_away(tab, batch_page, archive):
    page = open_batch(tab, batch_page)
    page.set_input_files("#batch [data-side=zip]", archive)
    expect(page.locator(".batch-summary")).to_have_text("3 pairs; files left out: 2.")
    expect(page.locator("#batch details")).to_contain_text("lonely.png' has no partner")
    expect(page.locator("#batch details")).to_contain_text("points outside of the zip")
    expect(page.locator("#batch tbody th").nth(2)).to_contain_text("set/IR/10.png")
    start(page)
    expect(page.locator(".batch-summary")).to_have_text("2 of 3 pairs are fused, 1 failed.")
    expect(page.locator("#batch td.failed")).to_contain_text("2.png")
    expect(page.locator("#batch td img")).to_have_count(2)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="results.zip").click()
    with zipfile.ZipFile(waiting.value.path()) as results:
        names = sorted(results.namelist())
        table = results.read("results.csv").decode("utf-8-sig")
        assert Image.open(io.BytesIO(results.read("images/1.png"))).size == (128, 96)
    assert names == [
        "contact-sheet.png", "images/1.png", "images/10.png", "log.txt", "results.csv",
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["state"] for row in rows] == ["done", "failed", "done", ""]
    assert tab.faults == []


def test_two_folders_are_given_one_after_the_other(tab, batch_page, folders):
    page = open_batch(tab, batch_page)
    page.set_input_files("#batch [data-side=a]", sorted(folders[0].iterdir()))
    expect(page.locator(".batch-given")).to_contain_text("4 images A, 0 images B")
    page.set_input_files("#batch [data-side=b]", sorted(folders[1].iterdir()))
    expect(page.locator(".batch-summary")).to_have_text("3 pairs; files left out: 1.")
    page.click("#batch [data-choose=texts]")
    expect(page.locator("#batch [data-choose=texts]")).to_have_attribute("aria-pressed", "true")
    start(page)
    expect(page.locator("#batch td img")).to_have_count(2)
    page.click("#batch [data-choose=clear]")
    expect(page.locator("#batch tbody")).to_have_count(0)


def test_a_stopped_batch_keeps_what_is_done_and_carries_on(tab, batch_page, folders):
    page = open_batch(tab, batch_page)
    page.fill("#text-a textarea", "slow")
    page.set_input_files("#batch [data-side=a]", sorted(folders[0].iterdir()))
    page.set_input_files("#batch [data-side=b]", sorted(folders[1].iterdir()))
    page.click("#batch [data-choose=texts]")
    page.click("#batch [data-choose=start]")
    expect(page.locator("#batch td img")).to_have_count(1, timeout=60_000)
    page.click("#batch [data-choose=stop]")
    carry_on = page.get_by_role("button", name="Carry on")
    expect(carry_on).to_be_visible()
    first = page.locator("#batch td img").first.get_attribute("src")
    page.reload()  # which the batch outlives, too
    open_tab(page, "Batch")
    expect(page.locator("#batch td img")).to_have_count(1)
    carry_on.click()
    expect(page.locator("#batch td img")).to_have_count(2, timeout=60_000)
    assert page.locator("#batch td img").first.get_attribute("src") == first


def test_what_is_no_zip_is_answered_in_a_sentence(tab, batch_page, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    page = open_batch(tab, batch_page)
    page.set_input_files("#batch [data-side=zip]", tmp_path / "bad.zip")
    expect(page.locator("#batch .alert")).to_contain_text("no zip file")


def test_too_many_pairs_are_refused_with_the_limit(tab, batch_page, tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(101):
            packed.writestr(f"A/{number}.png", b"1")
            packed.writestr(f"B/{number}.png", b"2")
    page = open_batch(tab, batch_page)
    page.set_input_files("#batch [data-side=zip]", path)
    expect(page.locator("#batch .alert")).to_contain_text("101 pairs; this page fuses 100")


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": width, "height": 900}} for width in (390, 3840)], indirect=True
)
def test_the_batch_stays_within_the_page(tab, batch_page, archive):
    page = open_batch(tab, batch_page)
    page.set_input_files("#batch [data-side=zip]", archive)
    start(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
