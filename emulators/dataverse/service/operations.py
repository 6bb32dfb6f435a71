"""One operation of the Web API, alone or inside a `$batch`: faults, forms, the work, the reply."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.service import formats, routes

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request, Response

_log = logging.getLogger(__name__)


def execute(environment: Environment, request: Request) -> Response:
    """Carry out one operation. The function is synchronous, so no other operation comes between."""
    faults, journal = environment.faults, environment.journal
    if faults.operations and (rule := faults.pick("operation", request, time.time())):
        response = rule.response()
    else:
        try:
            formats.check(request)
            response = formats.written(request, routes.respond(environment, request))
        except DataverseError as error:
            response = error.response(annotated="odata.include-annotations" in request.headers.get("prefer", ""))
        except Exception:  # noqa: BLE001 - a failed operation must not end the batch that it is in
            _log.exception("an operation failed by a fault of the emulator's own")
            response = DataverseError(500, "0x80040216", "An unexpected error occurred.").response()
    journal.executed += 1
    journal.operations[response.status] += 1
    return response
