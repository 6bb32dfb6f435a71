"""/_emulator: what tests, the local stack and a curious person may do to the emulator. JSON in, JSON out.

client.EmulatorControl is this in Python; docs/dataverse-emulator.md lists the addresses, docs/dataverse-faults.md has
every body.
"""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from emulators.dataverse.access import credentials
from emulators.dataverse.access.protection import Limits
from emulators.dataverse.control import manual_edits
from emulators.dataverse.faults.faults import Rule
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.settings import EmulatorSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.app import Emulator
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.store import Table

    type Query = dict[str, str]
    type Handler = Callable[[Emulator, str, Query, bytes], object]

_SETTINGS: Final = TypeAdapter(EmulatorSettings)
_ORIGINS: Final = TypeAdapter(set[str])
_ROWS: Final = TypeAdapter(list[dict[str, Any]])
_FIELDS: Final = TypeAdapter(dict[str, Any])


class UserBlock(BaseModel):
    """Refuse a user for some seconds, as if the limit on requests had been reached."""

    model_config = ConfigDict(extra="forbid")

    user: str
    seconds: float = Field(gt=0)


class Portal(BaseModel):
    """The website's cache: how old what a visitor sees may be, and whether to look at the table anew."""

    model_config = ConfigDict(extra="forbid")

    lag_seconds: float | None = Field(None, ge=0)
    refresh: bool = False


def respond(emulator: Emulator, request: Request) -> Response:
    """One request to /_emulator/…; what it says wrongly is a 400 with the reason."""
    name, _, rest = request.path.removeprefix("/_emulator/").partition("/")
    handler = _HANDLERS.get((request.method, name))
    if handler is None:
        return _json(404, {"error": f"there is no {request.method} {request.path}"})
    try:
        return _json(200, handler(emulator, rest, dict(parse_qsl(request.query)), request.body))
    except DataverseError as error:
        return error.response()
    except LookupError as error:
        return _json(404, {"error": str(error.args[0])})
    except ValidationError as error:
        return _json(400, {"error": str(error)})
    except ValueError as error:
        return _json(400, {"error": str(error)})


def _faults(emulator: Emulator, _rest: str, _query: Query, _body: bytes) -> object:
    return [live.described() for live in emulator.faults.all]


def _add_fault(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    return emulator.faults.add(Rule.model_validate_json(body)).described()


def _remove_faults(emulator: Emulator, rest: str, _query: Query, _body: bytes) -> object:
    if rest:
        emulator.faults.remove(int(rest))
    else:
        emulator.faults.clear()
    return {}


def _journal(emulator: Emulator, rest: str, query: Query, _body: bytes) -> object:
    journal = emulator.journal
    match rest:
        case "":
            return [entry._asdict() for entry in journal.entries(int(query.get("since", 0)))]
        case "writes":
            return [written._asdict() for written in journal.writes(float(query.get("since", 0)))]
        case "summary":
            return {**journal.summary(), **emulator.protection.usage()}
    raise LookupError(f"there is no journal/{rest}")


def _clear_journal(emulator: Emulator, _rest: str, _query: Query, _body: bytes) -> object:
    emulator.journal.clear()
    emulator.protection.forget_peaks()
    return {"n": emulator.journal.n, "at": time.time()}


def _resize_journal(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    emulator.journal.resize(TypeAdapter(int).validate_json(body))
    return {"size": emulator.journal.size}


def _limits(emulator: Emulator, _rest: str, _query: Query, _body: bytes) -> object:
    return emulator.protection.limits.model_dump()


def _change_limits(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    """Change those that are named; what users did so far is forgotten, so that a new limit starts from nothing."""
    changed = Limits.model_validate(emulator.protection.limits.model_dump() | _FIELDS.validate_json(body))
    emulator.protection.reset(changed)
    return changed.model_dump()


def _block(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    block = UserBlock.model_validate_json(body)
    emulator.protection.block(block.seconds, block.user, time.time())
    return {}


def _credentials(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    change = credentials.CredentialChange.model_validate_json(body)
    if change.action in {"deny", "allow"} and change.table not in emulator.store.tables_by_name:
        raise LookupError(f"there is no table {change.table}")
    credentials.apply_change(emulator.tokens, change)
    return {}


def _rows(emulator: Emulator, rest: str, query: Query, _body: bytes) -> object:
    table = _table(emulator, rest)
    if "key" not in query:
        return list(table.rows.values())
    row = manual_edits.find(table, json.loads(query["key"]))
    return [] if row is None else [row]


def _edit(emulator: Emulator, rest: str, _query: Query, body: bytes) -> object:
    return manual_edits.apply_edit(emulator, _table(emulator, rest), manual_edits.ManualEdit.model_validate_json(body))


def _fill(emulator: Emulator, rest: str, _query: Query, body: bytes) -> object:
    return {"filled": manual_edits.fill(emulator, _table(emulator, rest), _ROWS.validate_json(body))}


def _table(emulator: Emulator, set_name: str) -> Table:
    table = emulator.store.tables_by_set.get(set_name)
    if table is None:
        raise LookupError(f"there is no set {set_name}")
    return table


def _settings(emulator: Emulator, _rest: str, _query: Query, _body: bytes) -> object:
    return dataclasses.asdict(emulator.settings)


def _change_settings(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    asked = _FIELDS.validate_json(body)
    known = dataclasses.asdict(emulator.settings)
    if unknown := asked.keys() - known.keys():
        raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
    emulator.settings = _SETTINGS.validate_python(known | asked)
    return dataclasses.asdict(emulator.settings)


def _change_origins(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    emulator.tokens.origins = _ORIGINS.validate_json(body)
    return sorted(emulator.tokens.origins)


def _portal(emulator: Emulator, _rest: str, _query: Query, body: bytes) -> object:
    asked, portal = Portal.model_validate_json(body), emulator.portal
    if portal is None:
        raise LookupError("the schema file has no website")
    if asked.lag_seconds is not None:
        portal.lag_seconds = asked.lag_seconds
    if asked.refresh:
        portal.refresh()
    return {"lag_seconds": portal.lag_seconds}


def _reset(emulator: Emulator, _rest: str, _query: Query, _body: bytes) -> object:
    emulator.reset()
    return {}


def _json(status: int, content: object) -> Response:
    return Response(status, [("Content-Type", "application/json; charset=utf-8")], json.dumps(content).encode())


_HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _remove_faults,
    ("GET", "journal"): _journal,
    ("DELETE", "journal"): _clear_journal,
    ("PUT", "journal"): _resize_journal,
    ("GET", "limits"): _limits,
    ("PUT", "limits"): _change_limits,
    ("POST", "limits"): _block,
    ("POST", "credentials"): _credentials,
    ("GET", "rows"): _rows,
    ("POST", "rows"): _edit,
    ("PUT", "rows"): _fill,
    ("GET", "settings"): _settings,
    ("PUT", "settings"): _change_settings,
    ("PUT", "origins"): _change_origins,
    ("PUT", "website"): _portal,
    ("POST", "reset"): _reset,
}
