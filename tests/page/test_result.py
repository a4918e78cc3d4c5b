"""What is said about a result: how visible it is, what it was told, who wrote its texts."""

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demo.actions.opening import first_visit
from demo.actions.remembering import _restored
from demo.actions.showing import show_panels, show_result, show_sources
from demo.desk import Desk
from demo.language import load_language
from demo.page import _lay_out
from demo.panels.facts import moved_sentence
from demo.panels.history import render_history
from demo.panels.viewer import render_viewer
from demo.pictures import Picture
from demo.settings import Settings
from demo.state import Moved
from tests.page.test_growth_of_memory import reply_of

SAY = load_language("en")


@pytest.fixture
def desk():
    return Desk(Settings())


@pytest.fixture
def view(desk):
    with gr.Blocks():
        return _lay_out(desk, SAY, first_visit()[0])


def shown_source(desk, visit, digest):
    """A source whose picture is on the shelf, as an uploaded one's."""
    address = desk.shelf.put(Picture(b"x", "image/png", visit.identity))
    return replace(visit.sources["b"], digest=digest, picture=f"picture/{address}")


def fused(visit, desk, **said):
    job = SimpleNamespace(request={"task": visit.task})
    reply = {**reply_of(np.zeros((8, 8), np.float32)), **said}
    return desk.keep(visit, job, dict(visit.sources), reply)


@pytest.mark.parametrize(
    ("mean", "largest", "said"),
    [
        (0.1, 3.0, "less than anybody can see"),
        (0.1, 12.0, "hardly visible"),
        (1.5, 150.0, "That is visible"),  # a small region: found with film-steer
        (0.1, 40.0, "That is visible"),
        (2.5, 8.0, "That is visible"),
    ],
)
def test_a_small_region_that_changes_strongly_is_visible(mean, largest, said):
    assert said in moved_sentence(Moved(mean, largest, 1), SAY)


def test_a_card_of_the_history_says_what_the_network_was_told(desk):
    visit = first_visit()[0]
    fused(visit, desk)
    assert SAY("instruction") not in render_history(visit, 60, SAY)
    fused(visit, desk, instruction="Brighten <the> left half.")
    assert "<b>Instruction</b> Brighten &lt;the&gt; left half." in render_history(visit, 60, SAY)


@pytest.mark.parametrize(
    ("author", "text", "line"),
    [
        ("measured", "A warm spot.", SAY("text.author", author="measured")),
        ("visitor", "My own words.", SAY("text.edited")),
        ("", "From an earlier page.", ""),
    ],
)
def test_a_restored_text_is_said_to_be_its_author_s(desk, view, author, text, line):
    """Found by restoring: a measured text was "Edited by you"."""
    visit = first_visit()[0]
    if author != "visitor":
        visit.fill("a", text, "measured")
    if not author:
        visit.fill("a", "a newer one", "measured")
    result = fused(visit, desk, text_a=text)
    assert result.authors[0] == author
    visit.fill("a", "something else", "measured")
    updates = _restored(view, visit, desk, result)
    said = updates[view.authors["a"]]
    assert updates[view.texts["a"]] == text
    assert (line in said) if line else said == ""


def test_a_replaced_source_s_picture_leaves_the_shelf_unless_a_result_shows_it(desk, view):
    """Found by reading: it stayed as long as the visit."""
    visit = first_visit()[0]
    sources = [shown_source(desk, visit, digest) for digest in "xyz"]
    names = [source.picture.removeprefix("picture/") for source in sources]
    visit.sources["a"] = sources[0]
    show_sources(view, visit, desk)
    visit.sources["a"] = sources[1]
    fused(visit, desk)
    show_sources(view, visit, desk)
    assert [name in desk.shelf for name in names] == [False, True, True]
    visit.sources["a"] = sources[2]
    show_sources(view, visit, desk)
    running = SimpleNamespace(request={slot: {"digest": "z"} for slot in "ab"})
    visit.sources["a"], visit.job = None, running
    show_sources(view, visit, desk)
    assert [name in desk.shelf for name in names] == [False, True, True]
    visit.job = None
    show_sources(view, visit, desk)
    assert [name in desk.shelf for name in names] == [False, True, False]


def test_pictures_of_a_study_that_is_forgotten_leave_the_shelf(desk, view):
    visit = first_visit()[0]
    put = [desk.shelf.put(Picture(b"x", "image/png", visit.identity)) for _ in range(2)]
    visit.study.pictures["row"] = (*(f"picture/{name}" for name in put), 1.0)
    visit.changed_sources()
    show_panels(view, visit, desk, "study")
    assert not any(name in desk.shelf for name in put)


def test_a_picture_that_had_to_make_room_is_said_to_be_gone(desk, view):
    """Found with a shelf of 1 MB: source A was broken in the page, without a word."""
    visit = first_visit()[0]
    visit.sources["a"] = shown_source(desk, visit, "x")
    result = fused(visit, desk)
    visit.result = result
    pages = []
    for _ in range(2):
        pages.append({**show_sources(view, visit, desk), **show_result(view, visit, desk)})
        for address in (visit.sources["a"].picture, result.picture):
            desk.shelf.take(address.removeprefix("picture/"))
    whole, gone = pages
    for place in (view.sources["a"], view.facts, view.panels["history"]):
        assert "had to make room" not in whole[place]
        assert "had to make room: this page keeps 1024 MB" in gone[place]
    assert "had to make room" not in gone[view.sources["b"]]
    assert result.picture not in gone[view.panels["history"]]
    assert "download" in whole[view.viewer] and "download" not in gone[view.viewer]


def test_the_sources_alone_have_the_letters_that_they_have_everywhere():
    visit = first_visit()[0]
    visit.result = None
    shown = render_viewer(visit, "", SAY)
    assert [shown[slot]["alt"] for slot in "ab"] == ["Source A", "Source B"]
