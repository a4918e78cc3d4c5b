"""The web server: the page, its pictures, uploads into memory, and a health report."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from demo.bodies import Bodies, most_bytes
from demo.desk import Desk
from demo.examples import PICTURES, find_examples, thumbnail
from demo.gate import Gate
from demo.language import load_language
from demo.page import build_page
from demo.panels.health import health
from demo.pictures import Picture
from demo.sessions import drop_session, keep_visits, limit_sessions
from demo.stopping import DrainingServer
from demo.theme import studio_theme
from demo.tools import answer_in_json
from demo.worker.secrecy import shut_memory
from film_core.errors import SettingError

_FOLDER = Path(__file__).parent
_FONT = _FOLDER / "fonts" / "inter-latin-wght-normal.woff2"
_GUIDE = _FOLDER.parent / "docs" / "text-guidance.md"
_STYLES = sorted((_FOLDER / "style").glob("*.css"))


def build_server(desk: Desk) -> FastAPI:
    """Return the whole application; starting it opens the desk, stopping it closes it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        desk.open()
        sweeping = asyncio.create_task(desk.visits.keep_sweeping())
        yield
        sweeping.cancel()
        await asyncio.to_thread(desk.close)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    most = most_bytes(desk.settings.max_megabytes, desk.settings.batch_megabytes)
    app.add_middleware(Bodies, limit=most)
    app.add_middleware(Gate, mcp=desk.settings.mcp)  # before it: the last added comes first
    _add_routes(app, desk)
    page = build_page(desk)
    limit_sessions(page)
    desk.drop_session = partial(drop_session, page)
    page.queue(default_concurrency_limit=64, max_size=256, api_open=False)
    mounted = gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=studio_theme(),
        css_paths=_STYLES,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=desk.settings.mcp,
    )
    keep_visits(page, desk.visits.of)
    if desk.settings.mcp:
        answer_in_json(page)
    return mounted


def _add_routes(app: FastAPI, desk: Desk) -> None:
    @app.get("/health")
    def report(request: Request, language: str = "en") -> JSONResponse:
        said = health(desk, load_language(language))
        key = request.headers.get("x-film-visit")
        if key is not None:  # a page says that it is open, and hears whether its visit is here
            said["visit"] = desk.visits.seen(key)
        return JSONResponse(said)

    @app.post("/upload")
    async def upload(request: Request) -> JSONResponse:
        zipped = "zip" in request.query_params  # counts as a batch's files, not as an image
        limit = desk.settings.batch_megabytes if zipped else desk.settings.max_megabytes
        limit = int(limit * 1e6)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > limit:
                return JSONResponse({"reason": "too_large"}, 413)
        return JSONResponse({"token": desk.uploads.put(Picture(bytes(body), ""))})

    @app.get("/picture/{name}")
    def picture(name: str) -> Response:
        found = desk.shelf.get(name)
        if found is None:
            return Response(status_code=404)
        return Response(
            found.data,
            media_type=found.media_type,
            headers={"cache-control": "private, max-age=3600, immutable"},
        )

    @app.get("/offer/{address}")
    def offer(address: str) -> Response:
        found = desk.offers.get(address)
        if found is None:
            return Response(status_code=404)
        headers = {"content-disposition": _attachment(found.name), "cache-control": "no-store"}
        return Response(found.make(), media_type=found.media_type, headers=headers)

    @app.get("/example/{task}/{name}/{file}")
    def example(task: str, name: str, file: str) -> Response:
        key, (stem, _, kind) = f"{task}/{name}", file.partition(".")
        if key not in find_examples() or stem not in PICTURES or kind not in ("png", "webp"):
            return Response(status_code=404)
        if kind == "webp":
            return Response(thumbnail(key, stem), media_type="image/webp")
        return FileResponse(find_examples()[key].file(stem))

    @app.get("/guide/text-guidance")
    def guide() -> Response:
        if not _GUIDE.is_file():
            return Response(status_code=404)
        return FileResponse(_GUIDE, media_type="text/plain; charset=utf-8")

    @app.get("/fonts/inter.woff2")
    def font() -> FileResponse:
        return FileResponse(_FONT, media_type="font/woff2")


def _attachment(name: str) -> str:
    """Return the header that saves a file as `name`, which a visitor chose (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def serve(desk: Desk) -> None:
    """Serve the page until stopped, at GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.

    Raises:
        SettingError: the port isn't a number or can't be used.
    """
    name = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    text = os.environ.get("GRADIO_SERVER_PORT", "7860")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingError(
            "setting.port", "GRADIO_SERVER_PORT is '{text}'; a number from 1 to 65535 is needed.",
            text=text,
        )  # fmt: skip
    port = int(text)
    _check_free(name, port)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses
    shut_memory()
    app = build_server(desk)
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    shown = f"[{shown}]" if ":" in shown else shown
    print(f"FILM Studio: http://{shown}:{port}", flush=True)
    DrainingServer(uvicorn.Config(app, name, port, log_level="warning"), desk.busy).run()


def _check_free(name: str, port: int) -> None:
    """Try every address that the server will listen at; an empty name means all of them."""
    try:
        found = socket.getaddrinfo(
            name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, *_, address in found:
            with socket.create_server(address, family=family):
                pass
    except OSError as failure:
        raise SettingError(
            "setting.port_used",
            "Port {port} on {name} can't be used ({reason}): set GRADIO_SERVER_PORT to another.",
            port=port, name=name, reason=failure.strerror or str(failure),
        ) from None  # fmt: skip
