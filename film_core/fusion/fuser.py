"""Fuses pairs of images: set the images once, fuse with as many texts as you like."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from film_core.checkpoints import Card, find_weights, is_branch
from film_core.errors import Cancelled, SettingError, TextError
from film_core.fusion.attention import AttentionResult, SourceAttention
from film_core.fusion.comparison import Comparison
from film_core.fusion.matching import encoder_of, trained_encoder
from film_core.fusion.result import FusionResult, Measured
from film_core.fusion.steering import SteeringResult, steering_result, words_of
from film_core.images import PairedSources, SourceImage, compose, pair, read_image
from film_core.metrics.kept_brightness import kept_brightness
from film_core.notes import Note
from film_core.runtime import Progress, Runtime
from film_core.tasks import Task, find_task
from film_core.text import (
    Describer,
    Description,
    EncodedPair,
    EncodedText,
    Encoder,
    encode_pair,
    encoder_identity,
    instruction_notes,
    load_describer,
)

if TYPE_CHECKING:
    from film_core.net import Film, SourceFeatures
    from film_core.net.steer import SteeredFilm, SteerSources

EDITED = "edited"
"""Author of a description that a person wrote or changed."""
FROM_FILE = "features"
"""Author where features came from a file, and no words with them."""

_NOTHING = EncodedText((), np.zeros((0, 0), np.float32), "")
_BRIGHTNESS_COUNTS = ("ivf", "mif")  # tasks in which what is brighter is what is wanted
_WORTH_A_NOTE = 0.005  # of the picture

Cancelling = Callable[[], bool]


def load_fuser(
    weights: str | Path = "film-ivf",
    device: str = "auto",
    kernels: str = "fused",
    encoder: Encoder | None = None,
    describer: Describer | None = None,
    progress: Progress | None = None,
) -> "Fuser":
    """Start Jittor, load weights and text encoder, and return what fuses.

    Args:
        weights: a name in ``weights/`` or a path.
        device: ``auto``, ``cpu`` or ``cuda``.
        kernels: ``fused`` (ours, on the CPU) or ``plain`` (Jittor's operators).
        encoder: the text encoder; None for the one that the weights were trained with.
        describer: who writes missing descriptions; None for ``measured``.
        progress: told of the stages; a first start compiles for minutes.

    Raises:
        UnknownNameError: a name that doesn't exist; the closest one is suggested.
        CheckpointError, RuntimeStartError, TextError: what can't be used, and the remedy.
    """
    find_weights(weights)  # a mistyped name is answered before anything is compiled
    steers = is_branch(weights)
    from film_core.runtime import start

    runtime = start(device, progress)
    report = progress or (lambda stage, done, detail: None)
    report("weights", None, str(weights))
    from film_core.checkpoints import load_film, load_steered

    load = load_steered if steers else load_film
    film, card = load(weights, kernels=kernels if runtime.device == "cpu" else "plain")
    film.eval()
    report("text encoder", None, trained_encoder(card))
    encoder = encoder_of(card, encoder)
    return Fuser(film, card, encoder, describer or load_describer(), runtime)


class Fuser:
    """Fuses pairs of images with one set of weights. Not for several threads at once.

    Made by `load_fuser`. `set_images` once for each pair, then `fuse` with any number of texts:
    what the text doesn't change is computed once and kept.

    Attributes:
        card: the card of the weights.
        runtime: device, threads and remarks of the started Jittor.
        encoder, describer: the text encoder and the writer of missing descriptions.
    """

    def __init__(
        self,
        film: "Film | SteeredFilm",
        card: Card,
        encoder: Encoder,
        describer: Describer,
        runtime: Runtime,
    ) -> None:
        self.card = card
        self.runtime = runtime
        self.encoder = encoder
        self.describer = describer
        self._film = film
        self._scene: _Scene | None = None

    def set_images(
        self,
        image_a: SourceImage | str | Path | bytes | np.ndarray,
        image_b: SourceImage | str | Path | bytes | np.ndarray,
        task: str | Task,
    ) -> PairedSources:
        """Take the pair that the following `fuse` calls work on.

        Args:
            image_a, image_b: anything that `film_core.images.read_image` reads, or its result.
            task: ``ivf``, ``mif``, ``mef`` or ``mff``; A and B in that task's order.

        Returns:
            The pair at its common size, with a note if one was resized.

        Raises:
            UnknownNameError: another task.
            ImageError: an image that can't be used, or two that don't fit; the earlier pair stays.
        """
        found = task if isinstance(task, Task) else find_task(task)
        sources = pair(_source(image_a), _source(image_b))
        self._scene = _Scene(sources, found)
        return sources

    @property
    def sources(self) -> PairedSources:
        """The current pair. Raises SettingError: no images have been set."""
        return self._current().sources

    @property
    def task(self) -> Task:
        """What the current pair is fused for. Raises SettingError: no images have been set."""
        return self._current().task

    def describe(self, source: str) -> str:
        """Return the describer's text for source ``a`` or ``b`` of the current pair.

        Raises:
            SettingError: no images have been set.
        """
        return self._current().description(source, self.describer).text

    def compare(self, cancelled: Cancelling | None = None) -> dict[str, Measured]:
        """Return the metrics of mean, maximum, pyramid and both sources for the current pair.

        Raises:
            SettingError: no images have been set.
            Cancelled: `cancelled` said so.
        """
        return self._current().comparison.rivals(_Clock(None, cancelled).checkpoint)

    def fuse(
        self,
        text_a: str | None = None,
        text_b: str | None = None,
        attention: bool = True,
        compare: bool = True,
        encoded: EncodedPair | None = None,
        progress: Progress | None = None,
        cancelled: Cancelling | None = None,
        instruction: str = "",
    ) -> FusionResult:
        """Fuse the current pair under the guidance of two descriptions and an instruction.

        Args:
            text_a, text_b: descriptions of the sources; None lets the describer write them, an
                empty text is allowed and says nothing.
            attention: whether to hand out the attention maps.
            compare: whether to measure the trivial rules and the sources too, which a pair's
                first fusion pays ten measurements for (see also `compare`).
            encoded: features that are already there, as of `read_features`; they take the texts'
                place.
            progress: told of each step.
            cancelled: asked between and, for large images, within the steps; True stops the work.
            instruction: what to do, where and how much. A steering network follows it; exact FILM
                reads it as more words of the descriptions, which move it hardly at all.

        Raises:
            SettingError: no images have been set.
            TextError: a text that can't be encoded.
            Cancelled: `cancelled` said so; the pair and what was computed for it are kept.
        """
        scene = self._current()
        clock = _Clock(progress, cancelled)
        if encoded is not None:
            self._check_encoded(encoded)
            text_a, text_b = encoded.a.kept, encoded.b.kept
        author = EDITED if encoded is None else FROM_FILE
        with clock.step("describe"):
            texts = {
                source: scene.description(source, self.describer).text if text is None else text
                for source, text in (("a", text_a), ("b", text_b))
            }
        with clock.step("encode"):
            if encoded is None:
                encoded = encode_pair(self.encoder, texts["a"], texts["b"])
            told = self.encoder.encode(instruction) if instruction else _NOTHING
        with clock.step("sources"):
            features = scene.features(self._film, clock)
        maps = steering = None
        with clock.step("fuse"):
            if self.steers:
                luminance, steering = self._steer(features, (encoded.a, encoded.b, told), clock)
            else:
                luminance, maps = self._run(features, encoded, told, attention, clock)
        with clock.step("metrics"):
            metrics = scene.comparison.measure(luminance, clock.tick)
            comparison = scene.comparison.rivals(clock.tick) if compare else {}
        with clock.step("compose"):
            image = compose(luminance, scene.sources, scene.task)
        changed, changed_most = scene.change(luminance)
        authors = {source: scene.author(source, texts[source]) or author for source in "ab"}
        return FusionResult(
            image=image, luminance=luminance, metrics=metrics, comparison=comparison,
            attention=maps, timings=clock.timings(), text_a=texts["a"], text_b=texts["b"],
            author_a=authors["a"], author_b=authors["b"],
            tokens=encoded.tokens + told.tokens,
            token_sources=encoded.sources + ("instruction",) * len(told.tokens),
            instruction=instruction, steering=steering, task=scene.task.name,
            weights=self.card.name, encoder=self.encoder.name, device=self.runtime.device,
            kernels=self._film.kernels,
            notes=[
                *self._notes(scene, encoded, told), *self._lost_brightness(scene, luminance),
            ],
            changed=changed, changed_most=changed_most,
        )  # fmt: skip

    def fuse_features(
        self,
        features: np.ndarray,
        progress: Progress | None = None,
        cancelled: Cancelling | None = None,
    ) -> np.ndarray:
        """Fuse the current pair under text features of any origin, for studies of what text does.

        Args:
            features: (T, encoder.width) float32, as `encode_pair` makes them or drawn at random.
            progress, cancelled: as for `fuse`.

        Returns:
            (H, W) float32 in [0, 1], the fused luminance; nothing is measured or composed.

        Raises:
            SettingError: no images have been set, or features of another shape.
            TextError: NaN or infinity among the features.
            Cancelled: `cancelled` said so.
        """
        import jittor as jt

        scene = self._current()
        _check_finite(features)
        clock = _Clock(progress, cancelled)
        with clock.step("sources"):
            sources = scene.features(self._film, clock)
        with clock.step("fuse"), jt.no_grad():
            if self.steers:  # one text of unknown words
                nothing = features[:0]
                watched = (clock.progress, clock.cancelled)
                return _plane(self._film.steer(sources, (nothing, nothing, features), *watched)[0])
            text = jt.array(np.ascontiguousarray(features, dtype=np.float32)[None])  # (1, T, width)
            fused = self._film.fuse_features(sources, text, None, clock.progress, clock.cancelled)
            return _plane(fused)

    @cached_property
    def identity(self) -> str:
        """What distinguishes fusers whose pictures differ: every weight, and the text encoder.

        A card's digest isn't enough: a steering branch works on the exact network's weights too.
        """
        digest = hashlib.sha256()
        for name, value in sorted(self._film.state_dict("numpy").items()):
            digest.update(name.encode() + b"\0" + np.ascontiguousarray(value).tobytes())
        own = f"{self.card.name}:{self.card.sha256}"
        return f"{own}:{digest.hexdigest()}:{encoder_identity(self.encoder)}"

    @property
    def steers(self) -> bool:
        """Whether the network follows instructions; exact FILM doesn't."""
        return self.card.network != "film"

    def _steer(
        self, sources: "SteerSources", texts: tuple[EncodedText, ...], clock: "_Clock"
    ) -> tuple[np.ndarray, SteeringResult]:
        import jittor as jt

        words = [words_of(text) for text in texts]
        with jt.no_grad():
            fused, maps = self._film.steer(sources, words, clock.progress, clock.cancelled)
            luminance = _plane(fused)
        return luminance, steering_result(luminance.shape, texts, maps)

    def render(
        self, text_a: str, text_b: str, instruction: str, maps: bool = False
    ) -> tuple[np.ndarray, "AttentionResult | SteeringResult | None"]:
        """Fuse the current pair and nothing else: no metrics, no colour.

        Args:
            text_a, text_b, instruction: the texts; empty ones say nothing.
            maps: whether exact FILM hands out its attention; a steering network always tells what
                its words did.

        Returns:
            (H, W) float32 in [0, 1], and the maps or None.

        Raises:
            SettingError: no images have been set.
            TextError: a text that can't be encoded.
        """
        scene = self._current()
        clock = _Clock(None, None)
        encoded = encode_pair(self.encoder, text_a, text_b)
        told = self.encoder.encode(instruction) if instruction else _NOTHING
        features = scene.features(self._film, clock)
        if self.steers:
            return self._steer(features, (encoded.a, encoded.b, told), clock)
        return self._run(features, encoded, told, maps, clock)

    def _run(
        self,
        features: "SourceFeatures",
        encoded: EncodedPair,
        told: EncodedText,
        attention: bool,
        clock: "_Clock",
    ) -> tuple[np.ndarray, AttentionResult | None]:
        import jittor as jt

        # (1, T, width); nothing is copied where there is no instruction
        words = (
            np.concatenate([encoded.features, told.features]) if told.tokens else encoded.features
        )
        text = jt.array(words[None])
        watched = (clock.progress, clock.cancelled)
        with jt.no_grad():
            if not attention:
                return _plane(self._film.fuse_features(features, text, None, *watched)), None
            fused, maps = self._film.fuse_features(features, text, "spatial", *watched)
            luminance = _plane(fused)
            found = [{source: _to_numpy(stage[source]) for source in ("a", "b")} for stage in maps]
        pieces = tuple(token.text for token in encoded.tokens + told.tokens)
        return luminance, AttentionResult(luminance.shape, found, pieces)

    def _check_encoded(self, encoded: EncodedPair) -> None:
        if encoded.features.ndim != 2 or encoded.features.shape[1] != self.card.text_width:
            raise TextError(
                "text.encoded_width",
                "The weights {weights} take text features (tokens, {width}), not {shape}: use "
                "those of the encoder '{encoder}'.",
                weights=self.card.name, width=self.card.text_width,
                shape=str(encoded.features.shape), encoder=self.encoder.name,
            )  # fmt: skip
        _check_finite(encoded.features)

    def _notes(self, scene: "_Scene", encoded: EncodedPair, told: EncodedText) -> list[str]:
        notes = [*scene.sources.notes, *encoded.notes, *instruction_notes(told)]
        if self.runtime.note:
            notes.append(self.runtime.note)
        if self.card.task and self.card.task != scene.task.name:
            trained = find_task(self.card.task)
            notes.append(
                Note(
                    "weights.other_task",
                    "The weights {weights} were trained for the task '{trained_title}', not for "
                    "'{title}'.",
                    weights=self.card.name,
                    trained=trained.name,
                    trained_title=trained.long_name,
                    task=scene.task.name,
                    title=scene.task.long_name,
                )
            )
        return notes

    def _lost_brightness(self, scene: "_Scene", luminance: np.ndarray) -> list[str]:
        """Say what shines in one source and is missing here, where nobody asked for that."""
        if scene.task.name not in _BRIGHTNESS_COUNTS or self.steers:
            return []
        a, b = scene.sources.a.luminance, scene.sources.b.luminance
        found = {"A": kept_brightness(luminance, a, b), "B": kept_brightness(luminance, b, a)}
        return [
            Note(
                "fusion.lost_brightness",
                "Where source {source} is much brighter than the other ({share} % of the "
                "picture) the result keeps {kept} % of the difference: what shines only there "
                "is faint here.",
                source=source, share=f"{100 * seen.share:.1f}", kept=f"{100 * seen.kept:.0f}",
            )
            for source, seen in found.items()
            if seen.share >= _WORTH_A_NOTE and seen.kept < 0.5
        ]  # fmt: skip

    def _current(self) -> "_Scene":
        if self._scene is None:
            raise SettingError(
                "fuser.no_images", "There are no images yet: call set_images before fuse."
            )
        return self._scene


class _Scene:
    """One pair, and everything about it that no text changes, computed when first needed."""

    def __init__(self, sources: PairedSources, task: Task) -> None:
        self.sources = sources
        self.task = task
        self.comparison = Comparison(sources.a.luminance, sources.b.luminance)
        self._described: dict[str, Description] = {}
        self._features: SourceFeatures | None = None
        self._previous: np.ndarray | None = None

    def description(self, source: str, describer: Describer) -> Description:
        if source not in self._described:
            image, other = self.sources.a, self.sources.b
            if source == "b":
                image, other = other, image
            self._described[source] = describer.describe(image, other, self.task, source)
        return self._described[source]

    def author(self, source: str, text: str) -> str:
        """Return who wrote `text` for `source`, "" if it isn't the describer's."""
        written = self._described.get(source)
        return written.author if written and written.text == text else ""

    def features(self, film: "Film | SteeredFilm", clock: "_Clock") -> "SourceFeatures":
        if self._features is None:
            import jittor as jt

            with jt.no_grad():
                a, b = (
                    jt.array(np.ascontiguousarray(image.luminance[None, None]))
                    for image in (self.sources.a, self.sources.b)
                )  # (1, 1, H, W)
                features = film.source_features(a, b, clock.progress, clock.cancelled)
                jt.sync([part for part in vars(features).values() if isinstance(part, jt.Var)])
            self._features = features
        return self._features

    def change(self, luminance: np.ndarray) -> tuple[float | None, float | None]:
        """Return mean and largest change in grey levels from the previous result, and keep this."""
        previous, self._previous = self._previous, luminance
        if previous is None:
            return None, None
        difference = np.abs(luminance - previous) * 255
        return float(difference.mean()), float(difference.max())


class _Clock:
    """Times the steps, tells of them, and stops between them when asked to."""

    def __init__(self, progress: Progress | None, cancelled: Cancelling | None) -> None:
        self.progress = progress or (lambda stage, done, detail: None)
        self.cancelled = cancelled or (lambda: False)
        self._steps: dict[str, float] = {}
        self._step = ""
        self._start = time.perf_counter()

    def checkpoint(self) -> None:
        if self.cancelled():
            raise Cancelled()

    def tick(self) -> None:
        """Say that the step goes on, where it can't say how far it is."""
        self.checkpoint()
        self.progress(self._step, None, "")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.checkpoint()
        self._step = name
        self.progress(name, None, "")
        begun = time.perf_counter()
        yield
        self._steps[name] = time.perf_counter() - begun

    def timings(self) -> dict[str, float]:
        return {**self._steps, "total": time.perf_counter() - self._start}


def _source(image: SourceImage | str | Path | bytes | np.ndarray) -> SourceImage:
    return image if isinstance(image, SourceImage) else read_image(image)


def _check_finite(features: np.ndarray) -> None:
    if not np.isfinite(features).all():
        raise TextError(
            "text.not_finite", "The text features hold values that are not numbers (NaN, infinity)."
        )


def _plane(fused) -> np.ndarray:
    return np.ascontiguousarray(fused.numpy()[0, 0])  # (1, 1, H, W) -> (H, W)


def _to_numpy(maps) -> SourceAttention:
    return SourceAttention(
        spatial=maps.spatial.numpy()[0], mean=maps.mean.numpy()[0], gate=maps.gate.numpy()[0]
    )
