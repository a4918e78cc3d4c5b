"""The process of a local model: `python -m film_core.text.describers.vlm FD FOLDER LIMIT`.

Answers questions on the socket FD, one JSON object each way, until the other side is gone.
"""

import json
import sys
from multiprocessing.connection import Connection


def main(descriptor: int, folder: str, limit: int) -> int:
    """Load the model and answer until the connection closes; return the exit status."""
    connection = Connection(descriptor)
    try:
        return _serve(connection, folder, limit)
    except (EOFError, OSError):
        return 0  # nobody listens any more


def _serve(connection: Connection, folder: str, limit: int) -> int:
    from film_core.text.describers.vlm.asking import Loaded, ModelError, failures

    def tell(message: dict) -> None:
        connection.send_bytes(json.dumps(message).encode())

    try:
        with failures("load"):
            model = Loaded(folder, limit)
    except ModelError as failure:
        tell({**failure.message, "last": True})
        return 1
    tell({"device": model.device})
    while True:
        request = json.loads(connection.recv_bytes())
        try:
            with failures("answer"):
                tell({"answer": model.answer(request)})
        except ModelError as failure:
            tell({**failure.message, "last": False})


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
