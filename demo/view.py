"""The page's components by name, as `demo.page` lays them out and `demo.actions` uses them."""

from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from demo.language import Language
from film_core.checkpoints import NETWORKS


@dataclass
class View:
    """Every component that an action reads or writes, and which of their texts are translated.

    Attributes:
        opening: what `client/opening.js` says when the page opens; never seen.
        translated: (component, property, phrase key) of each text that Gradio itself draws.
    """

    visit: gr.State
    header: gr.HTML
    task: gr.Radio
    task_sentence: gr.HTML
    examples: gr.HTML
    reopened: gr.HTML
    sources: dict[str, gr.HTML]
    suggestion: gr.HTML
    swap: gr.Button
    describer: gr.Radio
    texts: dict[str, gr.Textbox]
    authors: dict[str, gr.HTML]
    again: dict[str, gr.Button]
    network: gr.Radio
    network_about: gr.HTML
    instruction: gr.Textbox
    fuse: gr.Button
    cancel: gr.Button
    progress: gr.HTML
    opening: gr.Textbox
    viewer: gr.HTML
    facts: gr.HTML
    panels: dict[str, gr.HTML]
    footer: gr.HTML
    translated: list[tuple[Any, str, str]] = field(default_factory=list)

    @property
    def task_parts(self) -> list[Any]:
        """What depends on the task: what `show_task` updates, but for the examples."""
        return [
            self.task, self.task_sentence, self.network, self.network_about, self.instruction
        ]  # fmt: skip

    @property
    def source_parts(self) -> list[gr.HTML]:
        """What shows the two sources and what is said about them."""
        return [*self.sources.values(), self.suggestion, self.reopened]

    def texts_in(self, say: Language) -> dict[Any, Any]:
        """Return updates that bring every translated text into the language `say`."""
        changes: dict[Any, dict[str, Any]] = {}
        for component, name, key in self.translated:
            changes.setdefault(component, {})[name] = say(key)
        changes.setdefault(self.describer, {})["choices"] = describer_choices(say)
        changes.setdefault(self.network, {})["choices"] = network_choices(say)
        return {component: gr.update(**values) for component, values in changes.items()}


def network_choices(say: Language) -> list[tuple[str, str]]:
    """Return the networks that can be chosen."""
    return [(say(f"network.{name}"), name) for name in NETWORKS]


def describer_choices(say: Language) -> list[tuple[str, str]]:
    """Return what can be chosen to describe: the measurements, and the host's model."""
    return [(say(f"describer.{name}"), name) for name in ("measured", "model")]
