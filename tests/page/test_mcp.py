"""The page's functions as tools of the Model Context Protocol, and its longest, the study."""

import asyncio
import base64
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from demo.settings import read_settings
from film_core.errors import SettingError
from tests.page.conftest import start_page, stop


@pytest.fixture(scope="module")
def tools_page(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mcp")
    server = start_page(
        repository, folder, "tests.page.study_stand_in", FILM_STUDIO_MCP="1",
    )  # fmt: skip
    yield server
    stop(server)


def use(server, work):
    """Return what `work`, given a session with the page's tools, returns."""

    async def run():
        address = f"{server.address}/gradio_api/mcp/"
        async with (
            streamable_http_client(address) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await work(session)

    # In a thread of its own: in the main one runs the loop of the browser of other tests.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()


def test_the_tools_are_listed_with_what_they_take(tools_page):
    tools = {tool.name: tool for tool in use(tools_page, lambda s: s.list_tools()).tools}
    assert sorted(tools) == ["attention", "describe", "fuse", "metrics", "study"]
    for tool in tools.values():
        assert len(tool.description) > 60
        for name, field in tool.inputSchema["properties"].items():
            assert field.get("description"), f"{tool.name}: {name}"
    assert "request" not in tools["fuse"].inputSchema["properties"]


def test_a_study_and_a_mistake_are_answered(tools_page, pair_files):
    images = [base64.b64encode(file.read_bytes()).decode() for file in pair_files]
    given = {"image_a": images[0], "image_b": images[1], "text_a": "A warm wall.", "text_b": "B."}

    async def work(session):
        asked = {**given, "other_texts_a": ["Something else entirely."]}
        return (
            await session.call_tool("study", asked),
            await session.call_tool("fuse", {**given, "task": "ivff"}),
        )

    study, mistake = use(tools_page, work)
    assert not study.isError, study.content
    told = json.loads(study.content[0].text)
    assert [row["kind"] for row in told["rows"]] == [
        "base", "yours", "empty", "shuffled", "other", "random",
    ]  # fmt: skip
    assert told["complete"] and "grey levels of 255" in told["answer"]
    assert told["picture"].startswith("data:image/png;base64,")
    assert mistake.isError and "did you mean 'ivf'" in mistake.content[0].text


def test_the_same_study_through_the_page_s_client(tools_page, pair_files):
    images = [base64.b64encode(file.read_bytes()).decode() for file in pair_files]
    client = Client(tools_page.address, verbose=False)
    told = client.predict(
        *images, "ivf", "A wall.", "B.", ["A red wall."], None, True, False, api_name="/study"
    )
    assert [row["kind"] for row in told["rows"]] == ["base", "yours", *["without"] * 3]
    # Four characters more: a ramp up to 4 / 2550 of white, 0.2 levels on average.
    assert told["rows"][1]["mean_change"] == pytest.approx(0.2, abs=0.01)
    assert told["verdict"]["level"] == "hardly" and "grey levels of 255" in told["answer"]
    with pytest.raises(AppError, match="13 texts to compare; a study here takes 12"):
        client.predict(
            *images, "ivf", "A.", "B.", ["x"] * 6, ["y"] * 7, False, False, api_name="/study"
        )


def test_without_the_setting_there_are_no_tools(stand_in_page):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{stand_in_page.address}/gradio_api/mcp/", timeout=10)


def test_the_setting_is_checked(monkeypatch):
    assert read_settings({"FILM_STUDIO_MCP": "1"}).mcp is True
    assert read_settings({"FILM_STUDIO_MCP": "0"}).mcp is False
    with pytest.raises(SettingError, match="FILM_STUDIO_MCP is 'yes'; it must be 1 or 0"):
        read_settings({"FILM_STUDIO_MCP": "yes"})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"requirements-mcp\.txt"):
        read_settings({"FILM_STUDIO_MCP": "1"})
