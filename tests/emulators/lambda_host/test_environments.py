"""Which environment an invocation gets while others start: one that becomes free, or a start when it is its turn."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from emulators.lambda_host.runtime.environments import Environments

MOST = 2 * (os.process_cpu_count() or 1)
PATIENCE = 1.0


class Environment:
    """A process that is alive."""

    alive = True


def test_more_starts_than_the_machine_bears_wait_for_a_free_one() -> None:
    """Fifty cold calls at once: most are served by what the first few have started, and none takes ten seconds."""

    async def burst() -> list[Any]:
        environments = Environments()
        starting = [Environment() for _ in range(MOST)]
        for worker in starting:
            environments.begins("ForceSync", worker)  # type: ignore[arg-type]
        calls = [asyncio.create_task(environments.take("ForceSync")) for _ in range(3)]
        await asyncio.sleep(PATIENCE + 0.3)
        assert not any(call.done() for call in calls)
        for worker in starting[:2]:
            environments.started(worker)  # type: ignore[arg-type]
            environments.give_back("ForceSync", worker)  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        got = [call.result() for call in calls if call.done()]
        for call in calls:
            call.cancel()
        assert {id(worker) for worker in got} <= {id(worker) for worker in starting}
        return got

    assert len(asyncio.run(burst())) == 2


def test_a_call_starts_one_when_there_is_room() -> None:
    """A start that takes long, as of a function that never gets ready, holds up nobody for more than a second."""

    async def second() -> object:
        environments = Environments()
        environments.begins("Slow", Environment())  # type: ignore[arg-type]
        return await asyncio.wait_for(environments.take("Slow"), PATIENCE + 1)

    assert asyncio.run(second()) is None
