"""What the page knows of one visit: its two sources, its texts, its results. Typed, and private."""

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from demo.batch import PageBatch
from demo.study import PromptStudy
from demo.worker.job import Job
from film_core.errors import FilmError
from film_core.fusion.origin import Origin

if TYPE_CHECKING:
    from film_core.fusion import AttentionResult, SteeringResult
    from film_core.images import Suggestion
    from film_core.registration import Registration

Slot = Literal["a", "b"]
SLOTS: tuple[Slot, Slot] = ("a", "b")
MOST_EARLIER = 3
"""Earlier results whose metrics stand beside the shown one's."""


@dataclass(frozen=True)
class Source:
    """A source image as the page holds it.

    Attributes:
        digest: SHA-256 of `data`, by which the workers cache it.
        data: the uploaded file's bytes; only workers decode them.
        name: the visitor's name for it.
        width, height: in pixels, after the EXIF orientation.
        bits: bits a channel in the file.
        colour: whether it has colour.
        notes: what was done to it on the way in, as English sentences of `film_core.images`.
        picture: where the page shows it, relative to the page.
        made: whether it was made here, by aligning, so that nobody has it as a file.
    """

    digest: str
    data: bytes
    name: str
    width: int
    height: int
    bits: int
    colour: bool
    notes: tuple[str, ...]
    picture: str
    made: bool = False


@dataclass(frozen=True)
class Moved:
    """How far a change of the text alone moved the picture, in grey levels of 255.

    Attributes:
        mean: mean absolute difference of the fused luminances.
        largest: largest absolute difference.
        since: number of the result compared with.
    """

    mean: float
    largest: float
    since: int


@dataclass(frozen=True)
class Word:
    """One word of the texts that took part.

    Attributes:
        text: as written.
        slot: whose description it stands in, or "instruction".
        tokens: its word pieces, as indices into the attention maps; of a steering network, into
            the maps of its own text.
    """

    text: str
    slot: str
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """A fusion as the page shows it.

    Attributes:
        number: counts the visit's results from 1; 0 for a precomputed example.
        picture: where the page shows the fused image, relative to the page.
        luminance: (H, W) float32 in [0, 1]; None for an example and for old results.
        metrics: values by form ("raw", "paper") and metric name.
        comparison: the same of every compared picture ("source A", "mean", ...).
        words: the words of both texts, in their order.
        attention: the attention maps; None where they weren't computed, and for old results.
        seconds: durations by step name.
        sources: what was fused.
        moved: effect of the text against the previous result of the same pair.
        instruction: what the network was told to do.
        authors: who wrote each text, as in `Visit`; "" where that isn't known.
        steering: what its words did, where a steering network fused; as `attention`.
        change: (H, W) float32, luminance minus that without any words; as `steering`.
    """

    number: int
    picture: str
    width: int
    height: int
    task: str
    text_a: str
    text_b: str
    metrics: dict[str, dict[str, float]]
    comparison: dict[str, dict[str, dict[str, float]]]
    seconds: dict[str, float]
    device: str
    weights: str
    notes: tuple[str, ...]
    sources: dict[Slot, Source]
    luminance: np.ndarray | None = None
    words: tuple[Word, ...] = ()
    attention: "AttentionResult | None" = None
    moved: Moved | None = None
    instruction: str = ""
    authors: tuple[str, str] = ("", "")
    steering: "SteeringResult | None" = None
    change: np.ndarray | None = None
    made: float = field(default_factory=time.time)

    @property
    def pair(self) -> tuple[str, str, str]:
        """What was fused (task, both digests), to tell whether only the text differs."""
        return (self.task, self.sources["a"].digest, self.sources["b"].digest)

    @property
    def arrays(self) -> list[np.ndarray]:
        """What is large of it."""
        arrays = [array for array in (self.luminance, self.change) if array is not None]
        for stage in () if self.attention is None else self.attention.maps:
            arrays += [array for maps in stage.values() for array in vars(maps).values()]
        if self.steering is not None:
            arrays += [*self.steering.maps.values(), *self.steering.strengths.values()]
        return arrays

    @property
    def column(self) -> str:
        """Its name in a table of metrics, where another result is the one shown."""
        return f"result {self.number}"

    @property
    def origin(self) -> Origin:
        """What made it."""
        texts = (self.text_a, self.text_b)
        return Origin(self.task, self.weights, *texts, *self.pair[1:], self.instruction)


