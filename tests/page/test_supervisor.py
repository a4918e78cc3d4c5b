"""The supervised worker: crashes, hangs, cancels and queues end in an answer, never in silence."""

import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from demo.worker import Job, Supervisor
from demo.worker.supervisor import WorkerLimits
from demo.worker.waiting import QueueFullError
from film_core.errors import Cancelled
from film_core.images import encode_png

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
STAND_IN = "tests.page.stand_in"


def picture(value: int) -> bytes:
    return encode_png(np.full((20, 24), value, np.uint8))


def fusion(text: str = "calm", visitor: str = "v", seconds: float = 60.0) -> Job:
    request = {
        "do": "fuse",
        "task": "ivf",
        "a": {"digest": "one", "name": "one"},
        "b": {"digest": "two", "name": "two"},
        "text_a": text,
        "text_b": "",
        "network": "film",
        "instruction": "",
    }
    return Job(visitor, request, {"one": picture(60), "two": picture(100)}, seconds)


@pytest.fixture
def start(tmp_path):
    """Start a supervisor of the stand-in; all are closed at the end."""
    started = []

    def begin(limits: WorkerLimits | None = None, **environment: str) -> Supervisor:
        environment = {"STAND_IN_MARK": str(tmp_path / "mark"), **environment}
        supervisor = Supervisor(STAND_IN, limits, environment)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield begin
    for supervisor in started:
        supervisor.close()


async def events_of(supervisor: Supervisor, job: Job) -> list:
    supervisor.submit(job)
    return [event async for event in job.events()]


def run(coroutine):
    # In a thread: the browser tests' Playwright keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(coroutine, 60)).result()


def test_a_job_is_answered(start):
    async def scenario():
        return await events_of(supervisor, fusion())

    supervisor = start()
    events = run(scenario())
    assert events[-1].kind == "done"
    assert events[-1].reply["luminance"].shape == (20, 24)
    assert supervisor.status().state == "ready"
    assert supervisor.status().about["device"] == "cpu"


def test_images_are_sent_once(start):
    async def scenario():
        first = await events_of(supervisor, fusion())
        again = fusion()
        again.blobs = dict.fromkeys(again.blobs, b"not an image: must not be asked for")
        return first, await events_of(supervisor, again)

    supervisor = start()
    first, again = run(scenario())
    assert first[-1].kind == again[-1].kind == "done"


def test_a_crash_is_repeated_once_in_a_fresh_process(start):
    async def scenario():
        return await events_of(supervisor, fusion("crash once"))

    supervisor = start()
    events = run(scenario())
    assert any(event.stage == "again" and event.detail == "SIGKILL" for event in events)
    assert events[-1].kind == "done"
    assert supervisor.status().restarts == 1


def test_a_crash_that_repeats_becomes_a_sentence_and_the_next_job_works(start):
    async def scenario():
        return (
            await events_of(supervisor, fusion("crash always")),
            await events_of(supervisor, fusion("calm")),
        )

    supervisor = start()
    crashed, calm = run(scenario())
    assert crashed[-1].error.code == "worker.died"
    assert "SIGKILL" in str(crashed[-1].error)
    assert calm[-1].kind == "done"


@pytest.mark.parametrize("text", ["nonsense", "noise"])
def test_a_worker_that_says_nothing_readable_is_replaced(start, text):
    """Found by fuzzing the frames: the keeper's thread ended on them, and with it the page."""

    async def scenario():
        return await events_of(supervisor, fusion(text)), await events_of(supervisor, fusion())

    supervisor = start()
    odd, calm = run(scenario())
    assert odd[-1].error.code == "worker.died"
    assert calm[-1].kind == "done"


def test_an_idle_worker_that_is_killed_is_replaced(start):
    async def scenario():
        await events_of(supervisor, fusion())
        before = supervisor.process_id
        os.kill(before, signal.SIGKILL)
        after = await events_of(supervisor, fusion())
        return before, after

    supervisor = start()
    before, after = run(scenario())
    assert after[-1].kind == "done"
    assert supervisor.process_id != before


