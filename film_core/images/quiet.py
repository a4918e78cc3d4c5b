"""Silence for libtiff, which writes what it thinks of a damaged file straight to file descriptor 2.

The user is answered by a sentence of ours; libtiff's lines beside it would only confuse. Pillow
offers no way to set its message handlers.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The descriptor belongs to the whole process: two threads that save and restore it in turns could
# leave it closed to everybody for good.
_DESCRIPTOR = threading.Lock()


@contextmanager
def without_native_messages() -> Iterator[None]:
    """Send descriptor 2 to nowhere for the length of the block, one thread at a time.

    Lines that other threads write to it meanwhile are lost too: keep the block short.
    """
    with _DESCRIPTOR:
        try:
            kept = os.dup(2)
        except OSError:  # a service without a standard error: nothing to silence
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