@dataclass(frozen=True)
class Look:
    """What the attention explorer shows.

    Attributes:
        stage: 1, 2 or 3.
        source: "a" or "b".
        head: 1 to 8, None for the mean of all.
        words: indices of the words, () for the mean of all.
        several: whether choosing a word adds it to those that are shown instead of replacing them.
        gate: whether the gate is shown that the words open together, instead of their maps; of a
            steering network, what the words changed.
        colours: name of a perceptual colour map of matplotlib.
        strength: how opaque the overlay is, in percent.
    """

    stage: int = 1
    source: Slot = "a"
    head: int | None = None
    words: tuple[int, ...] = ()
    several: bool = False
    gate: bool = False
    colours: str = "inferno"
    strength: int = 60


@dataclass(frozen=True)
class LocalLoss:
    """Where a metric of a result is lost.

    Attributes:
        metric: its name.
        result: number of the result.
        values: (H, W) float32; more is worse.
    """

    metric: str
    result: int
    values: np.ndarray


@dataclass(frozen=True)
class Reopened:
    """A saved result or a link that was opened: its settings are here, its two images aren't.

    Attributes:
        origin: what made it.
        name: name of the file; "" for a link.
        weights: those that this page uses for its task.
    """

    origin: Origin
    name: str
    weights: str


@dataclass(frozen=True)
class Ending:
    """What is said below the Fuse button, kept so that it can be said in another language.

    Attributes:
        key: of the sentence in `demo/text`; "" where `error` says it.
        values: what stands in its blanks.
        state: "done" or "note", as it looks.
        linked: whether a link leads to the result.
        error: why there is no result.
    """

    key: str = ""
    values: dict[str, str] = field(default_factory=dict)
    state: Literal["done", "note"] = "note"
    linked: bool = False
    error: FilmError | None = None


