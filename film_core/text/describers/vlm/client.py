"""The side of a local model that asks: starts its process, waits, and tells what went wrong."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from multiprocessing.connection import Connection
from pathlib import Path

from film_core.errors import FilmError, SettingError, TextError
from film_core.images.source import SourceImage
from film_core.text.describers.pictures import small_png
from film_core.text.describers.vlm.folder import find_model, fingerprint_of

_REPOSITORY = Path(__file__).resolve().parents[4]
_MOST_BYTES = 4 * 2**20
_SECRET = "FILM_ENDPOINT_KEY"


class LocalModel:
    """A model in a process of its own; see `model.Model`.

    Attributes:
        author: the model's name.
        fingerprint: of the files in its folder; see `fingerprint_of`.
        device: "cpu" or "cuda".
    """

    def __init__(
        self,
        path_or_name: str | None = None,
        load_seconds: float = 900.0,
        seconds: float = 300.0,
        gigabytes: float | None = None,
    ) -> None:
        """Load the model.

        Args:
            path_or_name: see `find_model`.
            load_seconds, seconds: longest that loading, and one answer, may take.
            gigabytes: memory that the process may take; None reads ``FILM_VLM_GIGABYTES``, and
                without it sets no limit.

        Raises:
            SettingError: no model is named, or a limit makes no sense.
            TextError: the folder is no model that can be used here; the sentence says why.
        """
        folder, self.author = find_model(path_or_name)
        self.fingerprint = fingerprint_of(folder)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process, self._connection = _start(folder, _limit(gigabytes))
        # Also when nobody calls close: a model of gigabytes must not outlive its describer.
        self._finalizer = weakref.finalize(self, _stop, self._process, self._connection)
        self.device = self._receive(load_seconds)["device"]

    def answer(
        self, prompt: str, image: SourceImage | None = None, step: str = "description"
    ) -> str:
        """Return what the model writes; see `model.Model`.

        Raises:
            TextError: it doesn't answer in time, fell, or can't answer without an image.
        """
        request: dict[str, str | float] = {"prompt": prompt, "step": step}
        if image is not None:
            request["image"] = base64.b64encode(small_png(image)).decode()
        request["seconds"] = self._seconds
        with self._lock:
            if not self._finalizer.alive:
                raise self._gone()
            try:
                self._connection.send_bytes(json.dumps(request).encode())
            except OSError:
                raise self._fallen() from None
            # The process ends its own answer in time; a little longer tells that it hangs.
            return self._receive(self._seconds + 30)["answer"]

    def close(self) -> None:
        """End the process; further questions are refused."""
        self._finalizer()

    def _receive(self, seconds: float) -> dict:
        try:
            if not self._connection.poll(seconds):
                self.close()
                raise TextError(
                    "vlm.slow",
                    "The model {model} took longer than {seconds} seconds and was stopped; use a "
                    "smaller one, or the measured description.",
                    model=self.author, seconds=f"{seconds:g}",
                )  # fmt: skip
            message = json.loads(self._connection.recv_bytes(_MOST_BYTES))
        except (EOFError, OSError):
            raise self._fallen() from None
        if "code" in message:
            if message["last"]:
                self.close()
            values = {**message["values"], "model": self.author}
            raise TextError(message["code"], message["sentence"], **values)
        return message

    def _fallen(self) -> FilmError:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            status = 0
        self.close()
        if status == -signal.SIGKILL:
            return out_of_memory(self.author)
        return TextError(
            "vlm.fell",
            "The process of the model {model} ended by itself (status {status}); load it again, or "
            "use the measured description.",
            model=self.author, status=status,
        )  # fmt: skip

    def _gone(self) -> TextError:
        return TextError(
            "vlm.stopped", "The model {model} was stopped; load it again.", model=self.author
        )


def out_of_memory(model: str) -> TextError:
    """Return the error for a process that the system stopped for its memory."""
    return TextError(
        "vlm.memory",
        "There is not enough memory for the model {model}: use a smaller one, close other "
        "programs, or use the measured description.",
        model=model,
    )


def _start(folder: Path, limit: int) -> tuple[subprocess.Popen, Connection]:
    ours, theirs = socket.socketpair()
    environment = {name: value for name, value in os.environ.items() if name != _SECRET}
    search = [str(_REPOSITORY), *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {
        "PYTHONPATH": os.pathsep.join(search),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "film_core.text.describers.vlm", str(theirs.fileno()),
             str(folder), str(limit)],
            env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return process, Connection(ours.detach())


def _stop(process: subprocess.Popen, connection: Connection) -> None:
    connection.close()
    process.kill()
    process.wait()


def _limit(gigabytes: float | None) -> int:
    """Return the limit in bytes, 0 for none."""
    asked = os.environ.get("FILM_VLM_GIGABYTES", "").strip() if gigabytes is None else gigabytes
    if asked == "":
        return 0
    try:
        value = float(asked)
    except ValueError:
        value = 0.0
    if not 0 < value < 100_000:
        raise SettingError(
            "vlm.gigabytes",
            "FILM_VLM_GIGABYTES is '{value}'; a positive number is needed.",
            value=str(asked)[:40],
        )
    return int(value * 2**30)
