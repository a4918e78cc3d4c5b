"""Asks a page as a browser does, with every byte in our hands.

`gradio_client` can't send half a character and can't leave in the middle of an answer.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx


class RefusedError(Exception):
    """The page answered with a sentence."""


class Caller:
    """One visitor of a page.

    Args:
        address: such as ``http://127.0.0.1:7860``.
        seconds: to wait for anything that the page sends.
        local: address of this machine to ask from, such as ``127.0.1.7``; None for any.
    """

    def __init__(self, address: str, seconds: float = 300.0, local: str | None = None) -> None:
        kind = {"content-type": "application/json"}
        transport = httpx.HTTPTransport(local_address=local)
        self._http = httpx.Client(
            base_url=address, timeout=seconds, headers=kind, transport=transport
        )
        config = self._http.get("/config").json()
        self._numbers = {
            each["api_name"]: number for number, each in enumerate(config["dependencies"])
        }

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def call(self, name: str, *given: Any) -> Any:
        """Return what the public function `name` answers.

        Raises:
            RefusedError: with the sentence.
        """
        for message in self.stream(name, *given):
            if message["msg"] == "process_completed":
                return _answer(message)
        raise RefusedError("the page ended the stream without an answer")

    def stream(self, name: str, *given: Any) -> Iterator[dict[str, Any]]:
        """Yield the page's messages about a call; closing the iterator leaves in mid-answer.

        Raises:
            RefusedError: the page doesn't take the call.
        """
        session = secrets.token_hex(8)
        body = {"data": given, "fn_index": self._numbers[name], "session_hash": session}
        joined = self._http.post("/gradio_api/queue/join", content=json.dumps(body))
        if joined.status_code != 200:
            raise RefusedError(f"{joined.status_code}: {joined.text[:300]}")
        query = {"session_hash": session}
        with self._http.stream("GET", "/gradio_api/queue/data", params=query) as answer:
            rest = b""
            for part in answer.iter_bytes():
                # Lines by bytes: httpx would also break them at the line ends of Unicode.
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        yield json.loads(line[5:])


def _answer(message: dict[str, Any]) -> Any:
    output = message["output"]
    if message["success"]:
        return output["data"][0]
    raise RefusedError(str(output.get("error")))
