"""Many visitors at once while workers are killed under them.

    python -m benchmarks.soak --clients 50 --minutes 10 --kills 20

Prints one JSON object; status 1 where an answer was wrong, somebody else's or lost, a refusal was
no sentence, or a traceback was logged. Latencies and restarts are reported, not judged: they are
the machine's as well as the page's.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from benchmarks.calls import Caller
from benchmarks.page import Page
from benchmarks.soak.visitors import LIGHT, Seen, make_pairs, visit


def soak(
    page: Page, clients: int, seconds: float, kills: int, pause: float
) -> tuple[Seen, list[float]]:
    """Return what all visitors saw, and the seconds until each killed worker was ready again."""
    first = Caller(page.address)
    pairs = make_pairs(first)
    until = time.monotonic() + seconds
    over = threading.Event()
    with ThreadPoolExecutor(clients + 1) as pool:
        killer = pool.submit(_kill, page, kills, seconds, over)
        visits = [pool.submit(visit, page.address, n, pairs, until, pause) for n in range(clients)]
        seen = Seen()
        for each in visits:
            seen.add(each.result())
        over.set()
        restarts = killer.result()
    make_pairs(first, 1)  # the page still answers
    first.close()
    return seen, restarts


def _kill(page: Page, kills: int, seconds: float, over: threading.Event) -> list[float]:
    """Kill `kills` times, or as often as `seconds` allow where a worker is slow to come back."""
    draw, restarts, started = random.Random(0), [], time.monotonic()
    for number in range(kills):
        due = started + seconds / (kills + 1) * (number + draw.uniform(0.8, 1.2))
        if over.wait(max(0.0, due - time.monotonic())):
            break
        reading = number % 4 == 3
        state = "reading" if reading else "state"
        victim = _worker(page, reading)
        if victim is None:
            continue
        victim.kill()
        begun = time.monotonic()
        while time.monotonic() < begun + 120:
            fresh = _worker(page, reading)
            back = fresh is not None and fresh.pid != victim.pid
            if back and page.health()[state] in ("ready", "busy"):
                break
            time.sleep(0.05)
        restarts.append(round(time.monotonic() - begun, 2))
    return restarts


def _worker(page: Page, reading: bool) -> psutil.Process | None:
    found = page.workers()
    names = [name for name in found if name.endswith("reading") == reading]
    return found[names[0]] if names else None


def main() -> int:
    """Run the soak and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pause", type=float, default=5.0, help="mean seconds between questions")
    parser.add_argument("--fusing", default="demo.worker.fusing", help="who fuses")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "page.log"
        with Page(log, args.fusing, args.port) as page:
            page.wait_ready()
            before = page.resident()
            busy = psutil.cpu_percent()
            seen, restarts = soak(page, args.clients, args.minutes * 60, args.kills, args.pause)
            busy, after = psutil.cpu_percent(), page.resident()
        told = report(seen, restarts)
        told |= {"resident_before": before, "resident_after": after, "processor_percent": busy}
        told |= {"load": os.getloadavg()[1], "tracebacks": page.tracebacks()}
        if told["tracebacks"]:
            print(log.read_text(errors="replace")[-6000:], file=sys.stderr)
    print(json.dumps(told, indent=1))
    return int(bool(seen.wrong or seen.lost or told["tracebacks"]))


def report(seen: Seen, restarts: list[float]) -> dict:
    """Return what was seen as JSON-ready figures."""
    light = [s for kind in LIGHT for s in seen.seconds[kind]]
    return {
        "counts": {" ".join(key): count for key, count in sorted(seen.counts.items())},
        "wrong": seen.wrong, "lost": seen.lost, "sentences": dict(seen.sentences),
        "light_p50_p95_seconds": _percentiles(light),
        "fuse_p50_p95_seconds": _percentiles(seen.seconds["fuse"]),
        "restarts": restarts, "slowest_restart": max(restarts, default=0.0),
    }  # fmt: skip


def _percentiles(seconds: list[float]) -> list[float]:
    return [round(float(p), 2) for p in np.percentile(seconds, (50, 95))] if seconds else []


if __name__ == "__main__":
    sys.exit(main())
