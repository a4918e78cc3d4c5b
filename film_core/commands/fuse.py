"""`fuse`: two images in, one out."""

import argparse
import json
import math
from pathlib import Path

SUMMARY = "fuse two images, guided by a description of each"
EXAMPLES = """examples:
  python -m film_core fuse infrared.png visible.png --task ivf --out fused.png
  python -m film_core fuse mri.png pet.png --task mif --out fused.png --json
  python -m film_core fuse a.png b.png --task ivf --out f.png --text-a "A person by a wall."
  python -m film_core fuse a.png b.png --task ivf --out f.png --describer vlm --vlm ~/blip2
  python -m film_core fuse a.png b.png --task ivf --out f.png --weights film-published-ivf \\
      --text-encoder qformer --qformer blip2_pretrained.pth"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device
    from film_core.commands.text_options import add_describer, add_encoder

    parser.add_argument("image_a", type=Path, metavar="A", help="infrared, MRI, over, near")
    parser.add_argument("image_b", type=Path, metavar="B", help="visible, CT/PET/SPECT, under, far")
    parser.add_argument("--task", required=True, help="ivf, mif, mef or mff")
    parser.add_argument("--out", required=True, type=Path, metavar="F.png", help="the fused PNG")
    parser.add_argument("--text-a", help="description of A (default: the describer's)")
    parser.add_argument("--text-b", help="description of B (default: the describer's)")
    parser.add_argument(
        "--features", type=Path, metavar="T.npy", help="text features (1, T, width), for both texts"
    )
    add_describer(parser)
    add_encoder(parser, None, "the one that the weights were trained with")
    parser.add_argument("--weights", help="a name or a file (default: those of the task)")
    parser.add_argument(
        "--compare", action="store_true", help="measure mean, maximum, pyramid and sources as well"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Fuse, write the picture, print metrics; raises FilmError with the sentence to show."""
    from film_core.checkpoints import weights_for_task
    from film_core.commands.options import check_output, stage_printer
    from film_core.commands.text_options import chosen_describer, chosen_encoder
    from film_core.fusion import load_fuser
    from film_core.images import pair as check_pair
    from film_core.images import read_image, write_image
    from film_core.runtime import start
    from film_core.tasks import find_task
    from film_core.text import FeaturesOnly, read_features

    task = find_task(args.task)
    check_output(args.out)
    image_a, image_b = read_image(args.image_a), read_image(args.image_b)
    check_pair(image_a, image_b)  # before the minutes that a cold start can take
    progress = stage_printer()
    weights = args.weights or weights_for_task(task.name)
    encoded = read_features(args.features) if args.features else None
    describer = chosen_describer(args)
    if args.text_encoder or args.qformer:
        start(args.device, progress)  # the encoder runs on the same device
    encoder = FeaturesOnly() if encoded else chosen_encoder(args)
    fuser = load_fuser(weights, args.device, args.kernels, encoder, describer, progress)
    fuser.set_images(image_a, image_b, task)
    result = fuser.fuse(
        args.text_a, args.text_b, attention=False, compare=args.compare, encoded=encoded,
        progress=progress,
    )  # fmt: skip
    write_image(args.out, result.image)
    if args.json:
        print(json.dumps(_as_json(result, args.out), indent=2, ensure_ascii=False))
    else:
        _print(result, args.out)
    return 0


def _as_json(result, out: Path) -> dict:
    return {
        "out": str(out),
        "task": result.task,
        "weights": result.weights,
        "encoder": result.encoder,
        "device": result.device,
        "kernels": result.kernels,
        "height": result.luminance.shape[0],
        "width": result.luminance.shape[1],
        "text_a": result.text_a,
        "text_b": result.text_b,
        "author_a": result.author_a,
        "author_b": result.author_b,
        "metrics": _finite(result.metrics),
        "comparison": {name: _finite(measured) for name, measured in result.comparison.items()},
        "timings": result.timings,
        "notes": result.notes,
    }


def _finite(measured: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """JSON knows neither nan (undefined) nor infinity: both become null."""
    return {
        form: {name: value if math.isfinite(value) else None for name, value in values.items()}
        for form, values in measured.items()
    }


def _print(result, out: Path) -> None:
    from film_core.metrics import METRICS

    for note in result.notes:
        print(note)
    columns = {"fused": result.metrics, **result.comparison}
    print("raw form".ljust(12) + "".join(f"{name:>11}" for name in columns))
    for name, metric in METRICS.items():
        arrow = "↑" if metric.higher_is_better else "↓"
        values = "".join(
            f"{measured['raw'][name]:>11.{metric.digits}f}" for measured in columns.values()
        )
        print(f"{name + ' ' + arrow:<12}{values}")
    total = result.timings["total"]
    print(f"{out}: {result.weights} on the {result.device} in {total:.2f} s")
