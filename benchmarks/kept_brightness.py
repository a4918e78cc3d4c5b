"""How much fused pictures keep of what shines in one source only.

    python -m film_core test --weights film-ivf --data ../shared/data/VLFDataset --dataset RoadScene
    python -m benchmarks.kept_brightness --data ../shared/data/VLFDataset --dataset RoadScene

For each source: the share of pixels where it is at least 64 grey levels brighter than the other,
and how much of that difference the fused luminance keeps (1: all, 0: the other source's
brightness), as the mean over the pictures with at least half a percent of such pixels, and the
least of any.
"""

import argparse
from pathlib import Path

import numpy as np

from film_core.images import read_image
from film_core.metrics.kept_brightness import KeptBrightness, kept_brightness
from film_core.tasks import TASKS

LEAST_SHARE = 0.005


def main() -> None:
    """Measure a folder of fused pictures and print two lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a VLFDataset folder")
    parser.add_argument("--dataset", default="RoadScene")
    parser.add_argument("--fused", type=Path, help="folder (test_output/<data set>/Gray)")
    args = parser.parse_args()
    folder = args.fused or Path("test_output") / args.dataset / "Gray"
    task, sources = _find(args.data, args.dataset)
    seen: dict[str, list[tuple[KeptBrightness, str]]] = {"a": [], "b": []}
    for path in sorted(folder.glob("*.png")):
        fused = _luminance(path)
        a, b = (_luminance(part / path.name) for part in sources)
        seen["a"].append((kept_brightness(fused, a, b), path.stem))
        seen["b"].append((kept_brightness(fused, b, a), path.stem))
    if not seen["a"]:
        parser.error(f"{folder} holds no PNG; run python -m film_core test first")
    for side, modality in (("a", task.source_a), ("b", task.source_b)):
        counted = [(found, name) for found, name in seen[side] if found.share >= LEAST_SHARE]
        if not counted:
            print(f"{modality.name}: in no picture much brighter than the other")
            continue
        least, name = min((found.kept, name) for found, name in counted)
        print(
            f"{modality.name}: much brighter in {np.mean([f.share for f, _ in counted]):.1%} of "
            f"{len(counted)} pictures; kept {np.mean([f.kept for f, _ in counted]):.2f} of that, "
            f"least {least:.2f} ({name})"
        )


def _find(data: Path, dataset: str):
    for task in TASKS.values():
        folder = data / "Image" / task.name.upper() / dataset
        if folder.is_dir():
            return task, (folder / task.source_a.folder, folder / task.source_b.folder)
    raise SystemExit(f"{data} holds no data set {dataset}")


def _luminance(path: Path) -> np.ndarray:
    return read_image(path).luminance


if __name__ == "__main__":
    main()
