"""`convert`: a published .pth or a Jittor .pkl becomes safetensors with a card."""

import argparse
from pathlib import Path

SUMMARY = "turn a published .pth or a Jittor .pkl into .safetensors with a card"
EXAMPLES = """examples:
  python -m film_core convert IVF.pth weights/film-published-ivf.safetensors --task ivf \\
      --encoder qformer --licence "see the authors' repository"
  python -m film_core convert exp/.../model/ckpt_20.pkl weights/mine.safetensors --task mff

Nothing in the file is executed: the pickle is read operation by operation, and whatever weights
don't need is refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("source", type=Path, help="the .pth, .pkl or .safetensors to read")
    parser.add_argument("out", type=Path, help="the .safetensors to write (card: same name, .json)")
    parser.add_argument("--name", help="name on the card (default: the file's)")
    parser.add_argument("--task", help="ivf, mif, mef or mff (default: the source card's, if any)")
    parser.add_argument("--encoder", help="minilm or qformer: which the weights need")
    parser.add_argument("--data", help="what the weights were trained on")
    parser.add_argument("--licence", help="licence of the weights")
    parser.add_argument("--notes", help="anything a user should know")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Convert; raises FilmError with the sentence to show."""
    import dataclasses

    from film_core.checkpoints import find_weights, read_weights, save_weights
    from film_core.checkpoints.load import NO_CARD
    from film_core.commands.options import command_line
    from film_core.errors import OutputError, SettingError, unknown_name
    from film_core.tasks import find_task
    from film_core.text import ENCODERS

    if args.out.suffix != ".safetensors":
        raise SettingError(
            "convert.suffix",
            "The output '{path}' must end in .safetensors.",
            path=str(args.out),
        )
    if args.out.exists() and not args.force:
        raise OutputError(
            "output.exists",
            "'{path}' exists already; pass --force to replace it.",
            path=str(args.out),
        )
    task = find_task(args.task).name if args.task else None
    if args.encoder is not None and args.encoder not in ENCODERS:
        raise unknown_name("text encoder", args.encoder, ENCODERS)
    find_weights(args.source)
    state, card = read_weights(args.source)
    if card.notes == NO_CARD:  # there will be one
        card = dataclasses.replace(card, notes="")
    converted = f"Converted from {args.source.name} (SHA-256 {card.sha256})."
    notes = [args.notes or "", "" if args.source.suffix == ".safetensors" else converted]
    given = {
        "task": task,
        "text_encoder": args.encoder,
        "data": args.data,
        "licence": args.licence,
        "notes": " ".join(filter(None, notes)) or None,
    }
    card = dataclasses.replace(
        card,
        name=args.name or args.out.stem,
        command=card.command or command_line(),
        **{key: value for key, value in given.items() if value is not None},
    )
    card = save_weights(state, args.out, card)
    print(
        f"{args.out}: {len(state)} tensors, {card.parameters:,} values, "
        f"text width {card.text_width}, SHA-256 {card.sha256[:16]}…"
    )
    return 0
