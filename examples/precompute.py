"""`python -m examples.precompute`: fuse every example, so that its result is there at once.

What is up to date (same images, same weights) is left alone, unless `--force` is given.
"""

import argparse
import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from examples.catalogue import EXAMPLES, Example
from examples.files import write_bytes, write_picture
from film_core.errors import FilmError, unknown_name
from film_core.notes import as_message
from film_core.tasks import TASKS

if TYPE_CHECKING:
    from film_core import Fuser, FusionResult
    from film_core.fusion import AttentionResult

FORMAT = 1  # of result.json; part of what decides whether a result is current
THUMBNAIL = 176  # pixels, width of one attention map


def made_from(example: Example, weights_sha256: str) -> str:
    """Return a digest of all that a result depends on: the images, the weights, the format."""
    digest = hashlib.sha256(f"{FORMAT} {example.task} {weights_sha256}".encode())
    for source in ("a", "b"):
        digest.update((example.folder / f"{source}.png").read_bytes())
    return digest.hexdigest()


def is_current(example: Example, key: str) -> bool:
    """Return whether the example's result was made from what `key` stands for."""
    try:
        known = json.loads((example.folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return known.get("made_from") == key and (example.folder / "fused.png").is_file()


def report(result: "FusionResult", key: str) -> dict[str, Any]:
    """Return what `result.json` says of a fusion."""
    return {
        "made_from": key,
        "command": f"python -m examples.precompute --task {result.task}",
        "weights": result.weights,
        "device": result.device,
        "kernels": result.kernels,
        "encoder": result.encoder,
        "text_a": result.text_a,
        "text_b": result.text_b,
        "author_a": result.author_a,
        "author_b": result.author_b,
        "metrics": _rounded(result.metrics),
        "comparison": _rounded(result.comparison),
        "timings": {step: round(seconds, 3) for step, seconds in result.timings.items()},
        "notes": [as_message(note) for note in result.notes],
    }


def attention_sheet(attention: "AttentionResult", sources: dict[str, np.ndarray]) -> Image.Image:
    """Return the mean attention of stages 1 to 3 (columns) to sources A and B (rows).

    Args:
        attention: of one fusion.
        sources: {"a", "b"}, uint8 (H, W) or (H, W, 3), shown in grey beneath the maps.
    """
    from matplotlib import colormaps

    height, width = attention.size
    size = (THUMBNAIL, round(THUMBNAIL * height / width))
    sheet = Image.new("RGB", (3 * size[0] + 8, 2 * size[1] + 4), "white")
    for row, source in enumerate(("a", "b")):
        grey = Image.fromarray(sources[source]).convert("L").resize(size, Image.Resampling.BOX)
        for stage in (1, 2, 3):
            looked = Image.fromarray(attention.map(stage, source)).resize(
                size, Image.Resampling.BOX
            )
            level = np.asarray(looked)
            level = (level - level.min()) / max(float(np.ptp(level)), 1e-6)
            colour = colormaps["viridis"](level)[..., :3] * 255
            blend = 0.65 * colour + 0.35 * np.asarray(grey, np.float32)[..., None]
            place = ((stage - 1) * (size[0] + 4), row * (size[1] + 4))
            sheet.paste(Image.fromarray(blend.astype(np.uint8)), place)
    return sheet


def compute(fuser: "Fuser", example: Example) -> None:
    """Fuse one example and write `fused.png`, `attention.png` and, last, `result.json`.

    Raises:
        ImageError: a picture can't be read.
        OutputError: a file can't be written.
    """
    key = made_from(example, fuser.card.sha256)
    pair = fuser.set_images(example.folder / "a.png", example.folder / "b.png", example.task)
    result = fuser.fuse()
    write_picture(example.folder / "fused.png", Image.fromarray(result.image))
    sheet = attention_sheet(result.attention, {"a": pair.a.rgb, "b": pair.b.rgb})
    write_picture(example.folder / "attention.png", sheet)
    # NaN (undefined: SCD of a source with itself) and Infinity stay as Python's json spells them
    text = json.dumps(report(result, key), indent=2, ensure_ascii=False)
    write_bytes(example.folder / "result.json", (text + "\n").encode())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return round(float(value), 5)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.precompute", description=__doc__)
    parser.add_argument("keys", nargs="*", metavar="KEY", help=", ".join(EXAMPLES))
    parser.add_argument("--task", help="only the examples of one task: ivf, mif, mef or mff")
    parser.add_argument("--weights", help="a name or a file (default: those of the task)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--force", action="store_true", help="compute what is current, too")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except FilmError as error:
        print(error, file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    from film_core import load_fuser
    from film_core.checkpoints import read_weights, weights_for_task

    for key in options.keys:
        if key not in EXAMPLES:
            raise unknown_name("example", key, EXAMPLES)
    if options.task and options.task not in TASKS:
        raise unknown_name("task", options.task, TASKS)
    wanted = [EXAMPLES[key] for key in options.keys or EXAMPLES]
    wanted = [example for example in wanted if options.task in (None, example.task)]
    fusers: dict[str, Fuser] = {}
    for example in wanted:
        weights = options.weights or weights_for_task(example.task)
        _, card = read_weights(weights)
        if not options.force and is_current(example, made_from(example, card.sha256)):
            print(f"{example.key}  is current")
            continue
        if weights not in fusers:
            fusers[weights] = load_fuser(weights, options.device)
        compute(fusers[weights], example)
        print(f"{example.key}  fused with {card.name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
