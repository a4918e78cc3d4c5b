"""The page's public functions for programs: `gradio_client`, plain HTTP, and MCP.

Images travel as base64 (a ``data:`` address or the bare digits), so nothing is written to a file
and nothing is fetched from an address that a stranger names.
"""

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from demo import studies
from demo.actions.sources import too_many_bytes
from demo.attention import unpack, word_map
from demo.desk import Desk
from demo.heat import COLOURS, draw
from demo.sessions import forget_session
from demo.state import SLOTS, Slot, Visit
from demo.study import MOST_TEXTS
from film_core.as_json import finite
from film_core.errors import FilmError, ImageError, SettingError
from film_core.metrics import FORMS
from film_core.study.figures import draw_differences
from film_core.tasks import find_task

if TYPE_CHECKING:
    from film_core.study import Study


def add_endpoints(desk: Desk) -> None:
    """Add the endpoints to the page that is being built."""
    page = gr.context.Context.root_block

    async def describe(
        image_a: str, image_b: str, task: str = "ivf", request: gr.Request = None
    ) -> dict[str, Any]:
        """Describe both source images of a pair from measurements, as text for `fuse`.

        Args:
            image_a: source A (infrared, MRI, over-exposed or near-focus) as base64 of an image file
            image_b: source B (visible, CT/PET/SPECT, under-exposed or far-focus) as base64
            task: ivf, mif, mef or mff

        Returns:
            text_a, text_b: the descriptions; author: who wrote them
        """
        with _Call(page, request):
            visit = await _visit(desk, image_a, image_b, task, request)
            text_a, author, _ = await desk.describe(visit, "a")
            text_b, *_ = await desk.describe(visit, "b")
        return {"text_a": text_a, "text_b": text_b, "author": author}

    async def fuse(
        image_a: str,
        image_b: str,
        task: str = "ivf",
        text_a: str | None = None,
        text_b: str | None = None,
        network: str = "film",
        instruction: str = "",
        request: gr.Request = None,
    ) -> dict[str, Any]:
        """Fuse two images of one scene under the guidance of two texts with FILM.

        Args:
            image_a: source A (infrared, MRI, over-exposed or near-focus) as base64 of an image file
            image_b: source B (visible, CT/PET/SPECT, under-exposed or far-focus) as base64
            task: ivf, mif, mef or mff
            text_a: description of A; null to have it written from measurements
            text_b: description of B; null to have it written from measurements
            network: film (as published) or steer (follows the instruction)
            instruction: what to do, where and how much, in English; steer follows it, film reads
                it as more words of the descriptions, which move it hardly at all

        Returns:
            image: the fused picture as data address of a PNG; metrics: the twelve metrics, raw and
            paper, null where one is not defined; text_a, text_b, seconds, device, weights, notes:
            what was used
        """
        with _Call(page, request):
            visit = await _visit(desk, image_a, image_b, task, request)
            visit.network = network
            desk.weights_for(visit)  # an unknown network is answered at once
            reply = await _fused(desk, visit, text_a, text_b, instruction=instruction)
        address = "data:image/png;base64," + base64.b64encode(reply["png"]).decode()
        told = ("metrics", "text_a", "text_b", "device", "weights", "notes")
        answer = {"image": address, "seconds": reply["timings"], **{n: reply[n] for n in told}}
        return finite(answer)

    async def metrics(
        fused: str, image_a: str, image_b: str, form: str = "raw", request: gr.Request = None
    ) -> dict[str, float | None]:
        """Measure a fused image against its two sources with the twelve metrics of the field.

        Args:
            fused: the fused image as base64 of an image file, of the sources' size
            image_a: source A as base64 of an image file
            image_b: source B as base64 of an image file
            form: raw, or paper (stretched to its own range first, as published scripts do)

        Returns:
            value by metric name; null where a metric is not defined
        """
        with _Call(page, request):
            if form not in FORMS:
                raise SettingError(
                    "metrics.form", "The form is '{seen}'; it must be raw or paper.", seen=form
                )
            visit = await _visit(desk, image_a, image_b, "ivf", request)
            picture = await desk.open_image(
                visit, _decoded(fused, "fused", desk), "fused", show=False
            )
            values = await desk.measure(visit, picture, form)
        return finite(values)

    async def attention(
        image_a: str,
        image_b: str,
        word: str,
        task: str = "ivf",
        text_a: str | None = None,
        text_b: str | None = None,
        stage: int = 1,
        source: str = "a",
        request: gr.Request = None,
    ) -> dict[str, Any]:
        """Show where a word of the texts looks when two images are fused.

        Args:
            image_a: source A as base64 of an image file
            image_b: source B as base64 of an image file
            word: a word of text_a or text_b
            task: ivf, mif, mef or mff
            text_a: description of A; null to have it written from measurements
            text_b: description of B; null to have it written from measurements
            stage: 1, 2 or 3
            source: a or b, the image that is looked at

        Returns:
            image: the map as data address of a PNG; low, high: its range, 1 being an even look;
            words: all words that could be asked for
        """
        with _Call(page, request):
            visit = await _visit(desk, image_a, image_b, task, request)
            reply = await _fused(desk, visit, text_a, text_b, attention=True)
            words = [entry["text"] for entry in reply["words"]]
            if word not in words:
                raise SettingError(
                    "attention.word", "The texts don't have the word '{seen}'; they have: {known}.",
                    seen=word, known=", ".join(dict.fromkeys(words)),
                )  # fmt: skip
            tokens = tuple(reply["words"][words.index(word)]["tokens"])
            values = word_map(unpack(reply["attention"]), stage, source, None, tokens)
        heat = draw(values, np.zeros(values.shape, np.uint8), COLOURS[0], 100)
        return {"image": heat.png, "low": heat.low, "high": heat.high, "words": words}

    async def study(
        image_a: str,
        image_b: str,
        task: str = "ivf",
        text_a: str | None = None,
        text_b: str | None = None,
        other_texts_a: list[str] | None = None,
        other_texts_b: list[str] | None = None,
        words: bool = False,
        controls: bool = True,
        request: gr.Request = None,
    ) -> dict[str, Any]:
        """Did the text do anything? Fuse one pair under many texts and measure what each changes.

        Every row is a fusion of its own, so a study takes as long as that many calls of `fuse`.

        Args:
            image_a: source A as base64 of an image file
            image_b: source B as base64 of an image file
            task: ivf, mif, mef or mff
            text_a: description of A; null to have it written from measurements
            text_b: description of B; null to have it written from measurements
            other_texts_a: texts to compare that take the place of text_a
            other_texts_b: texts to compare that take the place of text_b
            words: whether each word is left out in turn, one fusion for each
            controls: whether no text, shuffled words, another picture's text and random numbers
                are compared

        Returns:
            answer: the verdict in a sentence with its number; verdict: the same as values; rows:
            for each text the mean and largest change in grey levels of 255, and its metrics;
            picture: all differences on one scale as data address of a PNG
        """
        with _Call(page, request):
            visit = await _visit(desk, image_a, image_b, task, request)
            texts = await _described(desk, visit, text_a, text_b)
            asked = visit.study
            asked.words, asked.controls = words, controls
            for slot, others in zip(SLOTS, (other_texts_a, other_texts_b), strict=True):
                asked.yours += [(slot, text) for text in others or ()]
            if len(asked.yours) > MOST_TEXTS:
                raise SettingError(
                    "study.too_many_texts",
                    "There are {count} texts to compare; a study here takes {limit}: ask again "
                    "with the rest, or use `python -m film_core study`.",
                    count=len(asked.yours), limit=MOST_TEXTS,
                )  # fmt: skip
            for text in (*texts.values(), *(text for _, text in asked.yours)):
                desk.check_text(text)
            done = await _studied(desk, visit, texts["a"], texts["b"])
        picture = base64.b64encode(draw_differences(done)).decode()
        return {
            "answer": str(done.verdict),
            **finite(done.as_dict()),
            "picture": f"data:image/png;base64,{picture}",
        }

    for function in (describe, fuse, metrics, attention, study):
        gr.api(function, api_name=function.__name__)


