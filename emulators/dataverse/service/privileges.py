"""What an application user may do: RetrieveUserPrivileges and RetrieveUserPrivilegeByPrivilegeName, of oneself.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveuserprivilegebyprivilegename
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emulators.dataverse.metadata import definitions
from emulators.dataverse.metadata.definition_defaults import PRIVILEGES
from emulators.dataverse.model import defaults
from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request

_ASKED = re.compile(
    r"systemusers\((?:systemuserid=)?(?P<user>[0-9a-fA-F-]{36})\)/Microsoft\.Dynamics\.CRM\."
    r"(?P<message>RetrieveUserPrivileges|RetrieveUserPrivilegeByPrivilegeName)\((?:PrivilegeName='(?P<name>\w+)')?\)"
)


def respond(environment: Environment, path: str, request: Request) -> Response | None:
    """Respond to either function, None to any other address. Raises DataverseError."""
    asked = _ASKED.fullmatch(path)
    if asked is None or request.method != "GET":
        return None
    user = environment.tokens.users[request.user or ""]
    if asked["user"].lower() != user.user_id:
        raise DataverseError.not_served("the privileges of another user")
    held = [
        _privilege(f"prv{kind}{schema.schema_name}")
        for schema in environment.store.schemas
        for kind in PRIVILEGES
        if user.may(schema.name, kind.lower())
    ]
    if (asked["message"] == "RetrieveUserPrivileges") is (asked["name"] is not None):
        raise DataverseError.not_served(path)
    if asked["name"]:
        known = {f"prv{kind}{schema.schema_name}" for schema in environment.store.schemas for kind in PRIVILEGES}
        if asked["name"] not in known:
            raise DataverseError.not_served(f"the privilege {asked['name']}")
        held = [privilege for privilege in held if privilege["PrivilegeName"] == asked["name"]]
    body = {
        "@odata.context": f"{environment.api_url}$metadata#Microsoft.Dynamics.CRM.{asked['message']}Response",
        "RolePrivileges": held,
    }
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body).encode())


def _privilege(name: str) -> dict[str, Any]:
    return {
        "Depth": "Global",
        "PrivilegeId": definitions.metadata_id(name),
        "BusinessUnitId": defaults.BUSINESS_UNIT_ID,
        "PrivilegeName": name,
        "RecordFilterId": "00000000-0000-0000-0000-000000000000",
        "RecordFilterUniqueName": "",
    }
