"""Choosing the network, and phrases that begin an instruction."""

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.events import choice_of
from demo.actions.showing import Updates, show_network, show_panels
from demo.desk import Desk
from demo.panels.network import CHIPS
from demo.state import Visit
from demo.view import View
from film_core.checkpoints import NETWORKS


def wire(view: View, desk: Desk) -> None:
    """Connect the choice of the network and the chips."""

    def network_chosen(visit: Visit, network: str) -> Updates:
        if network in NETWORKS:
            visit.network = network
        return {**show_network(view, visit), **show_panels(view, visit, desk, "study")}

    def phrase_chosen(visit: Visit, written: str, event: gr.EventData) -> Updates:
        what, _, number = choice_of(event).partition(":")
        phrases = CHIPS[visit.task]
        if what != "say" or not number.isdecimal() or int(number) >= len(phrases):
            return {}
        return {view.instruction: f"{written.rstrip()} {phrases[int(number)]}".strip()}

    connect(
        view.network, "input", network_chosen, [view.visit, view.network],
        [view.network, view.network_about, view.instruction, view.panels["study"]],
    )  # fmt: skip
    connect(
        view.network_about, "choose", phrase_chosen, [view.visit, view.instruction],
        [view.instruction],
    )  # fmt: skip
