"""How far a multi-focus network can get: what taking the locally sharper source itself scores.

    python -m benchmarks.sharper_source --data ../shared/data/VLFDataset --dataset Lytro

Prints the mean over the test list, raw form, of the measures that are compared most.
"""

import argparse
from pathlib import Path

import numpy as np

from film_core.data import find_pairs
from film_core.images import pair, read_image
from film_core.metrics import grey_levels, measure
from film_core.training.in_focus import in_focus

MEASURES = ("EN", "SD", "SF", "VIFF", "Qabf", "SSIM")


def main() -> None:
    """Choose the sharper source of every test pair, measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a VLFDataset folder")
    parser.add_argument("--dataset", default="Lytro")
    args = parser.parse_args()
    rows = []
    for files in find_pairs(args.data, args.dataset).pairs:
        sources = pair(read_image(files.a), read_image(files.b))
        a, b = sources.a.luminance, sources.b.luminance
        chosen = in_focus(a, b)
        scores = measure(*(grey_levels(image) for image in (chosen, a, b)), names=MEASURES)
        rows.append([scores[name] for name in MEASURES])
    means = zip(MEASURES, np.mean(rows, axis=0), strict=True)
    print(f"{len(rows)} pairs: " + "  ".join(f"{name} {mean:.3f}" for name, mean in means))


if __name__ == "__main__":
    main()