@dataclass
class Visit:
    """One visitor's state. Lives in the server's memory and goes when the visitor leaves.

    Attributes:
        identity: 128 random bits; owns pictures and jobs. Never sent to the browser.
        language: name of the language shown.
        task: name of the chosen task.
        sources: the two images, None where there is none yet.
        described: the text that was written for each source, to tell an edited one from it.
        filled: hashes of all texts that the page itself has put into a box: what isn't among them
            is the visitor's own. (The newest alone won't do: two uploads can overtake each other.)
        authors: who wrote it.
        typed: what the visitor has written into each box since it was last looked at, None for
            nothing: an answer that takes seconds must not put its own text there.
        questions: for each source the question for its description that is still open, None for
            none: the answer to any other is dropped.
        by_model: whether the host's model describes, not the measurements.
        network: "film" (as published) or "steer" (follows instructions).
        steps: how each text was made, where it was made in steps.
        pictures: digests of the sources by the address of each picture that the page has shown of
            one, as long as it is on the shelf.
        errors: the sentence beside each field, as an error to be translated; None where fine.
        results: the visit's own, newest last.
        result: the one that is shown, which may be an example's; None for none.
        against: number of the result that the shown one is compared with; None for the one before.
        example: name of the example shown, "" for own images.
        reopened: the saved result or link that was opened; None for none.
        suggestion: what the two images seem to be; None where that isn't known or was overruled.
        registration: how far the two sources were found to be apart; None where not measured.
        unaligned: the sources as they were before aligning; None where they weren't aligned.
        lost: share of the area that aligning cost.
        form: form of the metrics shown, "raw" or "paper".
        local: the map of a metric's loss that is shown; None for none.
        look: what the attention explorer shows.
        job: what is running for this visit.
        unfinished: whether a fusion was asked for and its page went before it ended.
        ending: how the last fusion ended; None where that isn't said any more.
        link: the link that was opened last, so that a reload doesn't open it again.
        study: the prompt study.
        batch: the batch.
    """

    identity: str = field(default_factory=lambda: secrets.token_hex(16))
    language: str = "en"
    task: str = "ivf"
    sources: dict[Slot, Source | None] = field(default_factory=lambda: {"a": None, "b": None})
    described: dict[Slot, str] = field(default_factory=lambda: {"a": "", "b": ""})
    filled: set[int] = field(default_factory=set)
    authors: dict[Slot, str] = field(default_factory=lambda: {"a": "", "b": ""})
    typed: dict[Slot, str | None] = field(default_factory=lambda: {"a": None, "b": None})
    questions: dict[Slot, object | None] = field(default_factory=lambda: {"a": None, "b": None})
    by_model: bool = False
    network: str = "film"
    steps: dict[Slot, list[dict[str, str]]] = field(default_factory=lambda: {"a": [], "b": []})
    pictures: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Exception | None] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    result: Result | None = None
    against: int | None = None
    count: int = 0
    example: str = ""
    reopened: Reopened | None = None
    suggestion: "Suggestion | None" = None
    registration: "Registration | None" = None
    unaligned: dict[Slot, Source] | None = None
    lost: float = 0.0
    form: str = "raw"
    local: LocalLoss | None = None
    look: Look = Look()
    job: Job | None = None
    unfinished: bool = False
    ending: Ending | None = None
    link: str = ""
    study: PromptStudy = field(default_factory=PromptStudy)
    batch: PageBatch = field(default_factory=PageBatch)

    def __deepcopy__(self, memo: dict) -> "Visit":
        """Gradio copies the first value of a state for every session: each gets its own visit.

        It begins with what the page shows before anybody did anything: task, example, result.
        """
        return Visit(
            task=self.task,
            sources=dict(self.sources),
            described=dict(self.described),
            filled=set(self.filled),
            authors=dict(self.authors),
            result=self.result,
            example=self.example,
        )

    def continued(self) -> "Visit":
        """Return this visit for a page that opened anew; what runs for the old page stays there."""
        return replace(
            self,
            sources=dict(self.sources),
            described=dict(self.described),
            filled=set(self.filled),
            authors=dict(self.authors),
            typed={"a": None, "b": None},
            questions={"a": None, "b": None},
            steps=dict(self.steps),
            pictures=dict(self.pictures),
            errors=dict(self.errors),
            results=list(self.results),
            study=self.study.continued(),
            batch=self.batch.continued(),
            job=None,
            ending=None,
        )

    @property
    def kept(self) -> list[Result]:
        """The results, and the one that is shown where it is none of them."""
        shown = self.result
        return [*self.results, *(() if shown is None else [shown])]

    @property
    def held(self) -> list[Source]:
        """Every source that is chosen, could be brought back, or belongs to a result."""
        held = [self.sources, self.unaligned or {}, *(result.sources for result in self.kept)]
        return [source for sources in held for source in sources.values() if source]

    @property
    def size(self) -> int:
        """Bytes of the visitor's files and of the arrays of results, study and maps."""
        files = {source.digest: len(source.data) for source in self.held}
        study, local = self.study.study, self.local
        large = [self.study.base, None if local is None else local.values]
        for row in () if study is None else study.rows:
            large += [row.image, row.change.map]
        for result in self.kept:
            large += result.arrays
        arrays = {id(array): array.nbytes for array in large if array is not None}
        return sum(files.values()) + sum(arrays.values()) + self.batch.size

    def fill(self, slot: Slot, text: str, author: str) -> None:
        """Note that the page puts `text`, written by `author`, into the box of source `slot`."""
        self.described[slot], self.authors[slot] = text, author
        self.filled.add(hash(text))

    def author(self, slot: Slot, text: str) -> str:
        """Return who wrote `text`, "visitor" or as in `authors`; "" where that isn't known."""
        if hash(text) not in self.filled:
            return "visitor"
        return self.authors[slot] if text == self.described[slot] else ""

    def note_pair(self, error: FilmError | None, slot: Slot = "a") -> None:
        """Note at source `slot` why the two can't be fused, None for nothing.

        What was said of the two before goes, wherever it stands.
        """
        before = self.errors.get("pair")
        for each in SLOTS:
            if before is not None and self.errors.get(each) is before:
                self.errors[each] = None
        self.errors["pair"] = error
        if error is not None:
            self.errors[slot] = error

    def changed_sources(self) -> None:
        """Forget what was said and computed about sources that are there no longer."""
        self.result, self.against, self.suggestion = None, None, None
        self.registration, self.unaligned, self.lost = None, None, 0.0
        self.study.forget()

    @property
    def earlier(self) -> "tuple[Result, ...]":
        """Other results of the pair shown, newest first: their metrics can be compared with its."""
        shown = self.result
        return tuple(
            result
            for result in reversed(self.results)
            if shown and result.pair == shown.pair and result.number != shown.number
        )[:MOST_EARLIER]

    @property
    def pair(self) -> tuple[str, str, str] | None:
        """What would be fused now; None while a source is missing."""
        a, b = self.sources["a"], self.sources["b"]
        return None if a is None or b is None else (self.task, a.digest, b.digest)


def network_of(weights: str) -> str:
    """Return which network weights of this name belong to, "film" or "steer"."""
    return "steer" if weights.startswith("film-steer") else "film"


def moved_by_text(result: np.ndarray, before: Result) -> Moved:
    """Return how far a fused luminance is from an earlier one of the same pair.

    Args:
        result: (H, W) float32 in [0, 1].
        before: the earlier result, with its luminance.
    """
    difference = np.abs(result - before.luminance) * 255.0
    return Moved(float(difference.mean()), float(difference.max()), before.number)
