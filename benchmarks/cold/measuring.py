"""Cold starts of the functions of template.yaml, in new processes of the local Lambda host."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from benchmarks.cold.floor import unavoidable_imports, write_floor
from emulators.dns.server import LocalDns
from emulators.lambda_host.runtime.host import LambdaHost
from local.sam_invoke.events import event_for, function_of, load_people, settle
from local.stack import deployed_code, mail
from local.stack.stack import HOME, LocalStack, endpoints, local_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from emulators.lambda_host.template.provision import Stack

# An event of each function that finds the same work each time.
EVENTS = (
    "expiry_check.scheduled_again",
    "send_notices.scheduled",
    "mail_events.delivery",
    "status_changed.requested",
    "dynamics_sync.queued",
    "reconciliation.sweep",
    "force_sync.overview",
    "verify_integration.person",
    "operations.release_brake",
    "operations_reader.status",
)


class FunctionFailedError(Exception):
    """Raised when a function did not do its work, which makes its time meaningless."""


class Cold(NamedTuple):
    """Milliseconds of one new container: its start, its first event, and the same event again."""

    init: float
    first: float
    warm: float

    @property
    def total(self) -> float:
        """Return what the first caller waits."""
        return self.init + self.first


@dataclasses.dataclass(frozen=True)
class Ways:
    """The running stack, and a folder with a floor for each function."""

    stack: LocalStack
    environment: Mapping[str, str]
    folder: Path
    floors: Mapping[str, str]

    def function(self, name: str, python: str) -> Cold:
        """Return what a new container of the event's function takes."""
        return self._cold(name, None, python)

    def floor(self, name: str, python: str) -> Cold:
        """Return what a new container takes that imports the same libraries."""
        return self._cold(name, self.floors[name], python)

    def _cold(self, name: str, handler: str | None, python: str) -> Cold:
        logical_id = function_of(name, self.stack)
        found = [function for function in self.stack.stack.functions if function.logical_id == logical_id]
        functions = [dataclasses.replace(function, handler=handler or function.handler) for function in found]
        one = cast("Stack", SimpleNamespace(functions=functions, template=self.stack.stack.template))
        # The floor's module is in a folder of its own; the function's own code is a layer of every function.
        layers = {name: (deployed_code.TASK, *folders) for name, folders in deployed_code.LAYERS.items()}
        code: Any = {"layers": layers, "runtime": deployed_code.RUNTIME}
        event = event_for(name, self.stack)
        with LambdaHost(one, self.folder, self.environment, python, **code, init_seconds=60) as host:
            first, again = host.invoke(logical_id, event, 120), host.invoke(logical_id, event, 120)
        if first.function_error or first.init_ms is None:
            raise FunctionFailedError(f"{logical_id}: {first.payload}")
        return Cold(first.init_ms, first.duration_ms, again.duration_ms)


@contextmanager
def ways() -> Iterator[Ways]:
    """Yield the ways to measure, on a local stack with the synthetic mentors."""
    HOME.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        home = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="cold-", dir=HOME)))
        stack = running.enter_context(local_stack(home / "stack", fresh=True))
        names = running.enter_context(LocalDns(mail.DNS_RECORDS))
        load_people(stack.dsn)
        settle(stack)
        day = "expiry_check.scheduled", "send_notices.scheduled"  # what is measured afterwards is the same each time
        for name in day:
            stack.host.invoke(function_of(name, stack), event_for(name, stack))
        settle(stack)
        environment = endpoints(stack.aws_url, stack.ses.url, stack.sts.url)
        environment |= {"STACK_NAME": "", "DNS_SERVER": names.address}
        floors = home / "floors"
        floors.mkdir()
        functions = {function.logical_id: function for function in stack.stack.functions}
        written = {
            name: write_floor(
                floors, f"floor_{name.partition('.')[0]}", unavoidable_imports(functions[function_of(name, stack)])
            )
            for name in EVENTS
        }
        yield Ways(stack, environment, floors, written)
