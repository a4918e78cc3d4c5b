"""What the host sets by environment variables; no visitor can see or change any of it."""

import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from film_core.errors import SettingError

_SECONDS = 60.0


@dataclass(frozen=True)
class EndpointSettings:
    """Where to ask, and as whom.

    Attributes:
        url: up to and without ``/chat/completions`` (``FILM_ENDPOINT_URL``).
        model: the model's name there (``FILM_ENDPOINT_MODEL``).
        key: the secret (``FILM_ENDPOINT_KEY``), "" for a server that wants none. Never printed.
        seconds: longest that an answer may take, all attempts together
            (``FILM_ENDPOINT_SECONDS``).
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = _SECONDS


def read_endpoint_settings(environment: Mapping[str, str] = os.environ) -> EndpointSettings:
    """Return the settings of `environment`.

    Raises:
        SettingError: address or model is missing, or a value makes no sense. No sentence holds the
            key.
    """
    values = {
        name: environment.get(f"FILM_ENDPOINT_{name}", "").strip()
        for name in ("URL", "MODEL", "KEY", "SECONDS")
    }
    missing = [f"FILM_ENDPOINT_{name}" for name in ("URL", "MODEL") if not values[name]]
    if missing:
        raise SettingError(
            "endpoint.unset",
            "The describer 'endpoint' isn't set up here: the host has to set {missing} in the "
            "server's environment (docs/describers.md).",
            missing=" and ".join(missing),
        )
    url = values["URL"].rstrip("/").removesuffix("/chat/completions")
    _check_url(url)
    key = values["KEY"]
    if not key.isascii() or not key.isprintable():
        raise SettingError(
            "endpoint.key", "FILM_ENDPOINT_KEY holds characters that no header can carry."
        )
    return EndpointSettings(url, values["MODEL"], key, _seconds(values["SECONDS"]))


def _check_url(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        fine = fine and parts.username is None and not parts.query and not parts.fragment
    except ValueError:
        fine = False
    if not fine:
        # Not shown: somebody may have put a key into it.
        raise SettingError(
            "endpoint.url",
            "FILM_ENDPOINT_URL is not an address like https://host/v1 (no user, key or query in "
            "it; the key goes into FILM_ENDPOINT_KEY).",
        )


def _seconds(text: str) -> float:
    try:
        seconds = float(text or _SECONDS)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise SettingError(
            "endpoint.seconds",
            "FILM_ENDPOINT_SECONDS is '{text}'; a number from 1 to 3600 is needed.",
            text=text[:40],
        )
    return seconds
