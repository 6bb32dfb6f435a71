"""/_emulator: changes of the emulator itself, for tests, the local stack and people. JSON in, JSON out.

client.EmulatorControl is this in Python; docs/dataverse-emulator.md lists the addresses, docs/dataverse-faults.md has
every body.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pydantic import ValidationError

from emulators.dataverse.control.handlers import HANDLERS
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.messages import Response

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request


def respond(environment: Environment, request: Request) -> Response:
    """Respond to one request to /_emulator/…; a wrong one is refused with 400 and the reason."""
    name, _, rest = request.path.removeprefix("/_emulator/").partition("/")
    handler = HANDLERS.get((request.method, name))
    if handler is None:
        return _json(404, {"error": f"there is no {request.method} {request.path}"})
    try:
        return _json(200, handler(environment, rest, dict(parse_qsl(request.query)), request.body))
    except DataverseError as error:
        return error.response()
    except LookupError as error:
        return _json(404, {"error": str(error.args[0])})
    except ValidationError as error:
        return _json(400, {"error": str(error)})
    except ValueError as error:
        return _json(400, {"error": str(error)})


def _json(status: int, content: object) -> Response:
    return Response(status, [("Content-Type", "application/json; charset=utf-8")], json.dumps(content).encode())