def test_a_hanging_job_is_ended_and_says_the_limit(start):
    async def scenario():
        hung = await events_of(supervisor, fusion("hang", seconds=1.5))
        return hung, await events_of(supervisor, fusion())

    supervisor = start()
    hung, calm = run(scenario())
    assert hung[-1].error.code == "worker.timeout"
    assert calm[-1].kind == "done"


def test_a_cancel_is_answered_at_once_and_frees_the_worker(start):
    async def scenario():
        job = fusion("slow")
        supervisor.submit(job)
        events = []
        async for event in job.events():
            events.append(event)
            if event.kind == "progress" and not job.cancelled:
                supervisor.cancel(job)
        pid = supervisor.process_id
        calm = await events_of(supervisor, fusion())
        return events, calm, pid

    supervisor = start()
    events, calm, pid = run(scenario())
    assert isinstance(events[-1].error, Cancelled)
    assert calm[-1].kind == "done"
    assert supervisor.process_id == pid, "a cancel that is heeded must not cost the process"


def test_a_cancel_that_is_not_heeded_costs_the_process(start):
    async def scenario():
        job = fusion("hang")
        supervisor.submit(job)
        async for event in job.events():
            if event.kind == "progress" and not job.cancelled:
                supervisor.cancel(job)
        return await events_of(supervisor, fusion())

    supervisor = start(WorkerLimits(cancel_seconds=0.5))
    assert run(scenario())[-1].kind == "done"
    assert supervisor.status().restarts == 1


def test_the_line_is_fair_between_visitors_and_tells_the_place(start):
    async def scenario():
        done = []

        async def wait_for(name, job):
            waits = [(e.place, e.wait) async for e in job.events() if e.kind == "queued"]
            done.append(name)
            return waits

        await events_of(supervisor, fusion("calm", "earlier"))  # so that a duration is known

        first = supervisor.submit(fusion("slow", "greedy"))
        greedy = [supervisor.submit(fusion("calm", "greedy")) for _ in range(2)]
        modest = supervisor.submit(fusion("calm", "modest"))
        names = {"first": first, "greedy 1": greedy[0], "greedy 2": greedy[1], "modest": modest}
        places = await asyncio.gather(*(wait_for(n, j) for n, j in names.items()))
        return done, places

    supervisor = start()
    done, places = run(scenario())
    assert done.index("modest") < done.index("greedy 2")
    assert max(place for place, _ in places[2]) >= 2
    assert all(wait is not None and wait >= 0 for _, wait in places[2])


def test_a_full_line_is_said_at_once(start):
    async def scenario():
        jobs = [supervisor.submit(fusion("slow", "one"))]
        time.sleep(0.5)
        jobs.append(supervisor.submit(fusion("calm", "one")))
        with pytest.raises(QueueFullError) as refused:
            supervisor.submit(fusion("calm", "one"))
        assert refused.value.code == "queue.visitor_full"
        jobs.append(supervisor.submit(fusion("calm", "two")))
        with pytest.raises(QueueFullError) as refused:
            supervisor.submit(fusion("calm", "three"))
        assert refused.value.code == "queue.full"
        for job in jobs:
            supervisor.cancel(job)

    supervisor = start(WorkerLimits(waiting=2, waiting_per_visitor=1))
    while supervisor.status().state != "ready":
        time.sleep(0.05)
    run(scenario())


def test_a_worker_that_can_not_start_says_why_and_is_tried_again_with_the_next_job(start):
    async def scenario():
        return await events_of(supervisor, fusion()), await events_of(supervisor, fusion())

    supervisor = start(STAND_IN_UNABLE="1")
    first, second = run(scenario())
    for events in (first, second):
        assert events[-1].error.code == "runtime.compiler"
        assert "g++" in str(events[-1].error)
    assert supervisor.status().state == "unable"


def test_the_worker_ends_with_the_page(start):
    supervisor = start()
    while supervisor.status().state != "ready":
        time.sleep(0.05)
    process = supervisor._process
    supervisor.close()
    assert process.poll() is not None
