"""How much a stranger may send: the size of one body, and of all that are on their way together.

Neither Gradio nor uvicorn limits a body, and a JSON body is read whole before anybody looks at it.
Plain ASGI, so that streams stay streams.
"""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_IMAGES_OF_A_CALL = 3  # two sources and a fused image
_OTHER_BYTES = 2_000_000  # of a call: texts, names
_BODIES_AT_ONCE = 8  # as large as allowed; of smaller ones, as many as have their size


def most_bytes(image: float, zipped: float) -> int:
    """Return the largest body that a use of the page can have: images as base64, or a zip.

    Args:
        image, zipped: the largest of each, in MB.
    """
    return int(max(_IMAGES_OF_A_CALL * image * 4 / 3, zipped) * 1e6) + _OTHER_BYTES


class Bodies:
    """Answers a body that is too large, or one too many, instead of the application.

    Args:
        app: the application behind it.
        limit: bytes of one body. Beyond it the answer is 413.
        together: bytes of all bodies that are being sent; 8 of the largest unless given. Beyond
            it the answer is 503, which says that a later try will do.
    """

    def __init__(self, app: ASGIApp, limit: int, together: int | None = None) -> None:
        self.app = app
        self.limit = limit
        self.together = _BODIES_AT_ONCE * limit if together is None else together
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        said = _said_length(scope)
        if said > self.limit:
            return await _too_large(scope, receive, send)
        if self._held + said > self.together:
            return await _too_many(scope, receive, send)
        counted, refused, started = 0, None, False

        async def counting() -> Message:
            nonlocal counted, refused
            message = await receive()
            if message["type"] != "http.request":
                return message
            size = len(message.get("body", b""))
            counted += size
            self._held += size
            if counted > self.limit:
                refused = _too_large
            elif self._held > self.together:
                refused = _too_many
            # For the application the sender has gone; it is answered below.
            return {"type": "http.disconnect"} if refused else message

        async def unless_refused(message: Message) -> None:
            nonlocal started
            if refused is None:
                started = True
                await send(message)

        try:
            await self.app(scope, counting, unless_refused)
        except Exception:
            if refused is None:
                raise
        finally:
            self._held -= counted
        if refused is not None and not started:
            await refused(scope, receive, send)


def _said_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"reason": "too_large"}, 413)(scope, receive, send)


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse({"reason": "busy"}, 503, {"retry-after": "5"})
    await answer(scope, receive, send)
