"""What a host can set by environment variables; the limits that the page states are these."""

import importlib.util
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from film_core.errors import SettingError


@dataclass(frozen=True)
class Settings:
    """Settings of the page; `FILM_STUDIO_<NAME>` in the environment overrides each.

    Attributes:
        weights: name or path of the weights that fuse; "auto" for each task's own.
        describer: what visitors may choose beside "measured": "endpoint", "vlm" or "recipe".
        recipe: who answers which step of the recipe ("caption=endpoint,merge=endpoint").
        describe_seconds: time for one description by a model.
        device: "auto", "cpu" or "cuda".
        max_megapixels: size of a source image.
        max_megabytes: size of an uploaded image.
        max_characters: length of a description.
        fuse_seconds: time for one fusion, after which its worker is stopped.
        read_seconds: time to open and describe an image.
        waiting: jobs that may wait in all.
        waiting_per_visitor: jobs of one visitor that may wait.
        shelf_megabytes: pictures kept in memory for all visitors together; as much again of files
            is kept of those who are away.
        batch_pairs: pairs of one batch.
        batch_megabytes: size of all files of a batch together, or of its zip.
        history: results kept for one visitor.
        mcp: whether programs that speak MCP may use the page's functions as tools.
        idle_minutes: how long after the page was closed a visit is forgotten; until then, a
            reload finds it again.
    """

    weights: str = "auto"
    describer: str = "measured"
    recipe: str = ""
    describe_seconds: float = 180.0
    device: str = "auto"
    max_megapixels: float = 12.0
    max_megabytes: float = 40.0
    max_characters: int = 20_000
    fuse_seconds: float = 600.0
    read_seconds: float = 60.0
    waiting: int = 60
    waiting_per_visitor: int = 4
    shelf_megabytes: int = 1024
    batch_pairs: int = 100
    batch_megabytes: float = 100.0
    history: int = 12
    idle_minutes: float = 60.0
    mcp: bool = False

    def __post_init__(self) -> None:
        if self.mcp and importlib.util.find_spec("mcp") is None:
            raise SettingError(
                "setting.mcp",
                "FILM_STUDIO_MCP needs a package that isn't installed: "
                "`pip install -r requirements-mcp.txt`.",
            )


def weights_chosen(setting: str, network: str, task: str) -> str:
    """Return the weights that a task is fused with: the host's `setting` is for the network film.

    Raises:
        UnknownNameError: a network of another name.
    """
    from film_core.checkpoints import weights_of_network

    if network == "film" and setting != "auto":
        return setting
    return weights_of_network(network, task)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `environment`.

    Raises:
        SettingError: a value isn't of its setting's kind, or isn't positive and finite.
    """
    given = {}
    for field in fields(Settings):
        name = f"FILM_STUDIO_{field.name.upper()}"
        if name not in environment:
            continue
        text = environment[name]
        kind = type(field.default)
        if kind is bool:
            given[field.name] = _switch(name, text)
            continue
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or (kind is not str and not 0 < value < math.inf):
            raise SettingError(
                "setting.value",
                "The setting {name} is '{text}'; a positive {kind} is needed, such as {example}.",
                name=name, text=text, kind="whole number" if kind is int else "number",
                example=field.default,
            )  # fmt: skip
        given[field.name] = value
    return Settings(**given)


def _switch(name: str, text: str) -> bool:
    try:
        return {"1": True, "0": False}[text.strip()]
    except KeyError:
        raise SettingError(
            "setting.switch", "The setting {name} is '{text}'; it must be 1 or 0.",
            name=name, text=text,
        ) from None  # fmt: skip
