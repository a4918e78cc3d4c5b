"""`weights`: what there is on the shelf, with the cards."""

import argparse
import json
import os
from pathlib import Path

SUMMARY = "list the weights that there are, or show one card"
EXAMPLES = """examples:
  python -m film_core weights
  python -m film_core weights film-ivf
  python -m film_core weights --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("name", nargs="?", help="a name or a file: show its card, check its hash")
    parser.add_argument("--folder", type=Path, help="where to look (default: weights/)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the list or the card; raises FilmError with the sentence to show."""
    from film_core.checkpoints import (
        WEIGHTS_FOLDER,
        is_branch,
        list_weights,
        read_branch,
        read_weights,
    )

    folder = args.folder or WEIGHTS_FOLDER
    os.listdir(folder)  # raises what is to be said of a folder that can't be looked into
    if args.name:
        read = read_branch if is_branch(args.name, folder) else read_weights
        _, card = read(args.name, folder)
        if args.json:
            print(json.dumps(card.as_dict(), indent=2, ensure_ascii=False))
        else:
            _print_card(card)
        return 0
    cards = list_weights(folder)
    if args.json:
        listed = {name: card.as_dict() for name, card in cards.items()}
        print(json.dumps(listed, indent=2, ensure_ascii=False))
    elif not cards:
        print(f"There are no weights in {folder}.")
    else:
        print(f"{'name':<16} {'task':<5} {'text encoder':<16} {'width':>5}  trained on")
        for name, card in cards.items():
            print(
                f"{name:<16} {card.task or '?':<5} {card.text_encoder or '?':<16} "
                f"{card.text_width:>5}  {card.data}"
            )
    return 0


def _print_card(card) -> None:
    for key, value in card.as_dict().items():
        if key == "results":
            for listed, metrics in value.items():
                row = "  ".join(f"{name} {number:.3f}" for name, number in metrics.items())
                print(f"{'results':<14} {listed}: {row}")
        else:
            value = ", ".join(value) if isinstance(value, list) else value
            print(f"{key:<14} {value if value not in ('', None) else '-'}")
