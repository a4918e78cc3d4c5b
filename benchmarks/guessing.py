"""How often task and order of two images are guessed right: `python -m benchmarks.guessing DATA`.

DATA holds Image/<task>/<data set>. Every pair is shown in both orders.
"""

import argparse
from collections import Counter
from pathlib import Path

from film_core.data.pairs import find_pairs
from film_core.images import pair, read_image
from film_core.images.guessing import guess


def measure(data: Path, split: str) -> dict[str, Counter]:
    """Return counts by data set: pairs, task right, order right (of those), certain and wrong."""
    counts = {}
    for folder in sorted(data.glob("Image/*/*")):
        listed = folder / f"{split}.txt"
        if not listed.is_file() or not listed.read_text().strip():
            continue
        count = counts[folder.name] = Counter()
        found = find_pairs(data, folder.name, split)
        for files in found.pairs:
            sources = pair(read_image(files.a), read_image(files.b))
            for swapped, images in enumerate(
                ((sources.a, sources.b), (sources.b, sources.a))
            ):  # fmt: skip
                said = guess(*images)
                task_right = said.task == found.task.name
                right = task_right and said.swapped == bool(swapped)
                count.update(
                    pairs=1, task=task_right, order=right, certain=said.certain,
                    certain_wrong=said.certain and not right,
                )  # fmt: skip
    return counts


def main() -> None:
    """Print a line for each data set and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=("train", "test"), action="append")
    args = parser.parse_args()
    for split in args.split or ("train", "test"):
        counts = measure(args.data, split)
        counts["all"] = sum(counts.values(), Counter())
        print(
            f"{split:<10} {'pairs':>6} {'task':>7} {'order':>7} {'certain':>8} {'of it wrong':>12}"
        )
        for name, count in counts.items():
            pairs, certain = count["pairs"], max(1, count["certain"])
            print(
                f"{name:<10} {pairs // 2:>6} {count['task'] / pairs:>7.1%} "
                f"{count['order'] / max(1, count['task']):>7.1%} {count['certain'] / pairs:>8.1%} "
                f"{count['certain_wrong'] / certain:>12.1%}"
            )


if __name__ == "__main__":
    main()
