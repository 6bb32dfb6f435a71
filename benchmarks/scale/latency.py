"""A TCP proxy that adds a delay to whatever a client sends, as the way between two data centres does.

Every statement of psycopg is one message and waits for its answer, so each becomes longer by the delay. Messages that
follow each other without waiting, as those of COPY do, are on their way together and are delayed together.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 65_536


class DelayedPort:
    """A port on 127.0.0.1 that leads to another one. A context manager. `messages` counts what clients have sent."""

    def __init__(self, port: int, seconds: float) -> None:
        self._to, self._seconds = port, seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.messages = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_CHUNK)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        there, here = await asyncio.open_connection("127.0.0.1", self._to)
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive(reader, waiting))
                group.create_task(self._pass_on(waiting, here))
                group.create_task(_copy(there, writer))
        finally:
            for end in (here, writer):
                end.close()
                with suppress(ConnectionError):
                    await end.wait_closed()

    async def _receive(self, reader: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        while data := await _read(reader):
            self.messages += 1
            waiting.put_nowait((self._loop.time() + self._seconds, data))
        waiting.put_nowait((0.0, b""))

    async def _pass_on(self, waiting: asyncio.Queue[tuple[float, bytes]], here: asyncio.StreamWriter) -> None:
        while True:
            at, data = await waiting.get()
            await asyncio.sleep(at - self._loop.time())
            if not data:
                break
            here.write(data)
            with suppress(ConnectionError):
                await here.drain()
        here.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await _read(reader):
        writer.write(data)
        with suppress(ConnectionError):
            await writer.drain()
    writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    with suppress(ConnectionError):
        return await reader.read(_CHUNK)
    return b""
