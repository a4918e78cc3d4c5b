"""Exact FILM with the branch beside it, from two images and up to three texts to one picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jittor as jt
import numpy as np
from jittor import nn

from film_core.errors import Cancelled, SettingError
from film_core.images.cells import spreading
from film_core.net.film import Film
from film_core.net.steer.branch import REACH, Spreading, SteerBranch
from film_core.net.steer.grid import GridPlanes, grid_planes
from film_core.net.steer.text_field import quietened

STRIP = 1 << 17
"""Pixels whose full-resolution features exist at a time."""

Progress = Callable[[str, float | None, str], None]

_FIRST_PART = 0.2  # of the neutral picture: what exact FILM does before it meets a text


@dataclass(frozen=True)
class SteerSources:
    """All that the words don't change.

    Attributes:
        images: (1, 3, H, W), A, B and the neutral picture.
        planes: the same on the grid.
        queries: (1, cells^2, match_width).
    """

    images: jt.Var
    planes: GridPlanes
    queries: jt.Var


@dataclass(frozen=True)
class WordMaps:
    """Where each word of one text acts or points, and how strongly it acts.

    Attributes:
        maps: (T, cells, cells) float32 in [0, 1].
        values: (T, edits) float32, the strength of each kind of edit that the word brings.
    """

    maps: np.ndarray
    values: np.ndarray


class SteeredFilm(nn.Module):
    """The neutral picture of exact FILM under empty texts, steered by words.

    Args:
        film: the exact network, carrying its weights.
        branch: the branch, carrying its own.
        empty_text: (T, film's text width) float32, what the encoder makes of two empty texts.
    """

    def __init__(self, film: Film, branch: SteerBranch, empty_text: np.ndarray) -> None:
        self.film = film
        self.branch = branch
        self._empty = np.ascontiguousarray(empty_text, np.float32)

    @property
    def kernels(self) -> str:
        """Which kernels the exact network runs on."""
        return self.film.kernels

    def source_features(
        self,
        image_a: jt.Var,
        image_b: jt.Var,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SteerSources:
        """Return all that doesn't depend on the words; images (1, 1, H, W) in [0, 1]."""
        text = jt.array(self._empty[None])
        before, after = _part(progress, 0.0, _FIRST_PART), _part(progress, _FIRST_PART, 1.0)
        features = self.film.source_features(image_a, image_b, before, cancelled)
        neutral = self.film.fuse_features(features, text, None, after, cancelled)
        images = jt.concat([image_a, image_b, neutral], dim=1)
        planes = grid_planes(images, self.branch.config.grid)
        queries = self.branch.queries(planes.features)
        jt.sync([images, planes.features, planes.means, queries])
        return SteerSources(images, planes, queries)

    def steer(
        self,
        sources: SteerSources,
        texts: Sequence[np.ndarray],
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[jt.Var, list[WordMaps]]:
        """Return the fused luminance (1, 1, H, W) float32 in [0, 1] and each text's maps.

        Args:
            sources: of `source_features`.
            texts: description A, description B and instruction, (T, text width) float32 each,
                words only; T may be 0.
            progress, cancelled: told of and asked between strips.

        Raises:
            SettingError: another number of texts, or of another width.
            Cancelled: `cancelled` said so.
        """
        self._check(texts)
        read = [self._read(sources, words, n) for n, words in enumerate(texts) if len(words)]
        maps = self._word_maps(texts, read)
        if not read:
            return sources.images[:, 2:], maps
        asked = sum(jt.matmul(value.transpose(0, 2, 1), where) for where, value in read)
        strengths = self.branch.bounded(asked)
        if not np.any(strengths.numpy()):
            return sources.images[:, 2:], maps
        return self._edited(sources, strengths, progress, cancelled), maps

    def _read(self, sources: SteerSources, words: np.ndarray, number: int):
        """Return maps (1, T, P) and values (1, T, edits) of one text."""
        given = jt.array(np.ascontiguousarray(words, np.float32)[None])
        present = jt.ones((1, len(words)))
        keys, values = self.branch.text(given, present, jt.array(np.array([number], np.int32)))
        return self.branch.word_maps(keys, sources.queries), quietened(values)

    def _word_maps(self, texts, read) -> list[WordMaps]:
        cells, edits = self.branch.config.grid, self.branch.config.edits
        read = iter(read)
        found = []
        for words in texts:
            if not len(words):
                found.append(
                    WordMaps(np.zeros((0, cells, cells), "f4"), np.zeros((0, edits), "f4"))
                )
                continue
            where, value = next(read)
            found.append(WordMaps(where.numpy()[0].reshape(-1, cells, cells), value.numpy()[0]))
        return found

    def _edited(self, sources, strengths, progress, cancelled) -> jt.Var:
        _, _, height, width = sources.images.shape
        cells = self.branch.config.grid
        coarse = jt.concat([sources.planes.means, strengths.reshape(1, -1, cells, cells)], dim=1)
        columns = jt.array(spreading(width, cells).T)
        spread = Spreading(coarse, spreading(height, cells), columns)
        step = max(4 * REACH, STRIP // width)
        strips = []
        for top in range(0, height, step):
            if cancelled is not None and cancelled():
                raise Cancelled()
            if progress is not None:
                progress("fuse", top / height, "")
            bottom = min(height, top + step)
            first, last = max(0, top - REACH), min(height, bottom + REACH)
            images = sources.images[:, :, first:last]
            change = self.branch.edit(images, *spread.rows(first, last))
            inner = slice(top - first, bottom - first)
            strips.append(jt.clamp(images[:, 2:, inner] + change[:, :, inner], 0.0, 1.0))
            strips[-1].sync()
        return strips[0] if len(strips) == 1 else jt.concat(strips, dim=2)

    def _check(self, texts: Sequence[np.ndarray]) -> None:
        config = self.branch.config
        shapes = [tuple(words.shape) for words in texts]
        if len(texts) != config.sources or any(
            len(shape) != 2 or (shape[0] and shape[1] != config.text_width) for shape in shapes
        ):
            raise SettingError(
                "net.steer_texts",
                "The texts have shapes {seen}; {count} of (words, {width}) are needed.",
                seen=shapes, count=config.sources, width=config.text_width,
            )  # fmt: skip


def _part(progress: Progress | None, first: float, last: float) -> Progress | None:
    """Tell `progress` of exact FILM's work as the share from `first` to `last` of the sources'."""
    if progress is None:
        return None

    def tell(stage: str, done: float | None, detail: str) -> None:
        if stage in ("sources", "fuse") and done is not None:
            stage, done = "sources", first + (last - first) * done
        progress(stage, done, detail)

    return tell
