"""The public functions through `gradio_client`, as a program uses them."""

import base64
import io
import json
import math
from unittest.mock import AsyncMock

import numpy as np
import pytest
from fastapi.testclient import TestClient
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from demo.desk import Desk
from demo.server import build_server
from demo.settings import Settings
from demo.state import Visit


def encoded(file) -> str:
    return base64.b64encode(file.read_bytes()).decode()


@pytest.fixture(scope="module")
def client(stand_in_page):
    return Client(stand_in_page.address, verbose=False)


@pytest.fixture(scope="module")
def images(pair_files):
    return [encoded(file) for file in pair_files]


def test_only_the_public_functions_are_listed(client):
    known = client.view_api(print_info=False, return_format="dict")
    listed = known["named_endpoints"]
    assert sorted(listed) == ["/attention", "/describe", "/fuse", "/metrics", "/study"]
    parameters = {p["parameter_name"] for p in listed["/fuse"]["parameters"]}
    texts = {"text_a", "text_b", "network", "instruction"}
    assert parameters == {"image_a", "image_b", "task"} | texts
    assert not known["unnamed_endpoints"]


def test_describe_fuse_and_measure(client, images):
    told = client.predict(*images, "ivf", api_name="/describe")
    assert "infrared" in told["text_a"].lower() and told["author"] == "measured"
    fused = client.predict(*images, "ivf", told["text_a"], "my text", api_name="/fuse")
    assert fused["text_b"] == "my text"
    picture = base64.b64decode(fused["image"].partition(",")[2])
    assert Image.open(io.BytesIO(picture)).size == (128, 96)
    assert set(fused["metrics"]) == {"raw", "paper"}
    values = client.predict(fused["image"], *images, "raw", api_name="/metrics")
    assert list(values)[:3] == ["EN", "SD", "SF"] and np.isfinite(values["VIFF"])


def test_a_metric_that_is_not_defined_is_null_over_plain_http(monkeypatch):
    """Found by fusing two flat images: "CC": NaN, which no JSON has."""
    values = {"CC": math.nan, "EN": 1.0}
    reply = {
        "png": b"", "timings": {"fuse": 1.0}, "metrics": {"raw": values, "paper": values},
        "text_a": "", "text_b": "", "device": "cpu", "weights": "film-ivf", "notes": [],
    }  # fmt: skip
    monkeypatch.setattr("demo.endpoints._visit", AsyncMock(return_value=Visit()))
    monkeypatch.setattr("demo.endpoints._fused", AsyncMock(return_value=reply))
    desk = Desk(Settings())
    monkeypatch.setattr(desk, "open", lambda: None)
    data = ["x", "y", "ivf", "", "", "film", ""]
    with TestClient(build_server(desk)) as client:
        event = client.post("/gradio_api/call/fuse", json={"data": data}).json()["event_id"]
        told = client.get(f"/gradio_api/call/fuse/{event}").text
    data = told.partition("event: complete")[2].partition("data: ")[2].splitlines()[0]
    (answer,) = json.loads(data, parse_constant=pytest.fail)
    assert answer["metrics"]["paper"] == {"CC": None, "EN": 1.0}


def test_attention_of_a_word(client, images):
    shown = client.predict(
        *images, "wall", "ivf", "a warm wall", "b", 2, "b", api_name="/attention"
    )
    assert shown["words"] == ["a", "warm", "wall", "b"]
    assert shown["low"] < 1 < shown["high"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"task": "ivff"}, "did you mean 'ivf'"),
        ({"image_a": "///file:///etc/passwd"}, "isn't base64"),
        ({"image_a": "http://127.0.0.1/x.png"}, "isn't base64"),
        ({"image_b": base64.b64encode(b"plain text, no picture").decode()}, "is a text file"),
        ({"text_a": "x" * 20_001}, "this page accepts 20000"),
    ],
)
def test_mistakes_are_answered_with_the_sentence(client, images, change, sentence):
    given = {"image_a": images[0], "image_b": images[1], "task": "ivf", "text_a": "t", **change}
    with pytest.raises(AppError, match=sentence):
        client.predict(**given, text_b="t", api_name="/fuse")


def test_the_page_s_own_events_are_no_functions_for_programs(client):
    for api_name in ("/opened", "/fuse_1", "/uploaded"):
        with pytest.raises(ValueError, match="api_name"):
            client.predict(api_name=api_name)
