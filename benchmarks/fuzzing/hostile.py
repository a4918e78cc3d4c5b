"""Mutated images and odd texts at a real page's doors: `python -m benchmarks.fuzzing.hostile`.

    python -m benchmarks.fuzzing.hostile --images 2000 --texts 500

Starts the page with its real workers, sends everything through the public functions as a program
would, and prints one JSON object. Status 1 where an answer was neither a result nor a sentence of
ours, a worker had to be started again, a traceback was logged, or memory grew by more than 5 %.
"""

import argparse
import base64
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.calls import Caller, RefusedError
from benchmarks.fuzzing.mutating import mutated_images, odd_texts
from benchmarks.fuzzing.seeds import images
from benchmarks.page import Page

_MOST_CHARACTERS = 20_000


@dataclass
class Found:
    """What came of it.

    Attributes:
        outcomes: how often each end was reached.
        odd: answers that are neither a result nor a sentence.
    """

    outcomes: Counter = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)


def send_images(address: str, files: list[tuple[str, bytes]]) -> Found:
    """Have each file described as source A beside a good source B."""
    client, found = Caller(address), Found()
    good = base64.b64encode(images()["png grey"]).decode()
    for kind, data in files:
        given = base64.b64encode(data).decode()
        _send(client, found, f"{kind} {given}", given, good, "ivf", api_name="describe")
    return found


def send_texts(address: str, texts: list[str]) -> Found:
    """Fuse a good pair under each text, as A's and, the other way round, as B's."""
    client, found = Caller(address), Found()
    a, b = (base64.b64encode(images()[name]).decode() for name in ("png grey", "png rgb"))
    for text in texts:
        told = (text, text[::-1], "film", "")
        _send(client, found, ascii(text), a, b, "ivf", *told, api_name="fuse")
    return found


def _send(client: Caller, found: Found, what: str, *given: str, api_name: str) -> None:
    try:
        reply = client.call(api_name, *given)
    except RefusedError as refused:
        sentence = str(refused)
        found.outcomes["sentence"] += 1
        ours = sentence.endswith(".") and "\n" not in sentence and len(sentence) < 600
        if not ours or "went wrong" in sentence:
            found.odd.append(f"{sentence} <- {what[:400]}")
    else:
        found.outcomes["result"] += 1
        if not isinstance(reply, dict):
            found.odd.append(f"{reply} <- {what[:400]}")


def main() -> int:
    """Send everything and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "page.log"
        with Page(log, port=args.port) as page:
            page.wait_ready()
            told = _measure(page, args)
        told["tracebacks"] = page.tracebacks()
        if told["tracebacks"]:
            print(log.read_text(errors="replace")[-6000:], file=sys.stderr)
    print(json.dumps(told, indent=1))
    fine = not told["odd"] and not told["restarts"] and not told["tracebacks"]
    return int(not fine or told["growth"] > 0.05)


def _measure(page: Page, args: argparse.Namespace) -> dict:
    files = mutated_images(args.images, args.seed)
    texts = odd_texts(args.texts, _MOST_CHARACTERS, args.seed)
    begun = time.monotonic()
    # A fifth of each first: after it, memory should have reached what it needs.
    send_images(page.address, files[: len(files) // 5])
    send_texts(page.address, texts[: len(texts) // 5])
    before = page.resident()
    pictures = send_images(page.address, files)
    words = send_texts(page.address, texts)
    after = page.resident()
    health = page.health()
    return {
        "images": dict(pictures.outcomes), "texts": dict(words.outcomes),
        "odd": pictures.odd + words.odd, "restarts": health["restarts"],
        "state": health["state"], "reading": health["reading"],
        "resident_before": before, "resident_after": after,
        "growth": round(after["tree"] / before["tree"] - 1, 4),
        "seconds": round(time.monotonic() - begun, 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
