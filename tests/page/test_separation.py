"""Visitors are kept apart, doors that nobody needs are shut, limits hold."""

import dataclasses
import json
import urllib.error
import urllib.request
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from demo.batch import PageBatch
from demo.desk import Desk, plain_name
from demo.gate import Gate
from demo.offers import Offer, Offers
from demo.pictures import Picture, PictureShelf
from demo.server import build_server
from demo.settings import Settings, read_settings
from demo.state import Visit
from demo.study import PromptStudy
from film_core.errors import SettingError, TextError


def answer(address: str, data: bytes | None = None) -> tuple[int, bytes, dict]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data), timeout=20) as reply:
            return reply.status, reply.read(), dict(reply.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), dict(refused.headers)


SHUT = [
    "/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd",
    "/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/component_server", "/monitoring",
    "/gradio_api/app_id", "/runs", "/docs", "/openapi.json", "/gradio_api/mcp/", "/user",
    "/example/ivf/../../app.py", "/example/ivf/none/a.png", "/picture/guess", "/offer/guess",
    "/static/../app.py", "/gradio_api/heartbeat/../upload",
]  # fmt: skip


@pytest.mark.parametrize("path", SHUT)
def test_doors_that_nobody_needs_are_shut(stand_in_page, path):
    assert answer(stand_in_page.address + path)[0] == 404


def test_every_answer_carries_the_headers(stand_in_page):
    for path in ("/", "/health", "/nothing"):
        headers = {k.lower(): v for k, v in answer(stand_in_page.address + path)[2].items()}
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_an_upload_is_limited_and_can_not_be_fetched_back(stand_in_page):
    status, body, _ = answer(stand_in_page.address + "/upload", b"some bytes")
    token = json.loads(body)["token"]
    assert status == 200 and len(token) >= 20
    for place in ("picture", "offer"):
        assert answer(f"{stand_in_page.address}/{place}/{token}")[0] == 404
    status, body, _ = answer(stand_in_page.address + "/upload", b"x" * 41_000_000)
    assert status == 413 and json.loads(body) == {"reason": "too_large"}


def test_health_tells_nothing_of_visitors(stand_in_page):
    report = json.loads(answer(stand_in_page.address + "/health?language=zh")[1])
    assert report["state"] in ("ready", "busy", "starting")
    assert set(report) == {
        "state", "text", "fraction", "detail", "device", "weights", "restarts", "waiting",
        "reading",
    }  # fmt: skip


def test_a_shelf_forgets_by_size_by_age_and_by_visit():
    shelf = PictureShelf(limit=100)
    first = shelf.put(Picture(b"x" * 60, "image/png", "one"))
    second = shelf.put(Picture(b"x" * 60, "image/png", "two"))
    assert shelf.get(first) is None and shelf.get(second) is not None
    shelf.forget("one")
    assert shelf.get(second) is not None
    shelf.forget("two")
    assert shelf.get(second) is None and len(shelf) == 0
    brief = PictureShelf(limit=100, seconds=0.0)
    name = brief.put(Picture(b"x", "image/png"))
    assert brief.get(name) is None


def test_a_visitor_with_many_pictures_loses_their_own_first():
    """Found by reading: one visitor's pictures could push out everybody's."""
    shelf = PictureShelf(limit=100)
    mine = shelf.put(Picture(b"x" * 20, "image/png", "me"))
    others = [shelf.put(Picture(b"x" * 30, "image/png", "you")) for _ in range(20)]
    assert mine in shelf and [name in shelf for name in others[-3:]] == [False, True, True]
    large = shelf.put(Picture(b"x" * 90, "image/png", "me"))
    assert large in shelf and mine not in shelf


def test_names_on_a_shelf_can_not_be_guessed():
    shelf = PictureShelf(limit=10_000)
    names = {shelf.put(Picture(b"x", "image/png")) for _ in range(200)}
    assert len(names) == 200 and min(map(len, names)) >= 22  # 128 bits


