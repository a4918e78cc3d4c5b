"""A stand-in for the fusing worker: answers as it would, at once, without Jittor.

The page's own tests use it to reach every state of the page quickly; the real worker is driven by
`test_real_page.py`. A text asks for a mishap: "crash once", "crash always", "hang",
"slow", "nonsense", "noise".
"""

import os
import signal
import time
from typing import Any

import numpy as np

from film_core.errors import Cancelled, FilmError
from film_core.fusion import Origin
from film_core.images import encode_png, pair, quantise, read_image

NAMES = ["EN", "SD", "SF", "AG", "MI", "MSE", "PSNR", "CC", "SCD", "VIFF", "Qabf", "SSIM"]
TABLE = {name: 1.0 + 0.1 * index for index, name in enumerate(NAMES)}


def maps(size: tuple[int, int], tokens: list[str]) -> dict[str, Any]:
    generator = np.random.default_rng(1)

    def one() -> dict[str, np.ndarray]:
        spatial = generator.random((len(tokens), 8, 432), np.float32) ** 3
        spatial /= spatial.sum(axis=-1, keepdims=True)
        return {
            "spatial": spatial,
            "mean": np.full((8, 13824), 1 / 13824, np.float32),
            "gate": np.tile(np.float32([3, -1]), 128) / 512,
        }

    stages = [{"a": one(), "b": one()} for _ in range(3)]
    return {"size": list(size), "tokens": tokens, "maps": stages}


def steering(size: tuple[int, int], request: dict[str, Any]) -> dict[str, Any]:
    """Every word acts on the left half; the first of the instruction asks for brightness."""
    texts = {"a": request["text_a"], "b": request["text_b"], "instruction": request["instruction"]}
    words, found, strengths = {}, {}, {}
    for slot, text in texts.items():
        count, at = len(text.split()), 0
        words[slot] = []
        for word in text.split():
            at = text.index(word, at)
            words[slot].append({"text": word, "start": at, "end": at + len(word)})
            at += len(word)
        found[slot] = np.zeros((count, 48, 48), np.float32)
        found[slot][:, :, :24] = 1
        strengths[slot] = np.zeros((count, 9), np.float32)
    strengths["instruction"][:1, 2] = 0.8
    return {"size": list(size), "words": words, "maps": found, "strengths": strengths}


class StandIn:
    def __init__(self) -> None:
        self.operations = {"fuse": self._fuse, "compare": self._compare}

    def start(self, progress) -> dict[str, Any]:
        delay = float(os.environ.get("STAND_IN_START_SECONDS", "0"))
        for step in range(4):
            progress("compile", step / 4, f"kernel {step + 1} of 4")
            time.sleep(delay / 4)
        if os.environ.get("STAND_IN_UNABLE"):
            raise FilmError("runtime.compiler", "No compiler: install {package}.", package="g++")
        return {"device": "cpu", "weights": "stand-in"}

    def _fuse(self, request: dict[str, Any], context) -> dict[str, Any]:
        text = request["text_a"]
        mark = os.environ.get("STAND_IN_MARK", "")
        if "crash always" in text or ("crash once" in text and not os.path.exists(mark)):
            context.progress("fuse", 0.3)
            if mark:
                open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        steps = 600 if "very slow" in text else 40 if "slow" in text or "hang" in text else 2
        for step in range(steps):
            if context.cancelled() and "hang" not in text:
                raise Cancelled()
            context.progress("fuse", step / steps)
            time.sleep(0.1 if "slow" in text else 0.01)
        if "nonsense" in text:  # as a worker that a stranger's file has taken over might answer
            context._channel.send({"job": context.number, "event": "progress"})
            time.sleep(60)
        if "noise" in text:
            context._channel._connection.send_bytes(b"\xff" * 40)
            time.sleep(60)
        while "hang" in text:
            time.sleep(1)
        a, b = (read_image(context.blob(request[s]["digest"]), request[s]["name"]) for s in "ab")
        both = pair(a, b)
        shift = (sum(map(ord, text)) % 97) / 255 / 20
        fused = np.clip(0.5 * (both.a.luminance + both.b.luminance) + shift, 0, 1)
        steers = request["network"] == "steer"
        told = request["instruction"]
        change = np.zeros_like(fused)
        if told:
            change[:, : fused.shape[1] // 2] = 12 / 255
            fused = np.clip(fused + change, 0, 1)
        words = [
            {"text": word, "slot": s, "tokens": []}
            for s in "ab"
            for word in request[f"text_{s}"].split()
        ]
        for index, word in enumerate(words):
            word["tokens"].append(index)
        if steers:
            words = [
                {"text": word, "slot": slot, "tokens": [index]}
                for slot, text in (("instruction", told), ("a", request["text_a"]),
                                   ("b", request["text_b"]))
                for index, word in enumerate(text.split())
            ]  # fmt: skip
        digests = (request[s]["digest"] for s in "ab")
        origin = Origin(
            request["task"], "film-steer-ivf" if steers else "stand-in", request["text_a"],
            request["text_b"], *digests, told,
        )  # fmt: skip
        forms = {"raw": TABLE, "paper": TABLE}
        return {
            "png": encode_png(quantise(fused), origin.entries()),
            "luminance": fused.astype(np.float32),
            "metrics": forms,
            "comparison": {},
            "attention": maps(fused.shape, [word["text"] for word in words])
            if words and not steers
            else None,
            "steering": steering(fused.shape, request) if steers else None,
            "change": change if steers else None,
            "instruction": told,
            "words": words,
            "timings": {"encode": 0.05, "fuse": 0.2, "metrics": 0.1},
            "text_a": request["text_a"],
            "text_b": request["text_b"],
            "device": "cpu",
            "weights": origin.weights,
            "notes": [both.note] if both.note else [],
        }

    def _compare(self, request: dict[str, Any], context) -> dict[str, Any]:
        rivals = ("mean", "maximum", "pyramid", "source A", "source B")
        return {"comparison": {name: {"raw": TABLE, "paper": TABLE} for name in rivals}}


WORK = StandIn()
