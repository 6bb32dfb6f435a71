"""Every run ends with a reason, also when its connection to the database died (I18)."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError, ConnectionLostError
from shared.domain.runs import trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from shared.ports import Runs


@contextmanager
def ending(runs: Runs, run_id: UUID) -> Iterator[None]:
    """Write down that the run failed when the connection dies in the block, on another connection, and raise on."""
    try:
        yield
    except ConnectionLostError as error:
        with suppress(CertificationError):
            runs.finish(run_id, trouble(error))
        raise
