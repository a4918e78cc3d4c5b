"""`fuse`: two images in, one out."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from film_core.as_json import finite

if TYPE_CHECKING:
    from film_core.fusion import Origin

SUMMARY = "fuse two images, guided by a description of each"
EXAMPLES = """examples:
  python -m film_core fuse infrared.png visible.png --task ivf --out fused.png
  python -m film_core fuse mri.png pet.png --task mif --out fused.png --json
  python -m film_core fuse a.png b.png --task ivf --out f.png --text-a "A person by a wall."
  python -m film_core fuse a.png b.png --like saved.png --out again.png
  python -m film_core fuse a.png b.png --task ivf --out f.png --weights film-steer-ivf \\
      --instruction "Brighten the left half a little; keep the sky as it is."
  python -m film_core fuse a.png b.png --task ivf --out f.png --describer vlm --vlm ~/blip2
  python -m film_core fuse a.png b.png --task ivf --out f.png --weights film-published-ivf \\
      --text-encoder qformer --qformer blip2_pretrained.pth"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    from film_core.commands.options import add_device
    from film_core.commands.text_options import add_describer, add_encoder

    parser.add_argument("image_a", type=Path, metavar="A", help="infrared, MRI, over, near")
    parser.add_argument("image_b", type=Path, metavar="B", help="visible, CT/PET/SPECT, under, far")
    parser.add_argument("--task", help="ivf, mif, mef or mff; needed without --like")
    parser.add_argument(
        "--like", type=Path, metavar="F.png",
        help="a saved result whose task, texts and weights are used where none are given",
    )  # fmt: skip
    parser.add_argument("--out", required=True, type=Path, metavar="F.png", help="the fused PNG")
    parser.add_argument("--text-a", help="description of A (default: the describer's)")
    parser.add_argument("--text-b", help="description of B (default: the describer's)")
    parser.add_argument(
        "--instruction",
        help="what to do, where and how much; weights called film-steer-… follow it",
    )
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
    from film_core.errors import SettingError
    from film_core.fusion import Origin, load_fuser, read_origin
    from film_core.images import pair as check_pair
    from film_core.images import read_image, read_text, write_image
    from film_core.runtime import start
    from film_core.tasks import TASKS, find_task
    from film_core.text import FeaturesOnly, read_features
    from film_core.text.characters import check_storable

    texts_given = {
        "--text-a": args.text_a, "--text-b": args.text_b, "--instruction": args.instruction,
    }  # fmt: skip
    if args.features:
        beside = [option for option, text in texts_given.items() if text]
        if beside:
            raise SettingError(
                "fuse.features_and_text",
                "--features stands for both texts, so {options} would be ignored: give one or the "
                "other.",
                options=" and ".join(beside),
            )
    check_storable(*texts_given.values())
    origin = None if args.like is None else read_origin(read_text(args.like), args.like.name)
    if origin is not None:
        _take_over(args, origin)
    if args.task is None:
        raise SettingError(
            "fuse.no_task", "No task was given: add --task with one of {known}.",
            known=", ".join(TASKS),
        )  # fmt: skip
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
        progress=progress, instruction=args.instruction or "",
    )  # fmt: skip
    digests = [_digest(path) for path in (args.image_a, args.image_b)]
    for source, digest in zip("ab", digests, strict=True):
        if origin is not None and origin.digest(source) != digest:
            result.notes.append(
                f"Image {source.upper()} isn't the file that '{args.like.name}' was made of "
                f"(SHA-256 {origin.digest(source)[:12]}…), so the result is another."
            )
    texts = (result.text_a, result.text_b)
    made = Origin(result.task, result.weights, *texts, *digests, result.instruction)
    # Features of a file have no text that would bring them back.
    entries = None if encoded else made.entries()
    write_image(args.out, result.image, entries)
    if args.json:
        print(json.dumps(_as_json(result, args.out), indent=2, ensure_ascii=False))
    else:
        _print(result, args.out)
    return 0


def _take_over(args: argparse.Namespace, origin: "Origin") -> None:
    texts = () if args.features else ("text_a", "text_b", "instruction")
    for name in ("task", "weights", *texts):
        if getattr(args, name) is None:
            setattr(args, name, getattr(origin, name))


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        "instruction": result.instruction,
        "author_a": result.author_a,
        "author_b": result.author_b,
        "metrics": finite(result.metrics),
        "comparison": finite(result.comparison),
        "timings": result.timings,
        "notes": result.notes,
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
