"""`python -m examples.render [KEY ...]`: draw the examples again, all or those that are named."""

import argparse
import json
import sys
import time

from PIL import Image

from examples.catalogue import EXAMPLES, Example
from examples.files import write_bytes, write_picture
from film_core.errors import FilmError, unknown_name


def draw(example: Example) -> None:
    """Draw one example and write its pictures and its card.

    Raises:
        ImageError: a package that the scene is made from is not installed.
        OutputError: a file can't be written.
    """
    example.folder.mkdir(parents=True, exist_ok=True)
    for source, picture in example.draw().items():
        write_picture(example.folder / f"{source}.png", Image.fromarray(picture))
    write_card(example)


def write_card(example: Example) -> None:
    """Write `example.json`."""
    card = json.dumps(example.card(), indent=2, ensure_ascii=False) + "\n"
    write_bytes(example.folder / "example.json", card.encode())


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.render", description=__doc__)
    parser.add_argument("keys", nargs="*", metavar="KEY", help=", ".join(EXAMPLES))
    parser.add_argument("--cards", action="store_true", help="write the example.json files alone")
    options = parser.parse_args(arguments)
    try:
        for key in options.keys or EXAMPLES:
            if key not in EXAMPLES:
                raise unknown_name("example", key, EXAMPLES)
            started = time.monotonic()
            (write_card if options.cards else draw)(EXAMPLES[key])
            print(f"{key}  {time.monotonic() - started:.0f} s", flush=True)
    except FilmError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
