"""A reload finds the visit again; another tab, another key and another day do not."""

import json
import secrets
import urllib.request
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import expect

from demo.actions.opening import Opening, first_visit, read_opening
from demo.desk import Desk
from demo.pictures import Picture
from demo.settings import Settings
from demo.state import LocalLoss, Source, Visit
from demo.visits import Visits
from film_core.fusion import AttentionResult, SourceAttention, SteeringResult
from tests.page.conftest import start_page, stop
from tests.page.tabs import open_tab
from tests.page.test_browser import fuse, give_pair, open_page, upload

KEY, OTHER = secrets.token_hex(16), secrets.token_hex(16)


def kept(seconds=60.0, limit=10**9):
    gone = []
    return Visits(seconds, limit, lambda visit, session: gone.append((visit, session))), gone


def source(data: bytes) -> Source:
    return Source(str(hash(data)), data, "a.png", 20, 20, 8, False, (), "picture/x")


def test_a_key_finds_its_visit_and_no_other_does():
    visits, gone = kept()
    mine = Visit(task="mif")
    assert visits.take_up(KEY, mine, "first") == (mine, None)
    assert visits.take_up(OTHER, Visit(), "else")[0].task == "ivf"
    again, before = visits.take_up(KEY, Visit(), "second")
    assert before.visit is mine and before.session == "first"
    assert again is not mine and again.task == "mif" and again.identity == mine.identity
    assert visits.seen(KEY) and not visits.seen(secrets.token_hex(16)) and gone == []


@pytest.mark.parametrize("weak", ["", "1", "../x", "A" * 32, "0" * 33, "0" * 31 + "\n"])
def test_a_key_that_is_none_keeps_nothing_that_it_could_find(weak):
    visits, _ = kept()
    visits.take_up(weak, Visit(task="mif"), "first")
    assert visits.take_up(weak, Visit(), "second")[0].task == "ivf" and not visits.seen(weak)


def test_a_visit_is_forgotten_after_its_time_with_all_its_pictures():
    desk = Desk(Settings(idle_minutes=1e-9))
    dropped = []
    desk.drop_session = dropped.append
    visit, _ = desk.visits.take_up(KEY, Visit(), "session")
    name = desk.shelf.put(Picture(b"x", "image/png", visit.identity))
    desk.visits.sweep()
    assert desk.shelf.get(name) is None and dropped == ["session"] and len(desk.visits) == 0
    assert desk.visits.take_up(KEY, Visit(), "later")[1] is None


def test_a_visit_whose_page_reports_stays(monkeypatch):
    visits, gone = kept(seconds=60.0)
    now = [1000.0]
    monkeypatch.setattr("demo.visits.time.monotonic", lambda: now[0])
    visits.take_up(KEY, Visit(), "one")
    visits.take_up(OTHER, Visit(), "two")
    now[0] += 50
    assert visits.seen(KEY)
    now[0] += 30
    visits.sweep()
    assert [session for _, session in gone] == ["two"] and visits.seen(KEY)


def test_too_many_files_cost_the_visit_that_is_away_longest(monkeypatch):
    visits, gone = kept(seconds=10**6, limit=100)
    now = [1000.0]
    monkeypatch.setattr("demo.visits.time.monotonic", lambda: now[0])
    for number in range(3):
        visit = Visit()
        visit.sources["a"] = source(bytes([number]) * 60)
        visits.take_up(f"{number:032x}", visit, str(number))
        now[0] += 1
    visits.sweep()
    assert gone == []  # their pages are open
    now[0] += 1000
    visits.seen(f"{0:032x}")
    visits.sweep()
    assert [session for _, session in gone] == ["1", "2"]


def test_what_runs_for_the_old_page_is_not_the_new_one_s():
    old = Visit(unfinished=True)
    old.study.running = old.batch.running = True
    old.study.yours.append(("a", "text"))
    old.batch.files["a"]["x.png"] = b"x"
    new = old.continued()
    assert not new.study.running and not new.batch.running and new.unfinished
    assert new.study.yours == [("a", "text")] and new.batch.files["a"] == {"x.png": b"x"}
    new.study.yours.clear()
    new.batch.files["a"].clear()
    new.sources["a"] = source(b"x")
    assert old.study.yours and old.batch.files["a"] and old.sources["a"] is None


def test_the_size_of_a_visit_counts_each_file_once():
    visit = Visit()
    visit.sources["a"] = source(b"x" * 100)
    visit.unaligned = {"a": replace(source(b"x" * 100), name="other"), "b": source(b"y" * 10)}
    visit.batch.archive = b"z" * 1000
    assert visit.size == 1110
    assert np.zeros(1).nbytes == 8


def test_the_size_of_a_visit_counts_its_arrays_once():
    """Found by reading: the map of a loss and a study's base, 48 MB each, were nothing."""
    visit = first_visit()[0]
    before, flat = visit.size, np.zeros((10, 10), np.float32)

    def part(size):
        return np.zeros(size, np.uint8)

    attention = AttentionResult((8, 8), [{"a": SourceAttention(part(1), part(2), part(4))}], ())
    steering = SteeringResult((8, 8), {}, {"a": part(8)}, {"a": part(16)})
    visit.result = replace(
        visit.result, luminance=flat, change=flat, attention=attention, steering=steering
    )
    visit.results.append(visit.result)
    visit.local = LocalLoss("SSIM", 1, part(32))
    visit.study.base = part(64)
    row = SimpleNamespace(image=part(128), change=SimpleNamespace(map=part(256)))
    visit.study.study = SimpleNamespace(rows=[row])
    assert visit.size - before == 400 + 511