async def _visit(
    desk: Desk, image_a: str, image_b: str, task: str, request: gr.Request | None
) -> Visit:
    """Return a visit with both images; its place in the line is that of the caller's address."""
    visit = Visit(task=find_task(task).name)
    host = request.client.host if request is not None and request.client else "unknown"
    visit.identity = f"address {host}"
    for slot, text in zip(SLOTS, (image_a, image_b), strict=True):
        name = f"image_{slot}"
        data = _decoded(text, name, desk)
        visit.sources[slot] = await desk.open_image(visit, data, name, show=False)
    await desk.check_pair(visit)
    return visit


async def _described(
    desk: Desk, visit: Visit, text_a: str | None, text_b: str | None
) -> dict[Slot, str]:
    """Return both texts; those that aren't given are written from measurements."""
    texts = {"a": text_a, "b": text_b}
    for slot in SLOTS:
        if texts[slot] is None:
            texts[slot], *_ = await desk.describe(visit, slot)
    return texts


async def _studied(desk: Desk, visit: Visit, text_a: str, text_b: str) -> "Study":
    empty, variants = await studies.plan(desk, visit, text_a, text_b)
    return replace(empty, rows=[await studies.row(desk, visit, one) for one in variants])


async def _fused(
    desk: Desk,
    visit: Visit,
    text_a: str | None,
    text_b: str | None,
    attention: bool = False,
    instruction: str = "",
) -> dict[str, Any]:
    texts = await _described(desk, visit, text_a, text_b)
    job = desk.fuse(visit, texts["a"], texts["b"], attention, instruction)
    try:
        last = [event async for event in job.events()][-1]
    finally:
        desk.fusing.cancel(job)  # no effect when it is done; ends it when the caller has left
    if last.error is not None:
        raise last.error
    return last.reply


def _decoded(text: str, name: str, desk: Desk) -> bytes:
    digits = text.partition(",")[2] if str(text).startswith("data:") else str(text)
    if len(digits) * 0.75e-6 > desk.settings.max_megabytes + 1:  # before they are copied
        raise too_many_bytes(name, len(digits) * 0.75, desk)
    try:
        return base64.b64decode(digits, validate=True)
    except (binascii.Error, ValueError):
        raise ImageError(
            "image.base64", "'{name}' isn't base64 of an image file: encode the file's bytes.",
            name=name,
        ) from None  # fmt: skip


class _Call:
    """Hands the caller an error of ours as its sentence alone, and forgets the call's session."""

    def __init__(self, page: gr.Blocks, request: gr.Request | None) -> None:
        self._page, self._request = page, request

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> None:
        forget_session(self._page, self._request)
        if isinstance(error, FilmError):
            raise gr.Error(str(error), print_exception=False) from None
