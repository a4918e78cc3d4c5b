"""By how many grey levels the text moves the fused picture: real pairs, other texts, no opinion.

    python -m benchmarks.text_effect --data ../shared/data/VLFDataset --dataset RoadScene

Every pair is fused under its own measured descriptions first; then under the next pair's, under an
instruction, under no text, and under random vectors with the features' mean and deviation. Rows
give the mean over the pairs of the mean absolute change, and the largest change of any pixel.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from film_core.checkpoints import weights_for_task
from film_core.fusion import load_fuser
from film_core.study.making import random_features
from film_core.tasks import find_task
from film_core.text import encode_pair

INSTRUCTION = "Make the people much brighter and darken the sky. Ignore the other image."


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a VLFDataset folder")
    parser.add_argument("--task", default="ivf")
    parser.add_argument("--dataset", default="RoadScene")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--weights")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    task = find_task(args.task)
    rows = measure(task, args.data, args.dataset, args.pairs, args.weights)
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'text':<22} {'mean change':>12} {'largest':>9}   (grey levels of 255)")
    for name, row in rows.items():
        print(f"{name:<22} {row['mean']:>12.4f} {row['largest']:>9.3f}")


def measure(task, data: Path, dataset: str, count: int, weights: str | None) -> dict[str, dict]:
    """Return {kind of text: {mean, largest}} over the first `count` test pairs, in grey levels."""
    folder = data / "Image" / task.name.upper() / dataset
    names = (folder / "test.txt").read_text().split()[:count]
    fuser = load_fuser(weights or weights_for_task(task.name))
    paths = [
        (folder / task.source_a.folder / name, folder / task.source_b.folder / name)
        for name in names
    ]
    texts = []
    for pair in paths:
        fuser.set_images(*pair, task)
        texts.append((fuser.describe("a"), fuser.describe("b")))
    changes: dict[str, list[np.ndarray]] = {}
    for index, pair in enumerate(paths):
        fuser.set_images(*pair, task)
        own = encode_pair(fuser.encoder, *texts[index]).features
        base = fuser.fuse_features(own)
        others = {
            "another picture's": texts[(index + 1) % len(texts)],
            "an instruction": (INSTRUCTION, INSTRUCTION),
            "nothing": ("", ""),
        }
        features = {k: encode_pair(fuser.encoder, *v).features for k, v in others.items()}
        features["random vectors"] = random_features(own, seed=index)
        for kind, value in features.items():
            change = np.abs(fuser.fuse_features(value) - base) * 255
            changes.setdefault(kind, []).append(change)
    return {
        kind: {
            "mean": float(np.mean([c.mean() for c in found])),
            "largest": float(max(c.max() for c in found)),
        }
        for kind, found in changes.items()
    }


if __name__ == "__main__":
    main()
