"""Options on words that several verbs share: who writes the descriptions, and what encodes them."""

import argparse

DESCRIBER_HELP = (
    "who writes missing descriptions: measured (default), vlm, endpoint or recipe "
    "(docs/describers.md)"
)


def add_encoder(parser: argparse.ArgumentParser, default: str | None, otherwise: str) -> None:
    """Add --text-encoder and --qformer; `otherwise` says what is used without them."""
    parser.add_argument(
        "--text-encoder", default=default, help=f"minilm or qformer (default: {otherwise})"
    )
    parser.add_argument(
        "--qformer", metavar="PATH",
        help="BLIP-2's weights for the encoder qformer: a LAVIS .pth, or a folder, .safetensors or "
        ".bin of transformers (docs/published-weights.md)",
    )  # fmt: skip


def add_describer(parser: argparse.ArgumentParser) -> None:
    """Add --describer, --vlm and --recipe."""
    parser.add_argument("--describer", default="measured", help=DESCRIBER_HELP)
    parser.add_argument(
        "--vlm", metavar="PATH", help="folder or cached name of the model for the describer vlm"
    )
    parser.add_argument(
        "--recipe", default="", metavar="STEPS",
        help="who answers which step of the describer recipe, such as caption=vlm,merge=endpoint",
    )  # fmt: skip


def chosen_encoder(args: argparse.Namespace):
    """Return the encoder that was asked for, None if none was.

    Raises:
        SettingError: --qformer together with another encoder.
        UnknownNameError, TextError, CheckpointError: as `load_encoder`.
    """
    from film_core.errors import SettingError
    from film_core.text import load_encoder

    name = args.text_encoder or ("qformer" if args.qformer else None)
    if name is None:
        return None
    if args.qformer and name.strip().lower() != "qformer":
        raise SettingError(
            "text.qformer_unused",
            "--qformer is for --text-encoder qformer, not for '{name}'.",
            name=name,
        )
    return load_encoder(name, args.qformer)


def chosen_describer(args: argparse.Namespace):
    """Return the describer that was asked for.

    Raises:
        UnknownNameError, SettingError, TextError: as `load_describer`.
    """
    from film_core.text import load_describer

    return load_describer(args.describer, args.vlm, args.recipe)
