"""The worker's side: does a task again and again, and tells the seconds."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def serve(
    prepare: Callable[[dict], Callable[[], None]],
    commands: Mapping[str, Callable[[], dict]] | None = None,
) -> None:
    """Read a task, prepare it, and do it once for every line that comes.

    Args:
        prepare: from the task to a function that does it once; memory counts by the
            caller, over what is resident before.
        commands: further commands by name, each returning its answer.
    """
    task = json.loads(sys.stdin.readline())
    base = resident_mb(os.getpid())
    work = prepare(task)
    work()  # compiles and warms the caches
    _answer({"base_mb": base})
    for line in sys.stdin:
        command = json.loads(line)["do"]
        if command != "run":
            _answer(commands[command]())
            continue
        begun, begun_cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        _answer({"seconds": seconds, "cpu_seconds": cpu})


def resident_mb(process: int) -> float:
    """Return the resident memory of a process in MB, 0 where nothing tells."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _answer(message: dict) -> None:
    print(json.dumps(message), flush=True)
