"""`kill -9` of the server at random moments of its life, and its return.

    python -m benchmarks.soak.sudden_death --times 20

Each time: visitors ask, the server is killed, its workers have to end by themselves, its folder for
temporary files has to hold nothing of anybody, and a server started on the same port has to come
up, to know no address that the dead one gave out, and to fuse rightly. Prints one JSON object;
status 1 where one of these failed.
"""

import argparse
import base64
import contextlib
import json
import random
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import psutil

from benchmarks.calls import Caller, RefusedError
from benchmarks.fuzzing.seeds import images
from benchmarks.page import Page

_WORKERS_END = 15.0  # seconds; a busy one ends when its line closes


def die(page: Page, after: float, temporary: Path) -> list[str]:
    """Kill a running page `after` seconds of load, start it again; return what was wrong."""
    wrong: list[str] = []
    token = _upload(page)
    over = threading.Event()
    asking = threading.Thread(target=_ask_on, args=(page.address, over))
    asking.start()
    over.wait(after)
    workers = [worker.pid for worker in page.workers().values()]
    page.kill()
    over.set()
    asking.join(60)
    deadline = time.monotonic() + _WORKERS_END
    while any(map(_lives, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    wrong += [f"worker {pid} outlived its server" for pid in workers if _lives(pid)]
    left = [path for path in temporary.rglob("*") if path.is_file()]
    wrong += [f"{path.name} was left behind" for path in left]
    page.start()
    for place in ("picture", "offer"):
        with contextlib.suppress(urllib.error.HTTPError):  # 404 is right
            urllib.request.urlopen(f"{page.address}/{place}/{token}", timeout=20)
            wrong.append(f"{place}/{token} is served by a server that never saw it")
    return wrong


def check(address: str) -> str:
    """Return the picture that the page fuses of a known pair."""
    caller = Caller(address)
    try:
        return caller.call("fuse", *_pair(), "ivf", "a", "b", "film", "")["image"]
    finally:
        caller.close()


def _upload(page: Page) -> str:
    request = urllib.request.Request(f"{page.address}/upload", b"somebody's image")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["token"]


def _pair() -> tuple[str, str]:
    a, b = (base64.b64encode(images()[name]).decode() for name in ("png grey", "png rgb"))
    return a, b


def _ask_on(address: str, over: threading.Event) -> None:
    with contextlib.suppress(httpx.HTTPError, RefusedError, ValueError):  # it dies under us
        caller = Caller(address)
        while not over.is_set():
            caller.call("fuse", *_pair(), "ivf", "slow", "b", "film", "")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main() -> int:
    """Kill and start again, and print what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--fusing", default="demo.worker.fusing")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    draw, wrong = random.Random(1), []
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "temporary"
        temporary.mkdir()
        log = Path(folder) / "log"
        with Page(log, args.fusing, args.port, TMPDIR=str(temporary)) as page:
            page.wait_ready()
            right = check(page.address)
            for number in range(args.times):
                wrong += die(page, draw.uniform(0.0, 8.0), temporary)
                if number % 5 == 4:
                    page.wait_ready()
                    if check(page.address) != right:
                        wrong.append("another picture after the restart")
    told = {"times": args.times, "wrong": wrong, "seconds": round(time.monotonic() - begun, 1)}
    print(json.dumps(told, indent=1))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
