"""The page's desk: takes what visitors ask to the right worker and tells them how it goes.

One desk for a server. It owns the two workers and the shelf of pictures; what belongs to a visitor
is in the `Visit` that comes with every call.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo import steering
from demo.attention import unpack
from demo.examples import find_examples
from demo.offers import Offer, Offers
from demo.pictures import Picture, PictureShelf
from demo.settings import Settings, weights_chosen
from demo.state import SLOTS, Moved, Result, Slot, Source, Visit, Word, moved_by_text, network_of
from demo.visits import Visits
from demo.worker import Job, JobEvent, Supervisor
from demo.worker.supervisor import SECRETS, WorkerLimits
from film_core.errors import ImageError, TextError
from film_core.fusion.origin import Origin, read_origin

if TYPE_CHECKING:
    from film_core.images import Suggestion
    from film_core.registration import Registration

_UPLOAD_SECONDS = 300.0
_MOST_NAME = 256  # characters
_UPLOAD_BYTES = 512 * 2**20  # uploads that wait to be claimed by their visit


class Desk:
    """Workers and pictures of one server.

    Args:
        settings: limits and choices of the host.
        reading, fusing: import names of the modules whose ``WORK`` the workers run.
    """

    def __init__(
        self,
        settings: Settings,
        reading: str = "demo.worker.reading",
        fusing: str = "demo.worker.fusing",
    ) -> None:
        self.settings = settings
        self.shelf = PictureShelf(settings.shelf_megabytes * 2**20)
        self.offers = Offers()
        self.visits = Visits(
            settings.idle_minutes * 60, settings.shelf_megabytes * 2**20, self._left
        )
        self.drop_session: Callable[[str], None] = lambda session: None  # the server knows how
        self.uploads = PictureShelf(
            _UPLOAD_BYTES, _UPLOAD_SECONDS
        )  # apart, so that a flood of them costs no result
        limits = WorkerLimits(
            waiting=settings.waiting, waiting_per_visitor=settings.waiting_per_visitor
        )
        self.reading = Supervisor(
            reading, WorkerLimits(start_seconds=120, waiting=400, waiting_per_visitor=20)
        )
        chosen = {
            "FILM_STUDIO_WORKER_WEIGHTS": settings.weights,
            "FILM_STUDIO_WORKER_DEVICE": settings.device,
        }
        self.fusing = Supervisor(fusing, limits, chosen)
        self.asking: Supervisor | None = None
        if settings.describer != "measured":
            self.asking = Supervisor(
                "demo.worker.describing",
                WorkerLimits(start_seconds=960, waiting=settings.waiting),
                {
                    "FILM_STUDIO_WORKER_DESCRIBER": settings.describer,
                    "FILM_STUDIO_WORKER_RECIPE": settings.recipe,
                },
                secrets=SECRETS,
            )

    def open(self) -> None:
        """Start both workers; returns at once."""
        self.reading.start()
        self.fusing.start()
        if self.asking is not None:
            self.asking.start()

    def close(self) -> None:
        """Stop both workers."""
        self.reading.close()
        self.fusing.close()
        if self.asking is not None:
            self.asking.close()

    def busy(self) -> bool:
        """Whether a worker has something to do."""
        workers = [self.reading, self.fusing, *([self.asking] if self.asking else [])]
        states = [worker.status() for worker in workers]
        return any(status.state == "busy" or status.waiting for status in states)

    def leave(self, visit: Visit) -> None:
        """Forget everything of a visit that has ended."""
        self.stop(visit)
        self.shelf.forget(visit.identity)
        self.offers.forget(visit.identity)

    def stop(self, visit: Visit) -> None:
        """Stop everything that runs for a page of `visit` that is there no longer."""
        visit.study.stopping = visit.batch.stopping = True
        for job in (visit.job, visit.study.job, visit.batch.job):
            if job is not None:
                self.fusing.cancel(job)

    def _left(self, visit: Visit, session: str) -> None:
        self.leave(visit)
        self.drop_session(session)

    # -- images and texts -------------------------------------------------------------------------

    async def read(self, visit: Visit, upload: str, name: str) -> Source:
        """Open an uploaded file.

        Args:
            upload: its name on the shelf; it is taken from there.
            name: the visitor's name for it.

        Raises:
            FilmError: it isn't there any more, can't be read, or is out of limits.
        """
        return await self.open_image(visit, self._taken(upload), plain_name(name))

    async def open_image(self, visit: Visit, data: bytes, name: str, show: bool = True) -> Source:
        """Open an image file; `show` keeps a picture of it for the page.

        Raises:
            FilmError: it can't be read, or is out of limits.
        """
        digest = hashlib.sha256(data).hexdigest()
        request = {"do": "read", "image": {"digest": digest, "name": name}}
        reply = await self._ask(self.reading, visit, request, {digest: data})
        address = ""
        if show:
            shown = self.shelf.put(Picture(reply["shown"], "image/png", visit.identity))
            address = f"picture/{shown}"
        return Source(
            digest, data, name, reply["width"], reply["height"], reply["bits"],
            reply["colour"], tuple(reply["notes"]), address,
        )  # fmt: skip

    async def check_pair(self, visit: Visit) -> "Suggestion":
        """Return which task the two sources seem to be for, and which of them seems to be A.

        Raises:
            FilmError: their sizes don't fit.
        """
        from film_core.images import Suggestion

        reply = await self._ask(
            self.reading, visit, {"do": "pair", **_named(visit.sources)}, _blobs(visit.sources)
        )
        return Suggestion(**reply["suggestion"])

    async def read_origin(self, visit: Visit, upload: str, name: str) -> Origin:
        """Return what made the saved result in an uploaded file.

        Args:
            upload, name: as for `read`.

        Raises:
            FilmError: it isn't there any more, is no PNG, or wasn't saved here.
        """
        data, name = self._taken(upload), plain_name(name)
        digest = hashlib.sha256(data).hexdigest()
        request = {"do": "origin", "image": {"digest": digest, "name": name}}
        reply = await self._ask(self.reading, visit, request, {digest: data})
        return read_origin(reply["entries"], name)

    def weights_for(self, visit: Visit) -> str:
        """Return the name of the weights that a visit's task and network are fused with."""
        return Path(weights_chosen(self.settings.weights, visit.network, visit.task)).stem

    async def register(self, visit: Visit) -> "Registration":
        """Return how far the two sources are apart.

        Raises:
            FilmError: they don't fit.
        """
        from film_core.registration import Registration

        request = {"do": "register", **_named(visit.sources)}
        return Registration(**await self._ask(self.reading, visit, request, _blobs(visit.sources)))

    async def align(self, visit: Visit) -> tuple[dict[Slot, Source], float]:
        """Return the sources with B brought onto A, both cut, and the share of area that it cost.

        Raises:
            FilmError: too little is common to both.
        """
        sources = dict(visit.sources)
        request = {"do": "align", **_named(sources), "registration": asdict(visit.registration)}
        reply = await self._ask(self.reading, visit, request, _blobs(sources))
        aligned = {}
        for slot in SLOTS:
            name = _aligned(sources[slot].name)
            aligned[slot] = replace(await self.open_image(visit, reply[slot], name), made=True)
        return aligned, reply["lost"]

    async def describe(
        self, visit: Visit, slot: Slot, alone: bool = False
    ) -> tuple[str, str, list[dict[str, str]]]:
        """Return (text, author, steps) for source `slot`, set against the other if there is one.

        Raises:
            FilmError: it can't be described.
        """
        named = _named(visit.sources)
        other = "b" if slot == "a" else "a"
        request = {
            "do": "describe",
            "task": visit.task,
            "source": slot,
            "image": named[slot],
            "other": None if alone else named[other],
        }
        worker, seconds = self.reading, self.settings.read_seconds
        if self.asking is not None and visit.by_model:
            worker, seconds = self.asking, self.settings.describe_seconds
        reply = await self._ask(worker, visit, request, _blobs(visit.sources), seconds)
        return reply["text"], reply["author"], reply["steps"]

    def offer(
        self, visit: Visit, place: str, name: str, media_type: str, make: Callable[[], bytes]
    ) -> str:
        """Offer a file for downloading; it is made when it is taken. Returns its address.

        Args:
            place: where on the page the link stands, whatever is shown there.
        """
        return self.offers.put(Offer(make, media_type, name, visit.identity, place))

    async def local_map(self, visit: Visit, metric: str) -> np.ndarray:
        """Return (H, W) float32, where the newest result loses `metric`; more is worse.

        Raises:
            FilmError: it can't be computed.
        """
        request = {
            "do": "local map",
            **_named(visit.sources),
            "metric": metric,
            "luminance": visit.result.luminance,
        }
        return (await self._ask(self.reading, visit, request, _blobs(visit.sources)))["map"]

    async def measure(self, visit: Visit, fused: Source, form: str) -> dict[str, float]:
        """Return the metrics of somebody's fused image against the visit's sources.

        Raises:
            FilmError: its size differs, or it can't be measured.
        """
        pictures = {**visit.sources, "fused": fused}
        request = {"do": "measure", "form": form, **_named(pictures)}
        return (await self._ask(self.reading, visit, request, _blobs(pictures)))["metrics"]

    # -- fusing -----------------------------------------------------------------------------------

    def fuse(
        self,
        visit: Visit,
        text_a: str,
        text_b: str,
        attention: bool = True,
        instruction: str = "",
    ) -> Job:
        """Put a fusion of the visit's sources, by its network, in the line.

        Raises:
            TextError: a text is longer than this page accepts.
            QueueFullError: too much waits already.
        """
        for text in (text_a, text_b, instruction):
            self.check_text(text)
        job = Job(
            visit.identity,
            {
                "do": "fuse",
                "task": visit.task,
                **_named(visit.sources),
                "text_a": text_a,
                "text_b": text_b,
                "attention": attention,
                "network": visit.network,
                "instruction": instruction,
                "limits": self._limits(),
            },
            _blobs(visit.sources),
            self.settings.fuse_seconds,
        )
        return self.fusing.submit(job)

    def check_text(self, text: str) -> None:
        """Raise TextError if `text` is longer than this page accepts, or no text for any file."""
        from film_core.text.characters import check_storable

        limit = self.settings.max_characters
        if len(text) > limit:
            raise TextError(
                "text.page_limit",
                "The description has {count} characters; this page accepts {limit}: shorten it.",
                count=len(text), limit=limit,
            )  # fmt: skip
        check_storable(text)

    def compare(self, visit: Visit, result: Result) -> Job:
        """Put measuring the trivial answers and the sources of a result's pair in the line.

        Raises:
            QueueFullError: too much waits already.
        """
        request = {
            "do": "compare",
            "task": result.task,
            "network": network_of(result.weights),  # whose worker has the pair open already
            **_named(result.sources),
        }
        return self.fusing.submit(
            Job(
                visit.identity,
                {**request, "limits": self._limits()},
                _blobs(result.sources),
                self.settings.fuse_seconds,
            )
        )

    def keep(
        self, visit: Visit, job: Job, sources: dict[Slot, Source], reply: dict[str, Any]
    ) -> Result:
        """Make a Result of a worker's reply, add it to the visit, and return it.

        It is shown unless the visitor has chosen other sources meanwhile.
        """
        visit.count += 1
        picture = self.shelf.put(Picture(reply["png"], "image/png", visit.identity))
        luminance, attention = reply["luminance"], reply["attention"]
        result = Result(
            number=visit.count,
            picture=f"picture/{picture}",
            width=luminance.shape[1],
            height=luminance.shape[0],
            task=job.request["task"],
            text_a=reply["text_a"],
            text_b=reply["text_b"],
            metrics=reply["metrics"],
            comparison=reply["comparison"],
            seconds=reply["timings"],
            device=reply["device"],
            weights=reply["weights"],
            notes=tuple(reply["notes"]),
            sources=sources,
            luminance=luminance,
            words=tuple(Word(w["text"], w["slot"], tuple(w["tokens"])) for w in reply["words"]),
            attention=None if attention is None else unpack(attention),
            instruction=reply["instruction"],
            authors=tuple(visit.author(slot, reply[f"text_{slot}"]) for slot in SLOTS),
            steering=None if reply["steering"] is None else steering.unpack(reply["steering"]),
            change=reply["change"],
        )
        result = replace(result, moved=_moved(visit, result))
        # Arrays are large: only the newest result keeps its own.
        light = {"attention": None, "luminance": None, "steering": None, "change": None}
        visit.results[:] = [replace(r, **light) for r in visit.results]
        visit.results.append(result)
        if visit.pair == result.pair:
            visit.result, visit.against, visit.example = result, None, ""
        shown = None if visit.result is None else visit.result.number
        for old in [r for r in visit.results[:-1] if r.number != shown]:
            if len(visit.results) > self.settings.history:
                self.drop(visit, old)
        return result

    def drop(self, visit: Visit, result: Result) -> None:
        """Forget a result of the visit."""
        visit.results[:] = [r for r in visit.results if r.number != result.number]
        self.shelf.take(result.picture.removeprefix("picture/"))

    def tidy(self, visit: Visit) -> None:
        """Take pictures of sources off the shelf that neither the page nor a result shows."""
        held = {source.picture: source.digest for source in visit.held}
        running = () if visit.job is None else [visit.job.request[s]["digest"] for s in SLOTS]
        for address, digest in list(visit.pictures.items()):
            if address not in held and digest not in running:
                self.take_away(address)
                visit.pictures.pop(address, None)
        visit.pictures |= {a: digest for a, digest in held.items() if a.startswith("picture/")}

    def take_away(self, address: str) -> None:
        """Forget the picture at `address`, which the page shows no longer."""
        self.shelf.take(address.removeprefix("picture/"))

    def is_lost(self, address: str) -> bool:
        """Whether the picture at `address` had to leave the shelf for other pictures."""
        kind, _, name = address.partition("/")
        return kind == "picture" and name not in self.shelf

    def picture(self, address: str) -> bytes | None:
        """Return the PNG that the page shows at `address`, None where it is gone."""
        kind, _, name = address.partition("/")
        if kind == "example":
            key, _, file = name.rpartition("/")
            example = find_examples().get(key)
            return None if example is None else example.file(file.removesuffix(".png")).read_bytes()
        found = self.shelf.get(name)
        return None if found is None else found.data

    def _taken(self, upload: str) -> bytes:
        picture = self.uploads.take(upload)
        if picture is None:
            raise ImageError("upload.gone", "The upload is no longer there: choose the file again.")
        return picture.data

    # -- inside -----------------------------------------------------------------------------------

    def _limits(self) -> dict[str, int]:
        return {
            "max_pixels": int(self.settings.max_megapixels * 1e6),
            "max_bytes": int(self.settings.max_megabytes * 1e6),
        }

    async def _ask(
        self,
        worker: Supervisor,
        visit: Visit,
        request: dict[str, Any],
        blobs: dict[str, bytes],
        seconds: float | None = None,
    ) -> dict[str, Any]:
        limit = self.settings.read_seconds if seconds is None else seconds
        job = Job(visit.identity, {**request, "limits": self._limits()}, blobs, limit)
        worker.submit(job)
        last = await _last(job.events())
        if last.error is not None:
            raise last.error
        assert last.reply is not None
        return last.reply


