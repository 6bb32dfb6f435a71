"""One execution environment: a process of the real runtime client, from its first line to its last.

Source: "Understanding the Lambda execution environment lifecycle" in the AWS Lambda Developer Guide.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.lambda_host.runtime.invocation import Outcome, exited, timed_out
from emulators.lambda_host.runtime.logs import LogCapture, LogLine
from emulators.lambda_host.runtime.runtime_api import (
    Event,
    Exited,
    Failed,
    InvocationRequest,
    Ready,
    Responded,
    RuntimeApi,
)
from emulators.lambda_host.template.environment import process_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulators.lambda_host.template.resources import Function

# A process asks the kernel to be killed when the thread that started it ends, and only then becomes the runtime. So
# even `kill -9` of this program leaves none behind. (1 is PR_SET_PDEATHSIG, 9 is SIGKILL; the parent may have gone.)
_DIE_WITH_PARENT = (
    "import ctypes, posix, sys; ctypes.CDLL(None).prctl(1, 9); "
    "posix.getppid() == int(sys.argv[1]) or posix._exit(1); posix.execv(sys.argv[2], sys.argv[2:])"
)
_PEAK_MEMORY = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class ProcessSettings:
    """The settings of all processes of a host.

    `task_root` and then `layers` are on the path: the same for all functions, or the folders of each layer by its name
    in the template, of which a function has its own. `runtime` is the folder of awslambdaric, as Lambda has it in
    /var/runtime; without it the process takes awslambdaric, and whatever else is there, from where `python` has it.
    """

    python: str
    task_root: Path
    layers: Sequence[Path] | Mapping[str, Sequence[Path]]
    runtime: Path | None
    extra_environment: Mapping[str, str]
    init_seconds: float
    sink: Callable[[LogLine], None]

    def path(self, function: Function) -> Sequence[Path]:
        """Return the folders that modules of this function are imported from."""
        layers = self.layers
        if isinstance(layers, Mapping):
            own = [folder for name in function.layers for folder in layers[name]]
        else:
            own = [*layers]
        return (self.task_root, *own, *([self.runtime] if self.runtime else []))


class Worker:
    """A process with its Runtime API. Used from the host's loop only, by one invocation at a time."""

    def __init__(self, function: Function, settings: ProcessSettings, log_stream: str) -> None:
        self._function = function
        self._settings = settings
        self._log_stream = log_stream
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._api = RuntimeApi(self._events.put_nowait)
        self._pipe, self._pipe_of_process = os.pipe()
        os.set_blocking(self._pipe, False)
        self.log = LogCapture(function.logical_id, self._pipe, settings.sink)
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[None] | None = None
        self.peak_memory_mb = 0

    @property
    def alive(self) -> bool:
        """Return whether the process can take another invocation."""
        return self._process is not None and self._process.returncode is None

    async def start(self, request_id: str) -> tuple[float, Outcome | None]:
        """Start the process and wait until it wants work. Return the milliseconds, and the failure if there was one."""
        address = await self._api.start()
        settings = self._settings
        environment = process_environment(
            self._function, address, self._log_stream, settings.path(self._function), settings.extra_environment
        )
        began = time.perf_counter()
        # -S: no library but those on the path that Lambda would have.
        alone = ["-S", "-s"] if settings.runtime else []
        runtime = [settings.python, *alone, "-m", "awslambdaric", self._function.handler]
        self._process = await asyncio.create_subprocess_exec(
            *(settings.python, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *runtime),
            cwd=settings.task_root,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._pipe_of_process,
            stderr=self._pipe_of_process,
            process_group=0,
        )
        os.close(self._pipe_of_process)
        self._pipe_of_process = -1
        asyncio.get_running_loop().add_reader(self._pipe, self._on_output)
        self._exit = asyncio.create_task(self._watch(self._process))
        outcome = await self._until_ready(request_id, settings.init_seconds)
        return (time.perf_counter() - began) * 1000, outcome

    async def invoke(self, request: InvocationRequest, seconds: float) -> Outcome:
        """Give the process one request. It may be dead afterwards: see `alive`."""
        self._api.give(request)
        outcome = await self._until_ready(request.request_id, seconds)
        # A process that wants more work before it responds breaks the Runtime API's contract.
        return outcome or exited(request.request_id, 0)

    async def stop(self) -> None:
        """Kill the process and all its children, and free its resources."""
        loop = asyncio.get_running_loop()
        if self._process:
            self._kill()
            await self._process.wait()
        if self._exit:
            await self._exit
        await self._api.close()
        loop.remove_reader(self._pipe)
        os.close(self._pipe)
        if self._pipe_of_process >= 0:
            os.close(self._pipe_of_process)

    async def _until_ready(self, request_id: str, seconds: float) -> Outcome | None:
        """Return the process's response once it wants work again; its first response counts."""
        outcome: Outcome | None = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    match await self._events.get():
                        case Ready():
                            break
                        case Responded(body):
                            outcome = outcome or Outcome(body, failed=False)
                        case Failed(body):
                            outcome = outcome or Outcome(body, failed=True)
                        case Exited(status):
                            outcome = outcome or exited(request_id, status)
                            break
        except TimeoutError:
            outcome = outcome or timed_out(request_id, seconds)
            self._measure()
            self._kill()
            if self._process:
                await self._process.wait()
        self._measure()
        self.log.flush()
        return outcome

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        # The process's children end with it. Now, and not later: the number of its group may soon be used again.
        _kill_group(process.pid)
        self._events.put_nowait(Exited(status))

    def _on_output(self) -> None:
        if not self.log.drain():
            asyncio.get_running_loop().remove_reader(self._pipe)

    def _measure(self) -> None:
        """Measure the peak resident memory. The kernel forgets it with the process, so the last known value stays."""
        if self._process:
            with suppress(OSError):
                found = _PEAK_MEMORY.search(Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii"))
                self.peak_memory_mb = ceil(int(found[1]) / 1024) if found else self.peak_memory_mb

    def _kill(self) -> None:
        if self._process and self.alive:
            _kill_group(self._process.pid)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