def test_an_offer_is_replaced_and_forgotten_with_its_visit():
    offers = Offers()

    def put(name, owner, content):
        offer = Offer(lambda: content, "text/csv", name, owner, "table")
        return offers.put(offer).removeprefix("offer/")

    first, second = put("result-1.csv", "me", b"1"), put("result-2.csv", "me", b"2")
    other = put("result-1.csv", "you", b"3")
    assert offers.get(first).make() == b"1" and offers.get(second).make() == b"2"
    put("result-3.csv", "me", b"4")  # now its page has been drawn anew
    assert offers.get(first) is None and offers.get(second).make() == b"2"
    offers.forget("me")
    assert offers.get(second) is None and offers.get(other) is not None


@pytest.mark.parametrize(
    ("name", "plain"),
    [("夜-aligned.png", "_-aligned.png"), ('a"b\\c.png', "a_b_c.png"), ("a b.png", "a b.png")],
)
def test_a_file_of_any_name_can_be_taken_away(monkeypatch, name, plain):
    """Found by aligning 夜.png: the name went into a header of another alphabet, and gave 500."""
    desk = Desk(Settings())
    monkeypatch.setattr(desk, "open", lambda: None)
    with TestClient(build_server(desk)) as client:
        address = desk.offer(Visit(), "a", name, "image/png", lambda: b"content")
        reply = client.get(f"/{address}")
    assert reply.status_code == 200 and reply.content == b"content"
    header = reply.headers["content-disposition"]
    given, _, encoded = header.partition("; filename*=UTF-8''")
    assert given == f'attachment; filename="{plain}"' and unquote(encoded) == name


def test_leaving_forgets_everything_of_the_visit():
    desk, mine, yours = Desk(Settings()), Visit(), Visit()
    kept = desk.shelf.put(Picture(b"y", "image/png", yours.identity))
    gone = desk.shelf.put(Picture(b"x", "image/png", mine.identity))
    offer = desk.offer(mine, "a", "a.csv", "text/csv", lambda: b"").removeprefix("offer/")
    desk.leave(mine)
    assert desk.shelf.get(gone) is None and desk.offers.get(offer) is None
    assert desk.shelf.get(kept) is not None


def test_every_session_gets_a_visit_of_its_own():
    import copy

    first = Visit(task="mif")
    second, third = copy.deepcopy(first), copy.deepcopy(first)
    assert len({visit.identity for visit in (first, second, third)}) == 3
    assert second.task == "mif"
    for one, other in ((first, second), (second, third)):
        for field in dataclasses.fields(Visit):
            value = getattr(one, field.name)
            if isinstance(value, dict | list | set | PromptStudy | PageBatch):
                assert value is not getattr(other, field.name), field.name


def test_a_text_beyond_the_limit_is_refused_with_both_numbers():
    with pytest.raises(TextError, match=r"has 25 characters; this page accepts 20"):
        Desk(Settings(max_characters=20)).check_text("x" * 25)


@pytest.mark.parametrize("text", ["a \ud83d b", "a \0 b"])
def test_a_text_that_no_file_can_carry_is_refused_before_anything_is_computed(text):
    """Found by sending odd texts: the answer held it, and could not be sent."""
    with pytest.raises(TextError, match="position 3: remove it"):
        Desk(Settings()).check_text(text)


def test_a_sentence_about_half_a_character_can_be_sent():
    error = SettingError("setting.x", "It is '{seen}'.", seen="a \ud83d b")
    assert str(error).encode() == b"It is 'a ? b'."


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\photos\\a.png", "a.png"), ("a\x00\n.png", "a??.png"),
        ("", "image"), (None, "None"), ("x" * 251 + ".png", "x" * 251 + ".png"),
        ("x" * 500 + ".png", "x" * 128 + "…" + "x" * 124 + ".png"),
    ],
)  # fmt: skip
def test_file_names_are_made_plain(given, plain):
    assert plain_name(given) == plain


def test_settings_come_from_the_environment_and_are_checked():
    settings = read_settings({"FILM_STUDIO_WAITING": "7", "FILM_STUDIO_MAX_MEGAPIXELS": "2.5"})
    assert settings.waiting == 7 and settings.max_megapixels == 2.5
    for bad in ("many", "-3", "0", ""):
        with pytest.raises(SettingError, match="FILM_STUDIO_WAITING"):
            read_settings({"FILM_STUDIO_WAITING": bad})


@pytest.mark.parametrize("path", ["/assets//x", "/assets/../config", "/gradio_api/call/../upload"])
def test_the_gate_takes_no_detours(path):
    assert not Gate(None)._open(path)
