"""CreateMultiple, UpdateMultiple, UpsertMultiple: many rows in one transaction, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.dataverse.errors import DataverseError

if TYPE_CHECKING:
    from local.dataverse.app import Emulator
    from local.dataverse.messages import Request, Response
    from local.dataverse.store import Table


def answer(emulator: Emulator, table: Table, message: str, request: Request) -> Response:
    """POST set/Microsoft.Dynamics.CRM.{message}."""
    raise DataverseError.no_such_segment(message)