async def _last(events: AsyncIterator[JobEvent]) -> JobEvent:
    return [event async for event in events][-1]  # the last event ends the stream


def _moved(visit: Visit, result: Result) -> Moved | None:
    """Return what the text alone did since the result before; None where more was changed."""
    before = visit.results[-1] if visit.results else None
    if before is None or before.luminance is None or before.pair != result.pair:
        return None
    if before.weights != result.weights or _texts(before) == _texts(result):
        return None
    return moved_by_text(result.luminance, before)


def _texts(result: Result) -> tuple[str, str, str]:
    return result.text_a, result.text_b, result.instruction


def _named(sources: dict[Slot, Source | None]) -> dict[str, dict[str, str] | None]:
    return {
        slot: None if source is None else {"digest": source.digest, "name": source.name}
        for slot, source in sources.items()
    }


def _blobs(sources: dict[Slot, Source | None]) -> dict[str, bytes]:
    return {source.digest: source.data for source in sources.values() if source is not None}


def _aligned(name: str) -> str:
    return f"{Path(name).stem}-aligned.png"


def plain_name(name: object) -> str:
    """Return a file's name fit to be shown: the last part of it, printable, not endless.

    No file system has longer names than those that are left whole: commands must name the file.
    """
    last = str(name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c if c.isprintable() else "?" for c in last)
    half = _MOST_NAME // 2
    if len(plain) > _MOST_NAME:
        return f"{plain[:half]}…{plain[-half:]}"
    return plain or "image"
