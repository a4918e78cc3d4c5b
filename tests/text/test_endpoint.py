"""The endpoint describer against a local server that speaks the protocol, well and badly."""

import email.utils
import logging
import pickle
import time

import numpy as np
import pytest
from chat_server import (
    ANSWER,
    KEY,
    cuts,
    drips,
    fails,
    hangs_up,
    picture_of,
    says,
    sends,
    serving,
    sleeps,
)

from film_core.errors import SettingError, TextError
from film_core.images import read_image
from film_core.tasks import find_task
from film_core.text import load_describer
from film_core.text.describers.endpoint import Endpoint, EndpointSettings, read_endpoint_settings

IVF = find_task("ivf")


@pytest.fixture
def image():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    return read_image(pixels, "noise")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def endpoint(server, seconds=10.0):
    return Endpoint(EndpointSettings(server.url, "stub-vl", KEY, seconds))


def refusal(server, seconds=10.0):
    with pytest.raises(TextError) as caught:
        endpoint(server, seconds).answer("What is it?")
    assert KEY not in str(caught.value) and KEY not in repr(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_description_over_the_real_protocol(image, monkeypatch):
    with serving(says("  A person\n\nstands <b>left</b> of the road.\u202e ")) as server:
        monkeypatch.setenv("FILM_ENDPOINT_URL", server.url + "/chat/completions")
        monkeypatch.setenv("FILM_ENDPOINT_MODEL", "stub-vl")
        monkeypatch.setenv("FILM_ENDPOINT_KEY", KEY)
        describer = load_describer("endpoint")
        made = describer.describe(image, None, IVF, "a")
    # Markup is text like any other; a character that turns the reading direction is gone.
    assert made.text == "A person stands <b>left</b> of the road."
    assert (made.author, describer.name) == ("stub-vl", "endpoint")
    ((path, headers, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body["model"] == "stub-vl"
    question = body["messages"][0]["content"][-1]["text"]
    assert "infrared" in question and IVF.long_name in question
    arrived = picture_of(server.requests[0])
    assert np.array_equal(np.asarray(arrived), image.rgb)


def test_large_images_are_sent_small():
    image = read_image(np.zeros((1500, 3000), np.uint8))
    with serving() as server:
        endpoint(server).answer("What is it?", image)
    assert picture_of(server.requests[0]).size == (1024, 512)


@pytest.mark.parametrize("task", ["ivf", "mif", "mef", "mff"])
def test_each_modality_is_asked_for_what_it_shows(task):
    from film_core.text.describers.prompts import description_prompt

    found = find_task(task)
    asked = [description_prompt(found, source) for source in "ab"]
    assert asked[0] != asked[1]
    for question, modality in zip(asked, (found.source_a, found.source_b), strict=True):
        assert modality.name in question and found.long_name in question


def test_a_busy_server_is_asked_again_after_the_time_it_names():
    with serving(fails(429, [("Retry-After", "1")]), fails(503), says()) as server:
        begun = time.monotonic()
        assert endpoint(server).answer("What is it?") == ANSWER
        assert time.monotonic() - begun >= 2  # one second as asked, two by our own rule
    assert len(server.requests) == 3


def test_a_date_to_wait_for():
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    with serving(fails(429, [("Retry-After", date)]), says()) as server:
        assert endpoint(server).answer("What is it?") == ANSWER


def test_a_server_that_stays_busy():
    with serving(fails(429, [("Retry-After", "0")])) as server:
        assert refusal(server).code == "endpoint.busy"
        assert len(server.requests) == 3
    with serving(fails(429, [("Retry-After", "3600")])) as server:
        error = refusal(server)  # at once: nobody waits an hour
        assert "3600 seconds" in str(error) and len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [sleeps(3), drips], ids=["sleeps", "drips"])
def test_a_slow_server(behaviour):
    with serving(behaviour) as server:
        error = refusal(server, seconds=1.0)
    assert error.code == "endpoint.slow" and "within 1 seconds" in str(error)


@pytest.mark.parametrize(
    "status, code",
    [(500, "endpoint.status"), (400, "endpoint.status"), (301, "endpoint.status"),
     (401, "endpoint.key_refused"), (403, "endpoint.key_refused")],
)  # fmt: skip
def test_refusals_do_not_repeat_the_servers_words(status, code):
    echo = f'{{"error": "bad key {KEY}"}}'.encode()
    headers = [("Location", "http://127.0.0.1:1/v1")] if status == 301 else []
    with serving(fails(status, headers, echo)) as server:
        error = refusal(server)
    assert error.code == code and str(status) in str(error)
    assert len(server.requests) == 1  # neither repeated nor redirected


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": "x"}]}',
     b'{"choices": [{"message": {"content": 7}}]}', b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_malformed_answers(content):
    with serving(sends(content)) as server:
        assert refusal(server).code == "endpoint.malformed"


def test_an_oversized_answer_is_not_read_to_its_end():
    with serving(sends(b" " * 4_000_000)) as server:
        assert refusal(server).code == "endpoint.oversized"


@pytest.mark.parametrize("behaviour", [cuts, hangs_up], ids=["cut", "hung up"])
def test_a_broken_connection(behaviour):
    with serving(behaviour) as server:
        assert refusal(server).code == "endpoint.unreachable"


def test_nobody_there():
    with serving() as server:
        url = server.url
    with pytest.raises(TextError) as caught:
        Endpoint(EndpointSettings(url, "m")).answer("?")
    assert caught.value.code == "endpoint.unreachable"


@pytest.mark.parametrize(
    "said, code",
    [("", "describer.empty"), (None, "describer.empty"), (" \n\u200b ... ", "describer.empty"),
     ("word " * 30_000, "describer.endless"),
     ("一条黑暗的街道，左边停着一辆汽车。", "describer.language"),
     ("Une rue sombre avec des lampadaires et une voiture dans le fond.", "describer.language")],
    ids=["empty", "null", "no words", "endless", "Chinese", "French"],
)  # fmt: skip
def test_answers_that_are_no_description(image, monkeypatch, said, code):
    with serving(says(said)) as server:
        monkeypatch.setenv("FILM_ENDPOINT_URL", server.url)
        monkeypatch.setenv("FILM_ENDPOINT_MODEL", "stub-vl")
        with pytest.raises(TextError) as caught:
            load_describer("endpoint").describe(image, None, IVF, "b")
    assert caught.value.code == code


def test_answers_in_parts_and_long_ones():
    from film_core.text.describers.answers import clean_answer

    parts = [{"type": "text", "text": "A dark "}, {"type": "text", "text": "road."}, {"x": 1}, 5]
    with serving(says(parts)) as server:
        assert endpoint(server).answer("?") == "A dark road."
    long = clean_answer("A lamp stands by the road. " * 400, "m")
    assert len(long) <= 4000 and long.endswith("road.")
    listed = "person, car, lamp, tree, wall, door, bench, window, roof, bus, dog, bird, sign"
    assert clean_answer(listed, "m") == listed


def test_unset_and_wrong_settings():
    with pytest.raises(SettingError, match="FILM_ENDPOINT_URL and FILM_ENDPOINT_MODEL"):
        read_endpoint_settings({})
    base = {"FILM_ENDPOINT_URL": "https://host/v1", "FILM_ENDPOINT_MODEL": "m"}
    for name, value, code in (
        ("URL", "ftp://host", "endpoint.url"),
        ("URL", f"https://user:{KEY}@host/v1", "endpoint.url"),
        ("URL", f"https://host/v1?key={KEY}", "endpoint.url"),
        ("URL", "http://[", "endpoint.url"),
        ("URL", "http://h:99999", "endpoint.url"),
        ("KEY", f"{KEY}\r\nX: y", "endpoint.key"),
        ("SECONDS", "soon", "endpoint.seconds"),
        ("SECONDS", "nan", "endpoint.seconds"),
    ):
        with pytest.raises(SettingError) as caught:
            read_endpoint_settings({**base, f"FILM_ENDPOINT_{name}": value})
        assert caught.value.code == code and KEY not in repr(caught.value)
    assert read_endpoint_settings(base).key == ""


def test_the_key_is_in_no_repr_and_no_log(caplog, capfd, image):
    caplog.set_level(logging.DEBUG)
    with serving(fails(500)) as server:
        asked = endpoint(server)
        error = refusal(server)
        with pytest.raises(TextError):
            asked.answer("?", image)
    out = capfd.readouterr()
    for place in (
        repr(asked), repr(asked._settings), caplog.text, out.out, out.err,
        repr(pickle.loads(pickle.dumps(error)).values),
    ):  # fmt: skip
        assert KEY not in place
