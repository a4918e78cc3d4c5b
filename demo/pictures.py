"""Pictures and uploads kept in memory under names that cannot be guessed, never in a file.

A visitor's images exist in two places: here, and in the workers' caches. Whoever doesn't know a
picture's name (128 random bits) can't ask for it, and all of a visit's pictures go with the visit.
"""

import secrets
import threading
import time
from collections import Counter, OrderedDict
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
    """Pictures by name, safe for threads.

    Args:
        limit: bytes beyond which pictures of the owner who has most go, first the one that wasn't
            asked for longest: a visitor with many costs the others nothing.
        seconds: age at which a picture goes.
    """

    def __init__(self, limit: int, seconds: float = float("inf")) -> None:
        self.limit = limit
        self.seconds = seconds
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._born: dict[str, float] = {}
        self._bytes = 0

    def put(self, picture: Picture) -> str:
        """Keep `picture` and return its name."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._expire()
            self._pictures[name] = picture
            self._born[name] = time.monotonic()
            self._bytes += len(picture.data)
            while self._bytes > self.limit and len(self._pictures) > 1:
                self._remove(self._next_to_go(name))
        return name

    def get(self, name: str) -> Picture | None:
        """Return the picture called `name`, None when there is none (any more)."""
        with self._lock:
            self._expire()
            picture = self._pictures.get(name)
            if picture is not None:
                self._pictures.move_to_end(name)
            return picture

    def take(self, name: str) -> Picture | None:
        """Return the picture called `name` and forget it."""
        with self._lock:
            self._expire()
            return self._remove(name)

    def forget(self, owner: str) -> None:
        """Forget all pictures of a visit."""
        with self._lock:
            for name in [n for n, picture in self._pictures.items() if picture.owner == owner]:
                self._remove(name)

    def _next_to_go(self, newest: str) -> str:
        held: Counter[str] = Counter()
        for picture in self._pictures.values():
            held[picture.owner] += len(picture.data)
        ((most, _),) = held.most_common(1)
        names = [name for name, picture in self._pictures.items() if picture.owner == most]
        return next(iter(self._pictures)) if names == [newest] else names[0]

    def _expire(self) -> None:
        oldest = time.monotonic() - self.seconds
        for name in [name for name, born in self._born.items() if born < oldest]:
            self._remove(name)

    def _remove(self, name: str) -> Picture | None:
        picture = self._pictures.pop(name, None)
        self._born.pop(name, None)
        if picture is not None:
            self._bytes -= len(picture.data)
        return picture

    def __contains__(self, name: str) -> bool:
        """Whether the picture called `name` is here; that is not asking for it."""
        with self._lock:
            self._expire()
            return name in self._pictures

    def __len__(self) -> int:
        return len(self._pictures)
