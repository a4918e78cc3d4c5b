"""Stopping: what runs is finished and delivered, then the streams of idle tabs are closed."""

import asyncio
import time
from collections.abc import Callable

import uvicorn

DRAIN_SECONDS = 30.0
DELIVERY_SECONDS = 2


class DrainingServer(uvicorn.Server):
    """A server that on a stop signal takes nobody new and waits for running jobs, nothing else.

    Uvicorn alone waits for every open connection, and an open tab keeps one for as long as it
    lives: a page with a visitor would take the whole time limit to stop, or be killed.

    Args:
        config: uvicorn's.
        busy: whether a job is running or waiting.
    """

    def __init__(self, config: uvicorn.Config, busy: Callable[[], bool]) -> None:
        super().__init__(config)
        self._busy = busy

    async def shutdown(self, sockets: list | None = None) -> None:
        """Drain, then close."""
        for server in self.servers:
            server.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._busy() and time.monotonic() < deadline and not self.force_exit:
            await asyncio.sleep(0.1)
        self.config.timeout_graceful_shutdown = DELIVERY_SECONDS
        await super().shutdown(sockets)
