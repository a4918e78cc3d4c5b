"""One question to a chat endpoint: with deadline, patience for a busy server, and limits."""

import base64
import email.utils
import json
import time

import httpx

from film_core.errors import TextError
from film_core.images.source import SourceImage
from film_core.text.describers.endpoint.settings import EndpointSettings, read_endpoint_settings
from film_core.text.describers.pictures import small_png

MOST_BYTES = 512 * 1024
"""Largest answer that is read; a description has about one kilobyte."""
MOST_TOKENS = 600
_ATTEMPTS = 3
_BUSY = (429, 502, 503, 504)


class Endpoint:
    """A model behind an OpenAI-compatible endpoint; see `model.Model`.

    Attributes:
        author: the model's name.
        fingerprint: the address that is asked.
    """

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        """Take `settings`, or those of the environment. Raises SettingError; asks nobody yet."""
        self._settings = settings or read_endpoint_settings()
        self.author, self.fingerprint = self._settings.model, self._settings.url

    def answer(
        self, prompt: str, image: SourceImage | None = None, step: str = "description"
    ) -> str:
        """Return the model's answer; see `model.Model`.

        The image is sent as a PNG of at most 1024 pixels a side.

        A busy server (429, 502, 503, 504) is asked again, after the time that it asks for, as long
        as the deadline allows.

        Raises:
            TextError: no answer in time, or none that is one. No sentence holds the key.
        """
        deadline = time.monotonic() + self._settings.seconds
        body = json.dumps(self._request(prompt, image)).encode()
        for attempt in range(1, _ATTEMPTS + 1):
            status, headers, content = self._post(body, deadline)
            if status not in _BUSY:
                break
            wait = _wait(headers, attempt)
            if attempt == _ATTEMPTS or time.monotonic() + wait >= deadline:
                raise TextError(
                    "endpoint.busy",
                    "The endpoint {host} is busy (status {status}); try again in {wait} seconds, "
                    "or use the measured description.",
                    host=self._host, status=status, wait=round(max(wait, 1)),
                )  # fmt: skip
            time.sleep(wait)
        return self._text(status, content)

    @property
    def _host(self) -> str:
        return httpx.URL(self._settings.url).host

    def _request(self, prompt: str, image: SourceImage | None) -> dict:
        content: list[dict] = [{"type": "text", "text": prompt}]
        if image is not None:
            data = base64.b64encode(small_png(image)).decode()
            url = f"data:image/png;base64,{data}"
            content.insert(0, {"type": "image_url", "image_url": {"url": url}})
        return {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": MOST_TOKENS,
            "temperature": 0,
        }

    def _post(self, body: bytes, deadline: float) -> tuple[int, httpx.Headers, bytes]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a small answer can't unpack to an endless one
        }
        if self._settings.key:
            headers["Authorization"] = f"Bearer {self._settings.key}"
        address = f"{self._settings.url}/chat/completions"
        left = max(deadline - time.monotonic(), 0.001)
        try:
            # A redirect isn't followed: it could carry the key to another host.
            with (
                httpx.Client(timeout=left, follow_redirects=False) as client,
                client.stream("POST", address, content=body, headers=headers) as response,
            ):
                content = bytearray()
                for part in response.iter_raw():
                    content += part
                    if len(content) > MOST_BYTES:
                        raise self._refusal("oversized", f"more than {MOST_BYTES // 1024} KiB")
                    # The timeout holds for each read alone; a server that drips has no end.
                    if time.monotonic() > deadline:
                        raise self._slow()
                return response.status_code, response.headers, bytes(content)
        except httpx.TimeoutException:
            raise self._slow() from None
        except httpx.HTTPError as failure:
            raise TextError(
                "endpoint.unreachable",
                "The endpoint {host} can't be reached or broke off ({reason}); try again, or use "
                "the measured description.",
                host=self._host, reason=type(failure).__name__,
            ) from None  # fmt: skip

    def _text(self, status: int, content: bytes) -> str:
        if status in (401, 403):
            raise TextError(
                "endpoint.key_refused",
                "The endpoint {host} refuses this server's key (status {status}); the host has to "
                "set another.",
                host=self._host, status=status,
            )  # fmt: skip
        if status != 200:
            # Its own words aren't repeated: some servers echo the key in them.
            raise TextError(
                "endpoint.status",
                "The endpoint {host} answered with the status {status} instead of a description; "
                "try again later, or use the measured description.",
                host=self._host, status=status,
            )  # fmt: skip
        try:
            text = json.loads(content)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise self._refusal("malformed", "something else than a chat completion") from None
        if isinstance(text, list):  # some servers answer in parts
            text = "".join(
                part["text"]
                for part in text
                if isinstance(part, dict) and isinstance(part.get("text"), str)
            )
        if text is None:  # what a refusal looks like in the protocol
            return ""
        if not isinstance(text, str):
            raise self._refusal("malformed", "something else than text")
        return text

    def _slow(self) -> TextError:
        return TextError(
            "endpoint.slow",
            "The endpoint {host} didn't answer within {seconds} seconds; try again, or use the "
            "measured description.",
            host=self._host, seconds=f"{self._settings.seconds:g}",
        )  # fmt: skip

    def _refusal(self, kind: str, seen: str) -> TextError:
        return TextError(
            f"endpoint.{kind}",
            "The endpoint {host} answered with {seen}; use the measured description, or ask the "
            "host to look at FILM_ENDPOINT_URL.",
            host=self._host, seen=seen,
        )  # fmt: skip


def _wait(headers: httpx.Headers, attempt: int) -> float:
    """Return the seconds to wait: `Retry-After` (RFC 9110, seconds or a date), else 1, 2, 4."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal() and len(asked) < 9:
        return float(asked)
    try:
        date = email.utils.parsedate_to_datetime(asked)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return float(2 ** (attempt - 1))
