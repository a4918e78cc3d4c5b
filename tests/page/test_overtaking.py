"""Answers that take seconds, and what a visitor does meanwhile: the newer of the two stays."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import pytest

from demo.actions import studying
from demo.batch import PairOfFiles
from demo.desk import Desk
from demo.examples import find_examples
from demo.pictures import Picture
from demo.settings import Settings
from demo.state import Visit
from demo.worker import JobEvent
from film_core.errors import FilmError, ImageError
from tests.page.pressing import Tab, Worker, answer, fail, source, steps_of, work, write

KEY = "0123456789abcdef" * 2
AT_HAND = SimpleNamespace(session_hash="session", headers={"accept-language": "en"})
MISFIT = ImageError("pair.sizes", "The two are unlike.")
DIED = FilmError("worker.died", "The computation ended.")


@pytest.fixture
def tab():
    """A tab with two images of its own, not described yet."""
    visit = Visit()
    visit.sources.update(a=source("a"), b=source("b"))
    return Tab(Desk(Settings()), visit)


def run(play) -> None:
    """Run in a thread of its own: Playwright keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, play()).result()


def speak(tab, language: str):
    return tab.press("head", "language", "warm", "cold", gr.EventData(None, {"value": language}))


async def fused(tab) -> None:
    """Fuse and compare."""
    tab.press("fuse", "click", "warm", "cold", "")
    work(await tab.fusing.asked("fuse"))
    work(await tab.fusing.asked("compare"))
    await tab.settle()


def progress(tab) -> str:
    return tab.shown["progress"]


# -- fusing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["language", "task"])
def test_a_late_comparison_draws_what_is_chosen_by_then(tab, change):
    async def play():
        tab.press("fuse", "click", "warm", "cold", "")
        work(await tab.fusing.asked("fuse"))
        comparing = await tab.fusing.asked("compare")
        assert "Done in" in progress(tab)
        if change == "language":
            await speak(tab, "zh")
        else:
            tab.press("task", "input", "mif", "warm", "cold")
            await tab.turn()
        before = {name: tab.shown[name] for name in ("task-sentence", "source-a", "facts")}
        work(comparing)
        await tab.settle()
        for name, drawn in before.items():
            assert tab.shown[name] == drawn, name
        assert "Pyramid" in tab.shown["metrics"] or "金字塔" in tab.shown["metrics"]

    run(play)


def test_how_a_fusion_ended_is_said_in_the_language_that_is_chosen_then(tab):
    async def play():
        await fused(tab)
        assert "Done in" in progress(tab)
        await speak(tab, "zh")
        assert "完成，用时" in progress(tab) and "查看结果" in progress(tab)
        tab.press("fuse", "click", "warm", "cold", "")
        fail(await tab.fusing.asked("fuse"), DIED)
        await tab.settle()
        await speak(tab, "en")
        assert "The computation ended." in progress(tab)

    run(play)


def test_the_progress_speaks_the_language_that_is_chosen_meanwhile(tab):
    async def play():
        tab.press("fuse", "click", "warm", "cold", "")
        job = await tab.fusing.asked("fuse")
        await tab.turn()
        await speak(tab, "zh")
        job.tell(JobEvent("queued", place=2))
        await tab.turn()
        assert "前面还有 2 个" in progress(tab)
        work(job)
        work(await tab.fusing.asked("compare"))
        await tab.settle()
        assert "完成" in progress(tab)

    run(play)


def test_a_result_of_images_that_are_gone_is_said_to_be_in_the_history(tab):
    async def play():
        tab.press("fuse", "click", "warm", "cold", "")
        job = await tab.fusing.asked("fuse")
        tab.visit.sources["a"] = source("other")
        tab.visit.changed_sources()
        work(job)
        work(await tab.fusing.asked("compare"))
        await tab.settle()
        assert "the result is in the History" in progress(tab)
        assert "See the result" not in progress(tab) and len(tab.visit.results) == 1

    run(play)


# -- the pair ------------------------------------------------------------------------------------


async def give(tab, slot: str, width: int, wrong: FilmError | None = None) -> None:
    """Upload an image and let the check of the pair, where there is one, answer."""
    token = tab.desk.uploads.put(Picture(bytes([width]), "", ""))
    data = {"token": token, "name": f"{width}.png"}
    tab.press(f"source-{slot}", "upload", "x", "y", gr.EventData(None, data))
    reading = await tab.reading.asked("read")
    shown = source("shown", width)
    answer(
        reading, shown=shown.data, width=width, height=30, bits=8, colour=False, notes=[]
    )  # fmt: skip
    if tab.visit.sources["b" if slot == "a" else "a"] is not None:
        check = await tab.reading.asked("pair")
        if wrong is None:
            answer(check, suggestion={"task": "ivf", "confidence": 0.0, "swapped": False})
        else:
            fail(check, wrong)
    await tab.settle()


