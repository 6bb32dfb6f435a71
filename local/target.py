"""The local stack as a system for the commands of operations."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, override

from emulators.lambda_host.template.provision import local_clients
from local import surroundings
from local.mentors_file import loading
from local.mentors_file.mentors import mentor_uuid
from local.stack import session
from local.stack.aws import REGION
from operations.deployed import Deployment
from operations.errors import StackNotFoundError
from operations.target import Invoke, System, function_failed
from shared.domain.alerts import Language
from shared.domain.commands import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from operations.console import Progress


class LocalSystem(System):
    """The stack that `up` runs, or one started for a command and stopped after it. The people in it are synthetic."""

    shows_names = True

    def __init__(self) -> None:
        """Make printed commands those that are typed here."""
        self.target = Target(local_program=surroundings.this_program())

    @cached_property
    @override
    def deployment(self) -> Deployment:
        addresses = session.announced_addresses()
        if addresses is None:
            raise StackNotFoundError(
                f"no local stack is up, and its queues end with it: start one with {surroundings.this_program()} up"
            )
        clients = local_clients(addresses["aws"], REGION)
        ses = local_clients(addresses["ses"], REGION).sesv2
        return Deployment(addresses["outputs"], clients.sqs, clients.secretsmanager, ses, clients.sns)

    @property
    @override
    def language(self) -> Language:
        return Language.EN

    @override
    def database(self) -> AbstractContextManager[str]:
        return loading.filled_database()

    @contextmanager
    @override
    def functions(self, progress: Progress) -> Iterator[Invoke]:
        with session.session(progress=progress) as here:

            def invoke(function: str, event: object) -> Any:  # noqa: ANN401 - any JSON
                result = here.invoke(function, event)
                if result.function_error:
                    raise function_failed(result.payload, result.log)
                return result.payload

            yield invoke

    @override
    def mentor_id(self, text: str) -> UUID | None:
        """Return the id of a mentor, also by the id that the mentor has in a mentors file."""
        try:
            return mentor_uuid(text)
        except ValueError:
            return None


def local_system() -> System:
    """Return the local stack, which no option needs to name."""
    return LocalSystem()
