"""Visits that outlive their page for a while: a reload finds them again, nobody else does.

A browser's tab makes a key of 128 random bits and keeps it to itself (`client/opening.js`); here
the visit is found by it. The key travels inside a question or in a header, never in an address,
so it is in nobody's log; whoever doesn't know it can't ask for the visit.
"""

import asyncio
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from demo.state import Visit

_KEY = re.compile(r"[0-9a-f]{32}")
_HERE = 150.0  # seconds within which every open page reports; hidden ones do so once a minute
_SWEEP = 15.0  # seconds between two looks for visits that are over


@dataclass
class KeptVisit:
    """A visit, the session of the page that shows it, and when that was last heard of."""

    visit: Visit
    session: str
    seen: float


class Visits:
    """Visits by key, each kept while its page is open and `seconds` longer. Safe for threads.

    Args:
        seconds: how long after its page was last heard of a visit is forgotten.
        limit: bytes of visitors' files; beyond, those go first who are away longest.
        leave: called with each visit that is forgotten, and with the session of its last page.
    """

    def __init__(self, seconds: float, limit: int, leave: Callable[[Visit, str], None]) -> None:
        self.seconds, self.limit = seconds, limit
        self._leave = leave
        self._lock = threading.Lock()
        self._kept: dict[str, KeptVisit] = {}

    def take_up(self, key: str, fresh: Visit, session: str) -> tuple[Visit, KeptVisit | None]:
        """Return the visit of `key` for a page that opens now, and what its page before had.

        Where there is none, `fresh` becomes the visit of `key`, and there is nothing before.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                known = key if _KEY.fullmatch(key) else secrets.token_hex(16)
                self._kept[known] = KeptVisit(fresh, session, time.monotonic())
                return fresh, None
            self._kept[key] = KeptVisit(kept.visit.continued(), session, time.monotonic())
            return self._kept[key].visit, kept

    def of(self, session: str) -> Visit | None:
        """Return the visit whose page has `session`, None where there is none (any more)."""
        with self._lock:
            found = (kept.visit for kept in self._kept.values() if kept.session == session)
            return next(found, None)

    def seen(self, key: str) -> bool:
        """Note that the page of `key` is open; return whether its visit is here."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                kept.seen = time.monotonic()
            return kept is not None

    def sweep(self) -> None:
        """Forget the visits that are over, and the ones away longest where files are too many."""
        now, gone = time.monotonic(), []
        with self._lock:
            for key in [k for k, kept in self._kept.items() if now - kept.seen > self.seconds]:
                gone.append(self._kept.pop(key))
            sizes = {key: kept.visit.size for key, kept in self._kept.items()}
            for key in sorted(sizes, key=lambda k: self._kept[k].seen):
                if sum(sizes.values()) <= self.limit or now - self._kept[key].seen < _HERE:
                    break
                gone.append(self._kept.pop(key))
                del sizes[key]
        for kept in gone:
            self._leave(kept.visit, kept.session)

    async def keep_sweeping(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP)
            self.sweep()

    def __len__(self) -> int:
        return len(self._kept)