def test_a_pair_that_fits_by_now_has_its_sentence_nowhere(tab, monkeypatch):
    async def play():
        tab.visit.sources["b"] = None
        monkeypatch.setattr("film_core.images.Suggestion", lambda **_: None)
        await give(tab, "b", 96, MISFIT)
        assert "are unlike" in tab.shown["source-b"]
        await give(tab, "a", 97, MISFIT)
        assert "are unlike" in tab.shown["source-a"] and "are unlike" not in tab.shown["source-b"]
        await give(tab, "b", 98)
        assert "are unlike" not in tab.shown["source-a"] + tab.shown["source-b"]

    run(play)


def test_a_check_that_failed_does_not_stand_in_the_way(tab):
    async def play():
        await give(tab, "b", 96, DIED)
        assert "The computation ended" in tab.shown["source-b"]
        tab.visit.sources["b"] = source("b")
        await fused(tab)
        assert "Done in" in progress(tab)
        assert "The computation ended" not in tab.shown["source-b"]

    run(play)


def test_a_pair_that_does_not_fit_is_not_fused(tab):
    async def play():
        await give(tab, "b", 96, MISFIT)
        await tab.press("fuse", "click", "warm", "cold", "")
        assert "are unlike" in progress(tab) and tab.fusing.idle

    run(play)


# -- descriptions --------------------------------------------------------------------------------


def test_the_answer_of_a_describer_that_is_not_chosen_any_more_is_dropped(tab):
    async def play():
        tab.desk.asking = SimpleNamespace()
        model = Worker(tab.desk.asking)
        tab.visit.sources["b"] = None
        tab.visit.fill("a", "Before.", "measured")
        tab.press("describer", "input", "model", "Before.", "")
        slow = await model.asked("describe")
        tab.press("describer", "input", "measured", "Before.", "")
        write(await tab.reading.asked("describe"), "Measured.")
        await tab.turn()
        write(slow, "By the model.", "model")
        await tab.settle()
        assert tab.texts() == ("Measured.", "") and tab.visit.authors["a"] == "measured"
        assert "measurements" in tab.shown["author-a"]

    run(play)


def test_a_description_that_was_asked_for_is_asked_of_the_describer_chosen_since(tab):
    async def play():
        tab.desk.asking = SimpleNamespace()
        model = Worker(tab.desk.asking)
        tab.visit.by_model, tab.visit.sources["b"] = True, None
        tab.press("again-a", "click", "My own.", "")
        slow = await model.asked("describe")
        tab.press("describer", "input", "measured", "My own.", "")
        write(await tab.reading.asked("describe"), "Measured.")
        write(slow, "By the model.", "model")
        await tab.settle()
        assert tab.texts() == ("Measured.", "")

    run(play)


def test_a_restored_result_keeps_its_texts_from_a_late_description(tab):
    async def play():
        await fused(tab)
        tab.press("again-a", "click", "Else.", "cold")
        late = await tab.reading.asked("describe")
        await tab.choose("history", "restore:1")
        write(late, "Late.")
        await tab.settle()
        assert tab.texts() == ("warm", "cold")
        assert "busy" not in tab.shown["author-a"]

    run(play)


def test_an_example_keeps_its_texts_from_a_late_description(tab):
    async def play():
        tab.press("again-a", "click", "Else.", "")
        late = await tab.reading.asked("describe")
        key = next(key for key, one in find_examples().items() if one.result is not None)
        await tab.choose("examples", key)
        texts = tab.texts()
        write(late, "Late.")
        await tab.settle()
        assert tab.texts() == texts and all(texts)

    run(play)


def test_what_is_being_described_is_described_for_its_new_place(tab):
    async def play():
        tab.press("again-a", "click", "", "Mine.")
        late = await tab.reading.asked("describe")
        tab.press("swap", "click", "", "Mine.")
        again = await tab.reading.asked("describe")
        assert again.request["source"] == "b" and again.request["image"]["name"] == "a.png"
        write(late, "Late.")
        write(again, "Anew.")
        await tab.settle()
        assert tab.texts() == ("Mine.", "Anew.")
        assert tab.visit.steps == {"a": [], "b": steps_of("Anew.")}
        assert tab.reading.idle and "busy" not in tab.shown["author-a"] + tab.shown["author-b"]

    run(play)


def test_swapping_describes_nothing_that_was_not_under_way(tab):
    async def play():
        tab.visit.fill("a", "One.", "measured")
        tab.visit.fill("b", "Two.", "measured")
        await tab.press("swap", "click", "One.", "Two.")
        assert tab.texts() == ("Two.", "One.") and tab.reading.idle

    run(play)


