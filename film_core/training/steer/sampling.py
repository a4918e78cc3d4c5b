"""What goes into each step, drawn from the seed and the step's number alone.

A step has three parts. Words: sentences, with the place that each word speaks of and the strength
of what it asks for. Places: cells of the grid, with the places that they belong to. Edits: crops
with strengths that are given, and the picture that they should make.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from film_core.images.cells import cell_means, spreading
from film_core.instructions import (
    CHANNELS,
    GRID,
    OPERATIONS,
    Clause,
    RegionPlanes,
    Span,
    region_mask,
    region_planes,
)
from film_core.instructions.regions import GEOMETRIC_PLACES, SEEN_PLACES
from film_core.training.steer.damage import REPAIRS
from film_core.training.steer.recipe import SteerRecipe
from film_core.training.steer.scenes import Scene
from film_core.training.steer.sentences import SentencePool
from film_core.training.steer.targets import steered_target, strength_field

_WORDS, _EDITS, _PLACES = 11, 12, 13  # which stream of random numbers
PLACES = tuple(p for p in (*GEOMETRIC_PLACES, *SEEN_PLACES) if p != "all")
"""The places that queries and keys are made of."""
SPANS = 4
"""Most operations that a sentence names."""
MARGIN = 10  # pixels around a crop that reference operators look at


@dataclass(frozen=True)
class WordBatch:
    """Sentences and what each of their words should become; B sentences of at most T words.

    Attributes:
        words: (B, T, width) float32.
        present: (B, T) float32.
        sources: (B,) int32.
        keys: (B, T, places + 1) float32, the code of the region that a word speaks of.
        marked: (B, T) float32, 1 where `keys` is known.
        spans: (B, S, T) float32, 1 where a word belongs to the span of an operation.
        values: (B, S, 9) float32, what the words of a span bring together.
        acting: (B, S) float32, 1 where there is such a span.
        quiet: (B, T) float32, 1 for words outside any such span: they bring nothing.
        inside: (B, T, N) float32, how far cells of one scene for each sentence belong to the region
            that a marked word speaks of.
        cells: (B, N, F) float32, features of those cells.
        fields: (B, 9, N) float32, the strength of every edit that the sentence asks for there.
    """

    words: np.ndarray
    present: np.ndarray
    sources: np.ndarray
    keys: np.ndarray
    marked: np.ndarray
    spans: np.ndarray
    values: np.ndarray
    acting: np.ndarray
    quiet: np.ndarray
    inside: np.ndarray
    cells: np.ndarray
    fields: np.ndarray


@dataclass(frozen=True)
class PlaceBatch:
    """Cells: features (N, F) and how far each belongs to every place (N, places), float32."""

    features: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class EditBatch:
    """Crops: images (B, 3, h, w), means (B, 3, h, w), strengths (B, 9, h, w), target (B, 1, h, w),
    all float32."""

    images: np.ndarray
    means: np.ndarray
    strengths: np.ndarray
    target: np.ndarray


class SceneView:
    """A scene with all that the sampler asks of it again and again."""

    def __init__(self, scene: Scene, features: np.ndarray) -> None:
        self.scene = scene
        self.features = features  # (cells^2, F)
        self.planes: RegionPlanes = region_planes(scene.a, scene.b, scene.neutral)
        self._masks: dict[str, np.ndarray] = {}

    def mask(self, region: str) -> np.ndarray:
        """Return (cells^2,)."""
        if region not in self._masks:
            self._masks[region] = region_mask(region, self.planes).ravel()
        return self._masks[region]

    def field(self, clauses: tuple[Clause, ...]) -> np.ndarray:
        """Return (9, cells^2)."""
        field = np.zeros((len(CHANNELS), GRID * GRID), np.float32)
        for clause in clauses:
            operation = OPERATIONS[clause.operation]
            field[operation.channel] += operation.sign * clause.strength * self.mask(clause.region)
        return np.clip(field, -1, 1)


class SteerSampler:
    """Draws batches.

    Args:
        views: the scenes.
        pool: the sentences.
        recipe: sizes, noise, seed.
    """

    def __init__(self, views: list[SceneView], pool: SentencePool, recipe: SteerRecipe) -> None:
        self.views, self.pool, self.recipe = views, pool, recipe
        lengths = [len(words) for words in pool.features]
        self.eligible = [n for n, length in enumerate(lengths) if length <= recipe.longest]
        self.long = [n for n, length in enumerate(lengths) if length > recipe.longest]
        self.deviation = float(np.std(pool.features[0].astype(np.float32)))

    def words(self, step: int) -> WordBatch:
        """Return the sentences of step `step` (from 0)."""
        draw = np.random.default_rng([self.recipe.seed, _WORDS, step])
        count, every = self.recipe.sentences, self.recipe.long_every
        if self.long and every and step % every == every - 1:
            # Apart from the others, which would only be padded to their length.
            return self.word_batch(list(draw.choice(self.long, count // 4)), draw)
        return self.word_batch(list(draw.choice(self.eligible, count)), draw)

    def word_batch(
        self, chosen: list[int], draw: np.random.Generator, noisy: bool = True
    ) -> WordBatch:
        """Return the sentences `chosen` from the pool, with noise and dropout or without."""
        recipe, pool = self.recipe, self.pool
        longest = max(len(pool.features[n]) for n in chosen)
        length, size = -(-longest // 8) * 8, len(chosen)
        cells = np.zeros((size, recipe.field_cells, self.views[0].features.shape[1]), np.float32)
        inside = np.zeros((size, length, recipe.field_cells), np.float32)
        fields = np.zeros((size, len(CHANNELS), recipe.field_cells), np.float32)
        words = np.zeros((size, length, pool.features[0].shape[1]), np.float32)
        present, marked, quiet = (np.zeros((size, length), np.float32) for _ in range(3))
        keys = np.zeros((size, length, len(PLACES) + 1), np.float32)
        spans = np.zeros((size, SPANS, length), np.float32)
        values = np.zeros((size, SPANS, len(CHANNELS)), np.float32)
        acting, sources = np.zeros((size, SPANS), np.float32), np.zeros(size, np.int32)
        for row, number in enumerate(chosen):
            sentence, marks = pool.sentences[number], pool.marks[number]
            given = pool.features[number].astype(np.float32)
            count, listed, asked = len(given), sentence.spans, sentence.clauses
            if noisy and draw.random() < recipe.random_texts:
                given = draw.normal(given.mean(0), given.std(), given.shape).astype(np.float32)
                marks, listed, asked = np.full(count, -1), (), ()
            if noisy:
                noise = draw.standard_normal(given.shape, np.float32)
                given = given + recipe.word_noise * self.deviation * noise
            words[row, :count], present[row, :count] = given, 1
            quiet[row, :count] = 1
            if noisy:
                dropped = (marks < 0) & (draw.random(count) < recipe.word_dropout)
                if sentence.kind in ("negated", "except"):
                    dropped[:] = False  # "not" is a word without a span
                present[row, :count][dropped] = 0 if (~dropped).any() else 1
            sources[row] = _source(draw, bool(sentence.clauses))
            view = self.views[draw.integers(len(self.views))]
            where = draw.choice(GRID * GRID, recipe.field_cells, replace=False)
            cells[row], fields[row] = view.features[where], view.field(asked)[:, where]
            acts = iter(range(SPANS))
            clauses = iter(sentence.clauses)
            for mark, span in enumerate(listed):
                there = np.flatnonzero(marks == mark)
                if span.kind == "degree":
                    continue
                marked[row, there] = 1
                keys[row, there] = place_code(span.region)
                inside[row, there] = view.mask(span.region)[where]
                if span.kind == "operation":
                    slot, clause = next(acts), _clause_of(span, clauses, sentence.clauses)
                    spans[row, slot, there] = acting[row, slot] = 1
                    quiet[row, there] = 0
                    operation = OPERATIONS[clause.operation]
                    values[row, slot, operation.channel] = operation.sign * clause.strength
        return WordBatch(
            words, present, sources, keys, marked * present, spans * present[:, None], values,
            acting, quiet * present, inside, cells, fields,
        )  # fmt: skip

    def places(self, step: int) -> PlaceBatch:
        """Return the cells of step `step`, of eight scenes."""
        draw = np.random.default_rng([self.recipe.seed, _PLACES, step])
        views = [self.views[n] for n in draw.integers(len(self.views), size=8)]
        where = [draw.choice(GRID * GRID, self.recipe.cells, replace=False) for _ in views]
        features = [view.features[cells] for view, cells in zip(views, where, strict=True)]
        masks = [
            np.stack([view.mask(place)[cells] for place in PLACES], 1)
            for view, cells in zip(views, where, strict=True)
        ]
        return PlaceBatch(np.concatenate(features), np.concatenate(masks))

    def edits(self, step: int) -> EditBatch:
        """Return the crops of step `step`."""
        draw = np.random.default_rng([self.recipe.seed, _EDITS, step])
        crops = [self._crop(draw) for _ in range(self.recipe.crops)]
        return EditBatch(*(np.stack(parts) for parts in zip(*crops, strict=True)))

    def _crop(self, draw: np.random.Generator) -> tuple:
        view = self.views[draw.integers(len(self.views))]
        scene, size = view.scene, self.recipe.crop
        if not scene.damage and draw.random() < self.recipe.other_neutrals:
            scene = _another_neutral(scene, draw)
        planes = np.stack([scene.a, scene.b, scene.neutral])
        clauses = self._clauses(draw, scene)
        field = strength_field(clauses, view.planes)
        height, width = scene.a.shape
        rows, columns = spreading(height, GRID), spreading(width, GRID).T
        top, left = (int(draw.integers(side - size + 1)) for side in (height, width))
        # With a margin, so that operators see beyond the crop's edge.
        wide = tuple(
            slice(max(0, start - MARGIN), min(side, start + size + MARGIN))
            for start, side in ((top, height), (left, width))
        )
        means = rows[wide[0]] @ neighbourhood(planes) @ columns[:, wide[1]]
        strengths = rows[wide[0]] @ field @ columns[:, wide[1]]
        cut = Scene(
            scene.name, scene.a[wide], scene.b[wide], scene.neutral[wide], scene.ideal[wide],
            scene.damage,
        )  # fmt: skip
        target = steered_target(cut, means[2], strengths)
        inner = (slice(top - wide[0].start, None), slice(left - wide[1].start, None))
        turned = draw.random(3) < 0.5

        def finished(x: np.ndarray) -> np.ndarray:
            x = x[..., inner[0], inner[1]][..., :size, :size]
            x = x[..., ::-1] if turned[0] else x
            x = x[..., ::-1, :] if turned[1] else x
            x = np.swapaxes(x, -1, -2) if turned[2] else x
            return np.ascontiguousarray(x, np.float32)

        return (
            finished(np.stack([cut.a, cut.b, cut.neutral])), finished(means),
            finished(strengths), finished(target[None]),
        )  # fmt: skip

    def _clauses(self, draw: np.random.Generator, scene: Scene) -> tuple[Clause, ...]:
        clauses = []
        for number in range(1 if draw.random() < 0.75 else 2):
            operation = str(draw.choice(list(OPERATIONS)))
            if number == 0 and scene.damage and draw.random() < self.recipe.repairs:
                operation = REPAIRS[scene.damage]
            region = "all"
            if draw.random() < 0.5:
                region = str(draw.choice(GEOMETRIC_PLACES + SEEN_PLACES))
            clauses.append(Clause(operation, float(draw.uniform(0.25, 1.05)), region))
        return tuple(clauses)


def place_code(region: str) -> np.ndarray:
    """Return the key of a word that speaks of `region`, (places + 1,) float32.

    A query holds a score for each place, about 5 inside and -5 outside. Key and query are
    multiplied and the key's last number, in units of 5, is added: 1 for a place, -1 for its
    complement; of two places in common the sum less 1; everywhere is a bias alone.
    """
    code = np.zeros(len(PLACES) + 1, np.float32)
    sign = -1 if region.startswith("!(") else 1
    names = region.removeprefix("!(").removesuffix(")").split("&")
    for name in names:
        if name.lstrip("!") != "all":
            code[PLACES.index(name.lstrip("!"))] = -1 if name.startswith("!") else 1
    code[-1] = 1 if names == ["all"] else 1 - len(names)
    return sign * code


def _clause_of(span: Span, clauses: Iterator[Clause], listed: tuple[Clause, ...]) -> Clause:
    """Return the clause that an operation's span words: clauses and spans come in one order."""
    return next(clauses, listed[-1])


def neighbourhood(planes: np.ndarray) -> np.ndarray:
    """Return the means (C, 48, 48) of planes (C, H, W) over 3 x 3 cells, fewer at the edges."""
    rows, columns = (cell_means(size, GRID) for size in planes.shape[1:])
    apart = np.abs(np.arange(GRID)[:, None] - np.arange(GRID)) <= 1
    smooth = (apart / apart.sum(1, keepdims=True)).astype(np.float32)
    return smooth @ (rows @ planes @ columns.T) @ smooth.T


def _another_neutral(scene: Scene, draw: np.random.Generator) -> Scene:
    """Return the scene as other weights of the exact network might have fused it."""
    share = draw.random()
    neutral = share * np.maximum(scene.a, scene.b) + (1 - share) * 0.5 * (scene.a + scene.b)
    mix = draw.random()
    neutral = (mix * neutral + (1 - mix) * scene.neutral).astype(np.float32)
    return Scene(scene.name, scene.a, scene.b, neutral, neutral, scene.damage)


def _source(draw: np.random.Generator, instructs: bool) -> int:
    """Instructions stand mostly in their own field, facts anywhere."""
    return int(draw.choice(3, p=[0.12, 0.12, 0.76] if instructs else [0.35, 0.35, 0.3]))
