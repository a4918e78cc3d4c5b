"""The pipe between the page and a worker: a socket pair that carries frames of `demo.worker.codec`.

`multiprocessing.connection.Connection` does the framing and `send_bytes` / `recv_bytes` are the
only calls used, so nothing is ever unpickled.
"""

import socket
import threading
from multiprocessing.connection import Connection
from typing import Any

from demo.worker.codec import decode, encode


class Channel:
    """Sends and receives messages; sending is safe from several threads."""

    def __init__(self, descriptor: int) -> None:
        self._connection = Connection(descriptor)
        self._sending = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Send `message`.

        Raises:
            OSError: the other side is gone.
        """
        frame = encode(message)
        with self._sending:
            self._connection.send_bytes(frame)

    def receive(self) -> dict[str, Any]:
        """Wait for the next message and return it.

        Raises:
            EOFError, OSError: the other side is gone.
        """
        return decode(self._connection.recv_bytes())

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


def socket_pair() -> tuple[int, int]:
    """Return two connected descriptors: the page's (kept from children) and the worker's."""
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()
