"""What goes into each step: drawn from the seed and the step's number alone.

Nothing is carried from step to step, so a run that was killed goes on with the same batches.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from film_core.data import PreparedFile, PreparedPair
from film_core.errors import SettingError
from film_core.training.in_focus import in_focus
from film_core.training.made_pairs import make_exposure_pair, make_focus_pair
from film_core.training.recipe import Recipe
from film_core.training.tones import tones_of

_ORDER, _DETAIL = 1, 2  # which stream of random numbers


@dataclass(frozen=True)
class Batch:
    """The input of one step.

    Attributes:
        names: the pairs in it.
        image_a, image_b, answer: (B, 1, H, W) float32 in [0, 1].
        known: (B,) float32, 1 where `answer` is the known answer, 0 where there is none.
        aim_a, aim_b: (B, 1, H, W) float32, the images with their tones spread as far as the
            recipe's contrast allows; not clipped.
        text: (B, T, width) float32.
    """

    names: list[str]
    image_a: np.ndarray
    image_b: np.ndarray
    answer: np.ndarray
    known: np.ndarray
    aim_a: np.ndarray
    aim_b: np.ndarray
    text: np.ndarray


class Sampler:
    """Draws batches from prepared files.

    Args:
        files: open prepared files of one task and text width.
        recipe: crop, flips, batch, seed, made pairs, validation share.

    Attributes:
        train: (file, name) of every pair that is trained on.
        validation: the pairs held out: never drawn, chosen by a hash of their names, so that the
            choice does not depend on the seed. Where pairs are made, one image prepared as both
            sources only serves to make pairs, and is never held out.
    """

    def __init__(self, files: list[PreparedFile], recipe: Recipe) -> None:
        self.recipe = recipe
        everything = [(file, name) for file in files for name in file.names]
        makes = recipe.made_pairs != "none"
        pairs = [entry for entry in everything if not (makes and _one_image(entry))]
        ranked = sorted(pairs, key=_rank)
        held_out = min(recipe.validation_pairs, round(recipe.validation_share * len(pairs)))
        self.validation = ranked[:held_out]
        chosen = {_full_name(entry) for entry in self.validation}  # also where two files hold it
        self.train = sorted(
            (entry for entry in everything if _full_name(entry) not in chosen),
            key=lambda entry: (entry[0].dataset, entry[1]),
        )
        if not self.train:
            raise SettingError(
                "training.no_pairs",
                "No pair is left to train on: {count} were prepared and {held_out} held out.",
                count=len(everything), held_out=held_out,
            )  # fmt: skip

        sets = [file.dataset for file, _ in self.train]
        chances = np.array([sets.count(name) ** -recipe.balance for name in sets])
        self._chances = chances / chances.sum()

    @property
    def steps_an_epoch(self) -> float:
        """Steps in which as many pairs are drawn as there are."""
        return len(self.train) / self.recipe.batch

    @property
    def validation_names(self) -> list[str]:
        """ "data set/pair" of the pairs held out."""
        return [_full_name(entry) for entry in self.validation]

    def epochs_after(self, steps: int) -> int:
        """Return how many epochs are complete after so many steps."""
        return steps * self.recipe.batch // len(self.train)

    def place(self, step: int) -> tuple[int, int]:
        """Return the epoch in which step `step` (from 0) begins, and which step of it this is."""
        epoch = self.epochs_after(step)
        first = -(-epoch * len(self.train) // self.recipe.batch)
        return epoch, step - first

    def names(self, step: int) -> list[str]:
        """Return "data set/pair" of the pairs of step `step`."""
        return [_full_name(entry) for entry in self._entries(step)]

    def batch(self, step: int) -> Batch:
        """Return the input of step `step` (from 0).

        Raises:
            DataError: a prepared file is damaged.
        """
        draw = np.random.default_rng([self.recipe.seed, _DETAIL, step])
        pairs = [file.read(name) for file, name in self._entries(step)]
        height, width = self._size(pairs)
        if self.recipe.flips and self.recipe.crop != (0, 0) and draw.random() < 0.25:
            height, width = width, height
        images = [self._images(pair, height, width, draw) for pair in pairs]
        a, b, answer, known, aim_a, aim_b = (
            np.stack(column) for column in zip(*images, strict=True)
        )
        return Batch(
            self.names(step), a[:, None], b[:, None], answer[:, None], known.astype(np.float32),
            aim_a[:, None], aim_b[:, None], self._texts(pairs, draw),
        )  # fmt: skip

    def _entries(self, step: int) -> list[tuple[PreparedFile, str]]:
        entries = []
        for index in range(step * self.recipe.batch, (step + 1) * self.recipe.batch):
            if self.recipe.balance:
                draw = np.random.default_rng([self.recipe.seed, _ORDER, index])
                entries.append(self.train[draw.choice(len(self.train), p=self._chances)])
                continue
            epoch, place = divmod(index, len(self.train))
            order = np.random.default_rng([self.recipe.seed, _ORDER, epoch]).permutation(
                len(self.train)
            )
            entries.append(self.train[order[place]])
        return entries

    def _size(self, pairs: list[PreparedPair]) -> tuple[int, int]:
        if self.recipe.crop != (0, 0):
            return self.recipe.crop
        shapes = {pair.image_a.shape[1:] for pair in pairs}
        if len(shapes) > 1:
            raise SettingError(
                "training.mixed_sizes",
                "A batch holds images of different sizes ({sizes}); prepare with --size small, "
                "use batch=1, or set a crop.",
                sizes=", ".join(f"{w}x{h}" for h, w in sorted(shapes)),
            )
        return next(iter(shapes))

    def _images(self, pair, height, width, draw) -> tuple:
        a, b = _crop((pair.image_a[0], pair.image_b[0]), height, width, draw)
        if self.recipe.flips:
            if draw.random() < 0.5:
                a, b = a[:, ::-1], b[:, ::-1]
            if draw.random() < 0.5:
                a, b = a[::-1], b[::-1]
        made = self.recipe.made_pairs != "none" and (
            draw.random() < self.recipe.made_share or np.array_equal(a, b)
        )
        if not made:
            a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
            known = self.recipe.focus_answer
            answer = in_focus(a, b) if known else np.zeros_like(a)
            tones = tones_of(pair.image_a[0], pair.image_b[0], self.recipe.contrast)
            return a, b, answer, known, tones.spread(a), tones.spread(b)
        if self.recipe.made_pairs == "focus":
            answer = _sharper(a, b)
            a, b = make_focus_pair(answer, draw)
        else:
            answer = 0.5 * (a + b)
            a, b = make_exposure_pair(answer, draw)
        return a, b, np.ascontiguousarray(answer), 1.0, a, b

    def _texts(self, pairs: list[PreparedPair], draw: np.random.Generator) -> np.ndarray:
        texts = [pair.text[0] for pair in pairs]
        # FILM averages over the tokens, so a drawn part of them stands for all in expectation.
        count = self.recipe.tokens or min(len(text) for text in texts)
        drawn = []
        for text in texts:
            if not self.recipe.tokens and len(text) == count:
                drawn.append(text)
            else:
                drawn.append(text[np.sort(draw.choice(len(text), count, len(text) < count))])
        return np.stack(drawn)


def _one_image(entry: tuple[PreparedFile, str]) -> bool:
    pair = entry[0].read(entry[1])
    return np.array_equal(pair.image_a, pair.image_b)


def _rank(entry: tuple[PreparedFile, str]) -> str:
    return hashlib.sha256(_full_name(entry).encode()).hexdigest()


def _full_name(entry: tuple[PreparedFile, str]) -> str:
    file, name = entry
    return f"{file.dataset}/{name}"


def _crop(images: tuple, height: int, width: int, draw: np.random.Generator) -> tuple:
    """Cut the same random window from all; images smaller than it are mirrored at the border."""
    short = [max(0, height - images[0].shape[0]), max(0, width - images[0].shape[1])]
    if any(short):
        padding = [(s // 2, s - s // 2) for s in short]
        images = tuple(np.pad(image, padding, mode="symmetric") for image in images)
    top = draw.integers(images[0].shape[0] - height + 1)
    left = draw.integers(images[0].shape[1] - width + 1)
    return tuple(image[top : top + height, left : left + width] for image in images)


def _sharper(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the one with the more energy in its differences."""
    energy = [np.square(np.diff(x, axis=0)).sum() + np.square(np.diff(x, axis=1)).sum()
              for x in (a, b)]  # fmt: skip
    return np.ascontiguousarray(a if energy[0] >= energy[1] else b)
