"""Pictures and uploads kept in memory under names that cannot be guessed, never in a file.

A visitor's images exist in two places: here, and in the workers' caches. Whoever doesn't know a
picture's name (128 random bits) can't ask for it, and all of a visit's pictures go with the visit.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """An encoded image and what it is.

    Attributes:
        data: the file's bytes.
        media_type: such as "image/png".
        owner: the visit it belongs to; "" for an upload that nobody has claimed yet.
        name: file name offered for downloading, "" to show it only.
    """

    data: bytes
    media_type: str
    owner: str = ""
    name: str = ""


class PictureShelf:
    """Pictures by name; the oldest go when `limit` bytes are exceeded. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0

    def put(self, picture: Picture) -> str:
        """Keep `picture` and return its name."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._pictures[name] = picture
            self._bytes += len(picture.data)
            while self._bytes > self.limit and len(self._pictures) > 1:
                _, old = self._pictures.popitem(last=False)
                self._bytes -= len(old.data)
        return name

    def get(self, name: str) -> Picture | None:
        """Return the picture called `name`, None when there is none (any more)."""
        with self._lock:
            picture = self._pictures.get(name)
            if picture is not None:
                self._pictures.move_to_end(name)
            return picture

    def take(self, name: str) -> Picture | None:
        """Return the picture called `name` and forget it."""
        with self._lock:
            picture = self._pictures.pop(name, None)
            if picture is not None:
                self._bytes -= len(picture.data)
            return picture

    def forget(self, owner: str) -> None:
        """Forget all pictures of a visit."""
        with self._lock:
            for name in [n for n, picture in self._pictures.items() if picture.owner == owner]:
                self._bytes -= len(self._pictures.pop(name).data)

    def __len__(self) -> int:
        return len(self._pictures)
