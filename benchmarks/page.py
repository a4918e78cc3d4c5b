"""A page in a process of its own, for whoever measures it: started, watched, killed, stopped.

Everything stays on the loopback address.
"""

import json
import os
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import psutil

_REPOSITORY = Path(__file__).resolve().parents[1]
_SERVE = """
import os, sys
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
from demo.desk import Desk
from demo.server import serve
from demo.settings import read_settings
serve(Desk(read_settings(), fusing=sys.argv[1]))
"""


class Page:
    """The page on a free port of the loopback address; a context manager.

    Args:
        log: file that gets what the page and its workers write.
        fusing: import name of the module whose ``WORK`` fuses.
        port: 0 for a free one.
        environment: further settings.
    """

    def __init__(
        self, log: Path, fusing: str = "demo.worker.fusing", port: int = 0, **environment: str
    ) -> None:
        self.log, self._fusing = log, fusing
        self.port = port or _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._environment = {**environment, "GRADIO_SERVER_PORT": str(self.port)}
        self._environment["PYTHONPATH"] = str(_REPOSITORY)
        self.process: psutil.Popen | None = None

    def __enter__(self) -> "Page":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> float:
        """Start it and return the seconds until it answered.

        Raises:
            TimeoutError: it didn't within ten minutes, or ended.
        """
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = psutil.Popen(
                [sys.executable, "-c", _SERVE, self._fusing],
                stdout=log, stderr=log, cwd=_REPOSITORY, env={**os.environ, **self._environment},
            )  # fmt: skip
        while time.monotonic() < begun + 600:
            if self.process.poll() is not None:
                break
            try:
                self.health()
                return time.monotonic() - begun
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise TimeoutError(f"the page did not come up; {self.log} says why")

    def health(self) -> dict:
        """Return the health report."""
        with urllib.request.urlopen(f"{self.address}/health", timeout=10) as answer:
            return json.load(answer)

    def wait_ready(self, seconds: float = 1800.0) -> float:
        """Wait until the fusing worker is ready; return the seconds that it took.

        Raises:
            TimeoutError: it isn't within `seconds`, or can't get ready at all.
        """
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            state = self.health()["state"]
            if state in ("ready", "busy"):
                return time.monotonic() - begun
            if state == "unable":
                break
            time.sleep(0.1)
        raise TimeoutError(f"the worker did not get ready: {self.health()}")

    def workers(self) -> dict[str, psutil.Process]:
        """Return the worker processes by the module that they run."""
        found = {}
        for child in self.process.children():
            try:
                command = child.cmdline()
            except psutil.NoSuchProcess:
                continue
            if "demo.worker" in command:
                found[command[command.index("demo.worker") + 1]] = child
        return found

    def resident(self) -> dict[str, int]:
        """Return resident bytes of the page and of each worker, and of all together ("tree")."""
        found = {"page": _resident(self.process)}
        found |= {name: _resident(worker) for name, worker in self.workers().items()}
        return {**found, "tree": sum(found.values())}

    def kill(self) -> None:
        """End the page as `kill -9` does; its workers notice by themselves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        """Ask the page to end, and see to it that it does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(40)
        except psutil.TimeoutExpired:
            self.kill()

    def tracebacks(self) -> int:
        """Return how many tracebacks the log holds."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
