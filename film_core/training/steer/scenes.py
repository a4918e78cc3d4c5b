"""The scenes to train on: pairs of the train lists with their neutral fusion, whole and damaged.

The neutral picture is the exact network's, which the branch never changes: it is computed once,
here, and a training step needs the branch alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_core.data import find_pairs
from film_core.errors import SettingError
from film_core.images import pair as pair_images
from film_core.images import read_image
from film_core.npz import DAMAGED
from film_core.training.steer.damage import DAMAGES, damage_pair

LISTS = {
    "ivf": {"RoadScene": 24, "TNO": 5, "MSRS": 5, "LLVIP": 3},
    "mif": {"Harvard": 28},
    "mef": {"MEFB": 18, "MEFdemo": 6},
    "mff": {"MFIFB": 24},
}
"""How many train pairs of each data set."""
LONGEST = 256
"""Pixels of the longer side: larger pairs are reduced."""


@dataclass(frozen=True)
class Scene:
    """One pair with its neutral fusion and the ideal one.

    Attributes:
        name: "task/data set/pair/damage".
        a, b: (H, W) float32 in [0, 1], as the network sees them.
        neutral: (H, W), what the exact network makes of them with empty text.
        ideal: (H, W), the neutral fusion of the undamaged pair; `neutral` itself where nothing
            was damaged.
        damage: one of `DAMAGES`, or "".
    """

    name: str
    a: np.ndarray
    b: np.ndarray
    neutral: np.ndarray
    ideal: np.ndarray
    damage: str

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.name.split("/")[0]

    @property
    def pair(self) -> str:
        """Name without the damage: versions of one pair share it."""
        return self.name.rsplit("/", 1)[0]


def make_scenes(
    data: Path,
    fuse: Callable[[str, np.ndarray, np.ndarray], np.ndarray],
    path: Path,
    damages: int = 2,
    lists: dict[str, dict[str, int]] | None = None,
    split: str = "train",
    seed: int = 0,
    progress: Callable[[str, float | None, str], None] | None = None,
) -> list[Scene]:
    """Fuse the chosen pairs and write them to `path` (.npz); a second run carries on.

    Args:
        data: a folder ``Image/<task>/<data set>``.
        fuse: from task, a, b (H, W) to the neutral fusion (H, W).
        path: where to; written every 20 fusions.
        damages: damaged versions of each pair.
        lists: {task: {data set: pairs}}; `LISTS` if None.
        split: whose list.
        seed: of the choice and the damage.
        progress: told of every pair.

    Raises:
        DataError: the data set isn't there.
        OutputError: no room, no permission.
    """
    report = progress or (lambda stage, done, detail: None)
    found = {scene.name: scene for scene in read_scenes(path)} if path.is_file() else {}
    wanted = _wanted(data, lists or LISTS, split, seed)
    asked = set()
    for version in range(damages + 1):
        for index, (name, task, files) in enumerate(wanted):
            kind = DAMAGES[(index + 2 * version) % 4 if version % 2 else (index + 1) % 4]
            kind = "" if version == 0 else kind
            key = f"{name}/{kind or 'whole'}"
            asked.add(key)
            if key in found:
                continue
            report("scenes", index / len(wanted), key)
            a, b = _load(files)
            if not kind:
                neutral = fuse(task, a, b)
                found[key] = Scene(key, a, b, neutral, neutral, "")
            else:
                draw = np.random.default_rng([seed, index, version])
                a, b = damage_pair(a, b, kind, draw)
                ideal = found[f"{name}/whole"].neutral
                found[key] = Scene(key, a, b, fuse(task, a, b), ideal, kind)
            if len(found) % 20 == 0:
                _write(path, found)
    _write(path, found)
    # Read back, rounded as they are kept: a run that carries on sees the same.
    return [scene for scene in read_scenes(path) if scene.name in asked]


def read_scenes(path: Path) -> list[Scene]:
    """Read what `make_scenes` wrote.

    Raises:
        SettingError: it is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            names = [str(name) for name in file["names"]]
            planes = [file[f"p{n}"].astype(np.float32) / 65535 for n in range(len(names))]
    except (KeyError, *DAMAGED) as error:
        raise SettingError(
            "steer.scenes",
            "'{path}' is no file of scenes ({reason}); make it with "
            "`python -m film_core train-steer --data`.",
            path=str(path), reason=str(error)[:100],
        ) from None  # fmt: skip
    return [
        Scene(name, *plane, damage="" if name.endswith("/whole") else name.rsplit("/", 1)[1])
        for name, plane in zip(names, planes, strict=True)
    ]


def _wanted(data: Path, lists: dict, split: str, seed: int) -> list[tuple]:
    """Choose pairs spread over each list; return (name, task, files)."""
    wanted = []
    for task, datasets in lists.items():
        for dataset, count in datasets.items():
            pairs = find_pairs(data, dataset, split).pairs
            order = np.random.default_rng(seed).permutation(len(pairs))[:count]
            wanted += [(f"{task}/{dataset}/{pairs[i].name}", task, pairs[i]) for i in sorted(order)]
    return wanted


def _load(files) -> tuple[np.ndarray, np.ndarray]:
    sources = pair_images(read_image(files.a), read_image(files.b))
    scale = min(1.0, LONGEST / max(sources.height, sources.width))
    size = round(sources.width * scale), round(sources.height * scale)
    a, b = (image.resized(*size) if scale < 1 else image for image in (sources.a, sources.b))
    return a.luminance, b.luminance


def _write(path: Path, found: dict[str, Scene]) -> None:
    import io

    from film_core.checkpoints.writing import write_atomically

    arrays = {
        f"p{n}": np.rint(
            np.clip(np.stack([s.a, s.b, s.neutral, s.ideal]), 0, 1) * 65535
        ).astype(np.uint16)
        for n, s in enumerate(found.values())
    }  # fmt: skip
    content = io.BytesIO()
    np.savez_compressed(content, names=np.array(list(found)), **arrays)
    write_atomically(path, content.getvalue())