def test_what_is_typed_while_it_is_aligned_stays(tab, monkeypatch):
    async def play():
        tab.visit.fill("a", "Measured.", "measured")
        tab.visit.registration = SimpleNamespace()
        monkeypatch.setattr("demo.actions.showing.render_registration", lambda *_, **__: "")
        monkeypatch.setattr("demo.actions.registering.render_registration", lambda *_, **__: "")
        aligned, waiting = {"a": source("a2"), "b": source("b2")}, asyncio.Event()

        async def align(visit):
            await waiting.wait()
            return aligned, 0.0

        monkeypatch.setattr(tab.desk, "align", align)
        tab.press("registration", "choose", "Measured.", "Mine.", aligning)
        await tab.turn()
        tab.press("text-a", "input", "Typed meanwhile.")
        tab.shown["text-a"] = "Typed meanwhile."
        await tab.turn()
        waiting.set()
        await tab.settle()
        assert tab.texts()[0] == "Typed meanwhile." and tab.reading.idle
        assert tab.visit.sources == aligned

    aligning = gr.EventData(None, {"value": "align"})
    run(play)


def test_a_description_that_a_reload_cut_off_is_made_again(tab):
    async def play():
        tab.desk.visits.take_up(KEY, tab.visit, "before")
        opening = f'{{"key": "{KEY}", "returning": true}}'
        tab.visit = Visit()
        tab.press(None, "load", "Mine.", "", opening, AT_HAND)
        job = await tab.reading.asked("describe")
        assert job.request["source"] == "b"
        write(job, "Anew.")
        await tab.settle()
        assert tab.texts() == ("Mine.", "Anew.") and tab.reading.idle

    run(play)


# -- the task ------------------------------------------------------------------------------------


def test_everything_that_depends_on_the_task_is_drawn_with_it(tab):
    async def play():
        tab.visit.fill("a", "One.", "measured")
        tab.press("task", "input", "mef", "Mine.", "Mine too.")
        await tab.settle()
        assert "“Exposures”" in tab.shown["batch"]
        assert "Infrared" not in str(tab.shown["viewer"]["a"])
        assert "study" in tab.shown

    run(play)


def test_a_batch_is_of_the_task_and_network_that_it_was_started_with(tab):
    async def play():
        files = {name: source(name).data for name in ("1.png", "2.png")}
        tab.visit.batch.files.update(a=dict(files), b=dict(files))
        tab.visit.batch.pairs += [PairOfFiles(name[0], name, name) for name in files]
        tab.visit.batch.own_texts, tab.visit.network = True, "steer"
        tab.choose("batch", "start", "warm", "cold", "brighter")
        first = await tab.fusing.asked("fuse")
        tab.visit.task, tab.visit.network = "mif", "film"
        work(first)
        second = await tab.fusing.asked("fuse")
        work(second)
        await tab.settle()
        for job in (first, second):
            asked = {name: job.request[name] for name in ("task", "network", "instruction")}
            assert asked == {"task": "ivf", "network": "steer", "instruction": "brighter"}
        assert [one.state for one in tab.visit.batch.outcomes.values()] == ["done", "done"]

    run(play)


def test_a_running_batch_names_the_task_that_it_is_of(tab):
    async def play():
        files = {"1.png": source("1.png").data}
        tab.visit.batch.files.update(a=dict(files), b=dict(files))
        tab.visit.batch.pairs.append(PairOfFiles("1", "1.png", "1.png"))
        tab.choose("batch", "start", "warm", "cold", "")
        job = await tab.fusing.asked("fuse")
        tab.press("task", "input", "mef", "warm", "cold")
        await tab.turn()
        assert "Infrared" in tab.shown["batch"]
        work(job)
        await tab.settle()
        assert "“Exposures”" in tab.shown["batch"]

    run(play)


def test_a_study_is_of_the_task_that_it_was_started_with(tab):
    async def play():
        tab.visit.study.words = tab.visit.study.controls = False
        tab.visit.study.yours.append(("a", "Else."))
        tab.choose("study", "start", "warm", "cold", "")
        planning = await tab.fusing.asked("study plan")
        tab.visit.task = "mif"
        work(planning)
        for _ in range(2):
            job = await tab.fusing.asked("study row")
            assert job.request["task"] == "ivf"
            work(job)
        await tab.settle()
        study = tab.visit.study.study
        assert study.task == "ivf" and len(study.rows) == 2 and tab.fusing.idle

    run(play)


def test_a_study_whose_image_is_removed_as_it_starts_ends_without_a_fault(tab):
    async def play():
        steps = studying._run(tab.visit, tab.desk, "warm", "cold", "")
        await anext(steps)
        tab.visit.sources["a"] = None
        tab.visit.changed_sources()
        rest = asyncio.create_task(_all(steps))
        work(await tab.fusing.asked("study plan"))
        await rest
        assert tab.visit.study.study is None and not tab.visit.study.running and tab.fusing.idle

    run(play)


async def _all(steps) -> None:
    async for _ in steps:
        pass
