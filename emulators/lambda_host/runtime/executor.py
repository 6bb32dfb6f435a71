"""The invocations of functions: each takes a free environment, or a new one, and gives it back."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from emulators.lambda_host.errors import TooManyRequestsException
from emulators.lambda_host.runtime.environments import Environments
from emulators.lambda_host.runtime.invocation import UNHANDLED, Invocation, report_line
from emulators.lambda_host.runtime.runtime_api import InvocationRequest
from emulators.lambda_host.runtime.workers import ProcessSettings, Worker

if TYPE_CHECKING:
    from emulators.lambda_host.runtime.invocation import Outcome
    from emulators.lambda_host.template.resources import Function


class Executor:
    """Runs invocations in the loop that owns the processes."""

    def __init__(self, settings: ProcessSettings, maximum_concurrency: int) -> None:
        self._settings = settings
        self._maximum_concurrency = maximum_concurrency
        self._environments = Environments()
        self._busy: defaultdict[str, int] = defaultdict(int)

    def concurrency(self, function: Function) -> int:
        """Return how many invocations of the function may run at the same time."""
        reserved = function.reserved_concurrency
        return self._maximum_concurrency if reserved is None else reserved

    async def stop(self) -> None:
        """Kill every process and wait until it is gone."""
        await self._environments.stop()

    async def invoke(self, function: Function, request_id: str, body: bytes, seconds: float) -> Invocation:
        """Invoke the function once. Raises TooManyRequestsException when its concurrency is used up."""
        key = function.logical_id
        limit = self.concurrency(function)
        if self._busy[key] >= limit:
            raise TooManyRequestsException(f"{key}: Rate Exceeded. (all {limit} environments are busy)")
        self._busy[key] += 1
        try:
            worker = await self._environment(function)
            done = False
            try:
                invocation = await self._run(worker, function, request_id, body, seconds)
                done = True
                return invocation
            finally:
                if done and worker.alive:
                    self._environments.give_back(key, worker)
                else:
                    self._environments.ended(worker)
                    await worker.stop()
        finally:
            self._busy[key] -= 1

    async def _environment(self, function: Function) -> Worker:
        day = time.strftime("%Y/%m/%d", time.gmtime())
        return await self._environments.take(function.logical_id) or Worker(
            function, self._settings, f"{day}/[$LATEST]{secrets.token_hex(16)}"
        )

    async def _run(
        self, worker: Worker, function: Function, request_id: str, body: bytes, seconds: float
    ) -> Invocation:
        worker.log.begin(request_id)
        init_ms, outcome = (None, None) if worker.alive else await self._start(worker, function, request_id)
        informs = function.logging.keeps("INFO")
        if informs:
            worker.log.write(f"START RequestId: {request_id} Version: $LATEST")
        began = time.perf_counter()
        if outcome is None:
            outcome = await worker.invoke(_request(function, request_id, body, seconds), seconds)
        duration_ms = (time.perf_counter() - began) * 1000
        if informs:
            worker.log.write(f"END RequestId: {request_id}")
        memory = worker.peak_memory_mb
        report = report_line(
            request_id,
            duration_ms=duration_ms,
            init_ms=init_ms,
            memory_mb=function.memory_mb,
            max_memory_mb=memory,
            status=outcome.status,
        )
        # A failure is reported at WARN.
        if informs or (outcome.status and function.logging.keeps("WARN")):
            worker.log.write(report)
        return Invocation(
            request_id=request_id,
            payload=outcome.payload(),
            function_error=UNHANDLED if outcome.failed else None,
            duration_ms=duration_ms,
            init_ms=init_ms,
            max_memory_mb=memory,
            log_lines=worker.log.end(),
        )

    async def _start(self, worker: Worker, function: Function, request_id: str) -> tuple[float, Outcome | None]:
        self._environments.begins(function.logical_id, worker)
        try:
            return await worker.start(request_id)
        finally:
            self._environments.started(worker)


def _request(function: Function, request_id: str, body: bytes, seconds: float) -> InvocationRequest:
    now = time.time()
    return InvocationRequest(
        request_id=request_id,
        body=body,
        deadline_ms=int((now + seconds) * 1000),
        function_arn=function.arn,
        trace_id=f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0",
    )
