"""What may be asked of the server, and the headers that every answer carries.

Gradio brings doors that this page has no use for: uploads into files, files by path, a proxy, logs
of visits. Whatever isn't listed here isn't there, so a new version's new doors are shut as well.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXACT = frozenset(
    {
        "/", "/health", "/upload", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt",
        "/config", "/fonts/inter.woff2", "/guide/text-guidance",
        "/gradio_api/info", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/reset",
        "/gradio_api/cancel", "/gradio_api/startup-events", "/gradio_api/openapi.json",
    }
)  # fmt: skip
BELOW = (
    "/assets/", "/static/", "/picture/", "/offer/", "/example/",
    "/gradio_api/heartbeat/", "/gradio_api/call/",
)  # fmt: skip
MCP = "/gradio_api/mcp"

# Nothing on the page may come from or go to anywhere else; the browser enforces it.
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; font-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]


class Gate:
    """Lets through what is listed and adds the headers; plain ASGI, so that streams stay streams.

    Args:
        app: the application behind it.
        mcp: whether the MCP server is open.
    """

    def __init__(self, app: ASGIApp, mcp: bool = False) -> None:
        self.app = app
        self._below = (*BELOW, MCP) if mcp else BELOW

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":  # there is no use for websockets
                await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        app = self.app if self._open(scope["path"]) else PlainTextResponse("Not found", 404)
        await app(scope, receive, send_with_headers)

    def _open(self, path: str) -> bool:
        plain = ".." not in path and "//" not in path
        return plain and (path in EXACT or path.startswith(self._below))
