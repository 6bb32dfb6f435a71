"""The handler of each address of the control API.

Each raises LookupError, ValueError or DataverseError with the reason of a refusal.
"""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from emulators.dataverse.access import credentials
from emulators.dataverse.access.protection import Limits
from emulators.dataverse.control import manual_edits
from emulators.dataverse.faults.rules import Rule
from emulators.dataverse.settings import EmulatorSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.table import Table

    type Query = dict[str, str]
    type Handler = Callable[[Environment, str, Query, bytes], object]

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
    """The website's cache: how old its rows may be, and whether to read the table again."""

    model_config = ConfigDict(extra="forbid")

    lag_seconds: float | None = Field(None, ge=0)
    refresh: bool = False


def _faults(environment: Environment, _rest: str, _query: Query, _body: bytes) -> object:
    return [live.described() for live in environment.faults.all]


def _add_fault(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    return environment.faults.add(Rule.model_validate_json(body)).described()


def _remove_faults(environment: Environment, rest: str, _query: Query, _body: bytes) -> object:
    if rest:
        environment.faults.remove(int(rest))
    else:
        environment.faults.clear()
    return {}


def _journal(environment: Environment, rest: str, query: Query, _body: bytes) -> object:
    journal = environment.journal
    match rest:
        case "":
            return [entry._asdict() for entry in journal.entries(int(query.get("since", 0)))]
        case "writes":
            return [written._asdict() for written in journal.writes(float(query.get("since", 0)))]
        case "summary":
            return {**journal.summary(), **environment.protection.usage()}
    raise LookupError(f"there is no journal/{rest}")


def _clear_journal(environment: Environment, _rest: str, _query: Query, _body: bytes) -> object:
    environment.journal.clear()
    environment.protection.forget_peaks()
    return {"n": environment.journal.n, "at": time.time()}


def _resize_journal(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    environment.journal.resize(TypeAdapter(int).validate_json(body))
    return {"size": environment.journal.size}


def _limits(environment: Environment, _rest: str, _query: Query, _body: bytes) -> object:
    return environment.protection.limits.model_dump()


def _change_limits(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    """Change the named limits, and forget the users' requests, so that a new limit starts from nothing."""
    changed = Limits.model_validate(environment.protection.limits.model_dump() | _FIELDS.validate_json(body))
    environment.protection.reset(changed)
    return changed.model_dump()


def _block(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    block = UserBlock.model_validate_json(body)
    environment.protection.block(block.seconds, block.user, time.time())
    return {}


def _credentials(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    change = credentials.CredentialChange.model_validate_json(body)
    if not change.table:
        change = change.model_copy(update={"table": environment.store.schemas[0].name})
    if change.action in {"deny", "allow"} and change.table not in environment.store.tables_by_name:
        raise LookupError(f"there is no table {change.table}")
    credentials.apply_change(environment.tokens, change)
    return {}


def _rows(environment: Environment, rest: str, query: Query, _body: bytes) -> object:
    table = _table(environment, rest)
    if "key" not in query:
        return list(table.rows.values())
    row = manual_edits.find(table, json.loads(query["key"]))
    return [] if row is None else [row]


def _edit(environment: Environment, rest: str, _query: Query, body: bytes) -> object:
    return manual_edits.apply_edit(
        environment, _table(environment, rest), manual_edits.ManualEdit.model_validate_json(body)
    )


def _fill(environment: Environment, rest: str, _query: Query, body: bytes) -> object:
    return {"filled": manual_edits.fill(environment, _table(environment, rest), _ROWS.validate_json(body))}


def _table(environment: Environment, set_name: str) -> Table:
    """Return the table of a set, the first one of the schema file without a name."""
    table = environment.store.tables_by_set.get(set_name or environment.store.schemas[0].set_name)
    if table is None:
        raise LookupError(f"there is no set {set_name}")
    return table


def _settings(environment: Environment, _rest: str, _query: Query, _body: bytes) -> object:
    return dataclasses.asdict(environment.settings)


def _change_settings(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    asked = _FIELDS.validate_json(body)
    known = dataclasses.asdict(environment.settings)
    if unknown := asked.keys() - known.keys():
        raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
    environment.settings = _SETTINGS.validate_python(known | asked)
    return dataclasses.asdict(environment.settings)


def _change_origins(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    environment.tokens.origins = _ORIGINS.validate_json(body)
    return sorted(environment.tokens.origins)


def _portal(environment: Environment, _rest: str, _query: Query, body: bytes) -> object:
    asked, website = Portal.model_validate_json(body), environment.website
    if website is None:
        raise LookupError("the schema file has no website")
    if asked.lag_seconds is not None:
        website.lag_seconds = asked.lag_seconds
    if asked.refresh:
        website.refresh()
    return {"lag_seconds": website.lag_seconds}


def _reset(environment: Environment, _rest: str, _query: Query, _body: bytes) -> object:
    environment.reset()
    return {}


HANDLERS: Final[dict[tuple[str, str], Handler]] = {
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