@pytest.mark.parametrize(
    "said", ["", "[]", "{", "null", '{"link": 3, "key": [], "returning": 1}', None]
)
def test_what_a_page_says_when_it_opens_may_be_anything(said):
    assert read_opening(said) == Opening()


def test_health_answers_a_key_only_with_whether_it_is_known(stand_in_page):
    asked = urllib.request.Request(f"{stand_in_page.address}/health", headers={"X-Film-Visit": KEY})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert json.load(answer)["visit"] is False


@pytest.mark.browser
def test_a_reload_finds_everything_again(tab, chromium, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "My own words.")
    fuse(page)
    shown = page.get_attribute(".stage img[alt='Fused image']", "src")
    page.fill("#text-b textarea", "typed and not sent")
    page.reload()
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[0].name)
    expect(page.locator("#source-b .drop-name")).to_have_text(pair_files[1].name)
    expect(page.locator("#text-a textarea")).to_have_value("My own words.")
    expect(page.locator("#text-b textarea")).to_have_value("typed and not sent")
    expect(page.locator(".stage img[alt='Fused image']")).to_have_attribute("src", shown)
    open_tab(page, "History")
    expect(page.locator("#history .card")).to_have_count(1)
    fuse(page)
    expect(page.locator("#history .card")).to_have_count(2)
    # A copy of this tab, as the browser makes one: the same storage, and this one still open.
    storage = page.evaluate("JSON.stringify(sessionStorage)")
    assert len(json.loads(storage)["film-studio-visit"]) == 32
    copy = page.context.new_page()
    copy.add_init_script(f"Object.assign(sessionStorage, {storage})")
    copy.goto(stand_in_page.address)
    expect(copy.locator("#source-a .drop-name")).not_to_have_text("")
    copy.wait_for_function(
        "known => sessionStorage.getItem('film-studio-visit') !== known",
        arg=json.loads(storage)["film-studio-visit"],
    )
    open_tab(copy, "History")
    expect(copy.locator("#history")).to_contain_text("Each result of this visit")
    assert pair_files[0].name not in copy.content()
    # A stranger with a key of the right form.
    other = chromium.new_context(locale="en-GB").new_page()
    other.add_init_script(f"sessionStorage.setItem('film-studio-visit', '{KEY}')")
    other.goto(stand_in_page.address)
    expect(other.locator("#fuse")).to_be_visible()
    open_tab(other, "History")
    expect(other.locator("#history")).to_contain_text("Each result of this visit")
    assert pair_files[0].name not in other.content()
    other.context.close()
    assert tab.faults == []


@pytest.mark.browser
def test_a_fusion_that_a_reload_interrupts_goes_on(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "slow")
    page.click("#fuse")
    expect(page.locator("#cancel")).to_be_visible()
    page.reload()
    # It goes on, or ended while the page came up: either way the result is there.
    expect(page.locator(".stage img[alt='Fused image']")).to_have_count(1, timeout=60_000)
    open_tab(page, "History")
    expect(page.locator("#history .card")).to_have_count(1)
    assert page.input_value("#text-a textarea") == "slow"


@pytest.mark.browser
def test_a_visit_that_is_gone_is_said_and_its_texts_stay(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    page.fill("#text-a textarea", "My own words.")
    page.evaluate(f"sessionStorage.setItem('film-studio-visit', '{OTHER}')")  # one nobody has here
    page.reload()
    expect(page.locator("#progress")).to_contain_text("no longer on this server")
    expect(page.locator("#text-a textarea")).to_have_value("My own words.")
    expect(page.locator("#source-a .drop")).to_have_attribute("data-state", "empty")


@pytest.mark.browser
def test_a_server_that_starts_anew_under_an_open_page_loses_only_what_it_held(
    tab, repository, tmp_path, pair_files
):
    server = start_page(repository, tmp_path, "tests.page.stand_in")
    page = open_page(tab, server)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "My own words.")
    page.fill("#text-b textarea", "not sent yet")
    with page.expect_response(lambda said: "/health" in said.url and said.json().get("visit")):
        pass  # the page has heard that its visit is known
    server.process.kill()
    server.process.wait()
    page.click("#fuse")
    expect(page.locator(".chip")).to_have_attribute("data-state", "unable", timeout=60_000)
    expect(page.locator("#fuse")).not_to_have_attribute("aria-busy", "true")
    again = start_page(
        repository, tmp_path, "tests.page.stand_in",
        GRADIO_SERVER_PORT=server.address.rsplit(":")[-1],
    )  # fmt: skip
    try:
        expect(page.locator("#progress")).to_contain_text(
            "no longer on this server", timeout=90_000
        )
        expect(page.locator("#text-a textarea")).to_have_value("My own words.")
        expect(page.locator("#text-b textarea")).to_have_value("not sent yet")
        for slot, file in zip("ab", pair_files, strict=True):
            upload(page, slot, file)
            expect(page.locator(f"#source-{slot} .drop-name")).to_have_text(file.name)
        fuse(page)
        assert page.input_value("#text-a textarea") == "My own words."
    finally:
        stop(again)
