"""Roles and application users, as an administrator makes them.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/associate-disassociate-entities-using-web-api
https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/replaceprivilegesrole
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.access.administration import BUSINESS_UNITS, ROLES, UNIT_OF, USERS
from emulators.dataverse.metadata.definition_defaults import PRIVILEGES
from emulators.dataverse.metadata.definition_queries import json_reply
from emulators.dataverse.metadata.definitions import metadata_id
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.service import queries, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ROW: Final = re.compile(rf"(\w+)\(({_ID})\)(?:/(.+))?", re.IGNORECASE)
_REFERENCE: Final = re.compile(rf"(?:https?://[^/]+/api/data/v9\.2/|/)?(\w+)\(({_ID})\)", re.IGNORECASE)
_BIND: Final = "businessunitid@odata.bind"
_REPLACE: Final = "Microsoft.Dynamics.CRM.ReplacePrivilegesRole"
_ADD: Final = "Microsoft.Dynamics.CRM.AddPrivilegesRole"
_HELD: Final = "systemuserroles_association"
_DEPTHS: Final = frozenset({"Basic", "Local", "Deep", "Global"})


def respond(environment: Environment, path: str, request: Request) -> Response | None:
    """Respond to a request for business units, roles or users; None for another address. Raises DataverseError."""
    set_name = path.partition("(")[0].partition("/")[0]
    table = environment.administration.store.tables_by_set.get(set_name)
    if table is None:
        return None
    row = _ROW.fullmatch(path)
    row_id = row[2].lower() if row is not None and row[2].lower() in table.rows else ""
    below = f"/{row[3]}" if row is not None and row_id else "" if path == set_name else "unknown"
    serve = _SERVED.get((request.method, set_name, below))
    if serve is None:
        return None
    environment.tokens.require_administrator(request.user, table.schema.name)
    return serve(environment, table, row_id, request)


def _query(environment: Environment, table: Table, _: str, request: Request) -> Response:
    return queries.query(environment, table, request)


def _create(environment: Environment, table: Table, _: str, request: Request) -> Response:
    body = records.body_of(table, request)
    unit = _REFERENCE.fullmatch(str(body.pop(_BIND, "")))
    units = environment.administration.store.tables_by_set[BUSINESS_UNITS].rows
    if unit is None or unit[1] != BUSINESS_UNITS or unit[2] not in units:
        raise DataverseError.not_served(f"{table.schema.set_name} without a business unit that there is")
    request.body = json.dumps(body | {UNIT_OF: unit[2]}).encode()
    response = records.create(environment, table, request)
    if table.schema.set_name == USERS:
        user_id = next(reversed(table.rows))
        environment.administration.roles[user_id] = set()
        environment.administration.apply(environment.tokens)
    return response


def _replace_privileges(environment: Environment, _: Table, role: str, request: Request) -> Response:
    return _set_privileges(environment, role, _privileges(environment, request))


def _add_privileges(environment: Environment, _: Table, role: str, request: Request) -> Response:
    held = environment.administration.privileges.get(role, frozenset())
    return _set_privileges(environment, role, held | _privileges(environment, request))


def _set_privileges(environment: Environment, role: str, held: frozenset[tuple[str, str]]) -> Response:
    environment.administration.privileges[role] = held
    environment.administration.apply(environment.tokens)
    return Response(204, [ODATA_VERSION])


def _privileges(environment: Environment, request: Request) -> frozenset[tuple[str, str]]:
    known = {
        metadata_id(f"prv{kind}{schema.schema_name}"): (schema.name, kind.lower())
        for schema in environment.store.schemas
        for kind in PRIVILEGES
    }
    held = set()
    for given in _object(request).get("Privileges", []):
        privilege = known.get(str(given.get("PrivilegeId", "")).lower())
        if privilege is None or given.get("Depth") not in _DEPTHS:
            raise DataverseError.not_served(f"the privilege {given}")
        if given["Depth"] != "Global":
            raise DataverseError.not_served("privileges of less depth than Global: every row belongs to every user")
        held.add(privilege)
    return frozenset(held)


def _give_role(environment: Environment, _: Table, user: str, request: Request) -> Response:
    reference = _REFERENCE.fullmatch(str(_object(request).get("@odata.id", "")))
    roles = environment.administration.store.tables_by_set[ROLES].rows
    if reference is None or reference[1] != ROLES or reference[2].lower() not in roles:
        raise DataverseError.no_such_row("role", reference[2] if reference else "")
    environment.administration.roles.setdefault(user, set()).add(reference[2].lower())
    environment.administration.apply(environment.tokens)
    return Response(204, [ODATA_VERSION])


def _roles_of(environment: Environment, _: Table, user: str, __: Request) -> Response:
    roles = environment.administration.store.tables_by_set[ROLES].rows
    held = sorted(environment.administration.roles.get(user, ()))
    context = f"{environment.api_url}$metadata#roles"
    return json_reply(
        {"@odata.context": context, "value": [{"roleid": role, "name": roles[role]["name"]} for role in held]}
    )


def _object(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(request.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataverseError.payload("", "A 'StartObject' node was expected.")
    return content


_SERVED: Final[dict[tuple[str, str, str], Callable[[Environment, Table, str, Request], Response]]] = {
    ("GET", BUSINESS_UNITS, ""): _query,
    ("GET", ROLES, ""): _query,
    ("GET", USERS, ""): _query,
    ("POST", ROLES, ""): _create,
    ("POST", USERS, ""): _create,
    ("POST", ROLES, f"/{_REPLACE}"): _replace_privileges,
    ("POST", ROLES, f"/{_ADD}"): _add_privileges,
    ("POST", USERS, f"/{_HELD}/$ref"): _give_role,
    ("GET", USERS, f"/{_HELD}"): _roles_of,
}
"""By method, set and what stands behind the row; everything else is not served."""
