"""Downloads that are made only when somebody takes them: figures, tables, arrays.

An offer has an unguessable address like a picture. A panel that is drawn again makes its offers
again, and those replace the earlier ones of the same place, whatever result they are of, but for
the last: its link may have been pressed while the panel was drawn. What an offer is made of, arrays
of a result among it, stays in memory as long as the offer does.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """A file that could be made.

    Attributes:
        make: returns the file's bytes; called each time that the address is asked for.
        media_type: such as "text/csv".
        name: file name for saving.
        owner: the visit it belongs to.
        place: where on the page its link stands; one place has one link.
    """

    make: Callable[[], bytes]
    media_type: str
    name: str
    owner: str
    place: str


class Offers:
    """Offers by address. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offers: dict[str, Offer] = {}
        self._addresses: dict[tuple[str, str], list[str]] = {}

    def put(self, offer: Offer) -> str:
        """Take `offer` instead of the visit's last but one at its place; return its address."""
        address = secrets.token_urlsafe(16)
        key = (offer.owner, offer.place)
        with self._lock:
            known = self._addresses.setdefault(key, [])
            known.append(address)
            self._offers[address] = offer
            if len(known) > 2:
                del self._offers[known.pop(0)]
        return f"offer/{address}"

    def get(self, address: str) -> Offer | None:
        """Return the offer at `address`, None when there is none (any more)."""
        with self._lock:
            return self._offers.get(address)

    def forget(self, owner: str) -> None:
        """Forget all offers of a visit."""
        with self._lock:
            for key in [key for key in self._addresses if key[0] == owner]:
                for address in self._addresses.pop(key):
                    del self._offers[address]
