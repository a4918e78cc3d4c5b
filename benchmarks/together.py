"""Do small images of one size fuse faster together than one after another?

    python -m benchmarks.together [--count 8] [--repetitions 5]

Prints time of day and processor time for both, the shortest of interleaved repetitions, with the
committed weights and text of its own for each pair.
"""

import argparse
import time

import numpy as np

SIZES = ((64, 64), (96, 128), (192, 256))
TOKENS = 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=8, help="pairs (default: 8)")
    parser.add_argument("--repetitions", type=int, default=5, help="turns of each (default: 5)")
    args = parser.parse_args()
    from film_core.runtime import start

    start("cpu")
    import jittor as jt

    from film_core.checkpoints import load_film

    film, card = load_film("film-ivf")
    draw = np.random.default_rng(0)
    text = draw.standard_normal((args.count, TOKENS, card.text_width)).astype(np.float32)
    for height, width in SIZES:
        a, b = draw.random((2, args.count, 1, height, width), np.float32)

        def fuse(part: slice, a=a, b=b) -> None:
            with jt.no_grad():
                film(jt.array(a[part]), jt.array(b[part]), jt.array(text[part])).numpy()

        ways = {
            "one by one": [slice(n, n + 1) for n in range(args.count)],
            "together": [slice(0, args.count)],
        }
        spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for turn in range(args.repetitions + 1):
            for way, parts in ways.items():
                began = time.perf_counter(), time.process_time()
                for part in parts:
                    fuse(part)
                if turn:  # the first one warms up
                    spent[way].append(
                        (time.perf_counter() - began[0], time.process_time() - began[1])
                    )
        for way, times in spent.items():
            day, processor = np.min(times, axis=0)
            print(f"{args.count} x {height}x{width} T{TOKENS} {way:<11} "
                  f"{day:.3f} s, {processor:.3f} processor s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
