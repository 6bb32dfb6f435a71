"""The host runs the functions of a stack as Lambda does, each in processes of its own.

One thread with an event loop owns all processes and their state; `invoke` may be called from any thread. Triggers that
serve the network run in the same loop (`run`), so that nothing waits for another thread between them and a process.
"""

from __future__ import annotations

import asyncio
import json
import platform
import sys
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from emulators.lambda_host.errors import HostClosedError, LambdaHostError
from emulators.lambda_host.runtime.executor import Executor
from emulators.lambda_host.runtime.log_files import LogFiles
from emulators.lambda_host.runtime.workers import ProcessSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Any

    from emulators.lambda_host.runtime.invocation import Invocation
    from emulators.lambda_host.runtime.logs import LogLine
    from emulators.lambda_host.template.provision import Stack


class LambdaHost:
    """A context manager; when it is left no process remains.

    `task_root` is the folder that Lambda would have at /var/task. `layers` are those on the path after it: of all
    functions, or of each layer by its name in the template. `runtime` is that with awslambdaric at /var/runtime: with
    it, functions see none of the libraries of `python`. `on_log` gets every line in the host's own thread, so it should
    be quick. `log_directory` gets one file per function.
    """

    def __init__(
        self,
        stack: Stack,
        task_root: Path,
        extra_environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        on_log: Callable[[LogLine], None] | None = None,
        *,
        layers: Sequence[Path] | Mapping[str, Sequence[Path]] = (),
        runtime: Path | None = None,
        log_directory: Path | None = None,
        maximum_concurrency: int = 10,
        init_seconds: float = 10,
    ) -> None:
        if platform.system() != "Linux":
            raise LambdaHostError(
                "The local Lambda host needs Linux: awslambdaric, the runtime client it runs, exists for Linux only. "
                "Use a Linux container, WSL or a virtual machine."
            )
        self._functions = {function.logical_id: function for function in stack.functions}
        self._aliases = {(alias.function, alias.name) for alias in stack.template.aliases}
        settings = ProcessSettings(
            python=python,
            task_root=task_root.resolve(),
            layers=layers,
            runtime=runtime,
            extra_environment=extra_environment or {},
            init_seconds=init_seconds,
            sink=self._on_line,
        )
        if not task_root.is_dir():
            raise LambdaHostError(f"The task root {task_root} is no folder")
        if isinstance(layers, Mapping):
            for function in stack.functions:
                if missing := [name for name in function.layers if name not in layers]:
                    raise LambdaHostError(
                        f"{function.logical_id} has the layer {missing[0]}, of which no folder is given"
                    )
        self._on_log = on_log
        self._log_files = LogFiles(log_directory) if log_directory else None
        self._executor = Executor(settings, maximum_concurrency)
        self._invocations: set[asyncio.Task[Invocation]] = set()
        self._closing = False  # no more work is taken from other threads
        self._stopping = False  # no more invocations begin
        self._start_lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        # The processes die with the thread that started them (see workers.py), so this one lives as long as the host.
        self._thread = threading.Thread(target=self._loop.run_forever, name="lambda-host", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke(self, function_logical_id: str, event: object, timeout_override: float | None = None) -> Invocation:
        """Invoke and wait, like Lambda's Invoke with RequestResponse. Errors of the function are in the result.

        Raises TooManyRequestsException when the function's concurrency is used up.
        """
        body = json.dumps(event, ensure_ascii=False).encode()
        return self.run(self.invocation(function_logical_id, body, timeout_override)).result()

    def run[T](self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something in the host's own loop, where `invocation` can be awaited."""
        with self._start_lock:  # nothing is begun that close() would not see
            if self._closing:
                work.close()
                raise HostClosedError("The host is closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def invocation(
        self,
        function_logical_id: str,
        body: bytes,
        timeout_override: float | None = None,
        request_id: str | None = None,
    ) -> Invocation:
        """Invoke, from the host's own loop; `body` is the event as JSON. A cancelled invocation kills its process."""
        if function_logical_id not in self._functions:
            known = ", ".join(sorted(self._functions))
            raise LambdaHostError(f"There is no function {function_logical_id} (there is: {known})")
        if self._stopping:
            raise HostClosedError("The host is closed")
        function = self._functions[function_logical_id]
        request_id = request_id or str(uuid.uuid4())
        seconds = timeout_override or function.timeout_seconds
        task = asyncio.ensure_future(self._executor.invoke(function, request_id, body, seconds))
        self._invocations.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._stopping:
                raise HostClosedError("The host was closed during the invocation") from None
            raise
        finally:
            self._invocations.discard(task)

    def has_alias(self, function_logical_id: str, name: str) -> bool:
        """Return whether the function has an alias of this name."""
        return (function_logical_id, name) in self._aliases

    def concurrency(self, function_logical_id: str) -> int:
        """Return how many invocations of the function may run at the same time."""
        return self._executor.concurrency(self._functions[function_logical_id])

    def close(self) -> None:
        """Kill every process and wait until it is gone. Invocations under way raise HostClosedError."""
        with self._start_lock:
            if self._closing:
                return
            self._closing = True
        asyncio.run_coroutine_threadsafe(self._stop_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._log_files:
            self._log_files.close()

    async def _stop_all(self) -> None:
        self._stopping = True
        for task in self._invocations:
            task.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)
        await self._executor.stop()
        # A task that waited for one of them, such as a request whose other end has gone, ends before the loop does.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _on_line(self, line: LogLine) -> None:
        if self._log_files:
            self._log_files.write(line)
        if self._on_log:
            self._on_log(line)
