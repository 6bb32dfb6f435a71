"""The system's own tables of business units, roles and users, as far as setting up an application user needs them.

They are served only while the setting `administration` is on. Their columns are those that such a set-up reads or
writes, of the pages "BusinessUnit", "Role" and "SystemUser table/entity reference".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema import Column, TableSchema
from emulators.dataverse.model.store import Store

if TYPE_CHECKING:
    from emulators.dataverse.access.tokens import TokenIssuer

BUSINESS_UNITS: Final = "businessunits"
ROLES: Final = "roles"
USERS: Final = "systemusers"
UNIT_OF: Final = "_businessunitid_value"
"""The property that holds the business unit of a role or user."""


def _guid(name: str, *, read_only: bool = False) -> Column:
    return Column(name, "uniqueidentifier", read_only=read_only)


def _table(name: str, set_name: str, primary_name: str, *columns: Column) -> TableSchema:
    states = {0: "Enabled", 1: "Disabled"}
    everything = (
        _guid(f"{name}id", read_only=True),
        *columns,
        Column("statecode", "state", options=states, read_only=True),
        Column("statuscode", "status", options={1: "Enabled", 2: "Disabled"}, read_only=True),
        Column("createdon", "datetime", read_only=True),
        Column("modifiedon", "datetime", read_only=True),
        Column("versionnumber", "bigint", read_only=True),
    )
    return TableSchema(
        name=name,
        set_name=set_name,
        schema_name=name,
        display_name=name,
        primary_id=f"{name}id",
        primary_name=primary_name,
        columns={column.property: column for column in everything},
        keys=(),
        status_of_state={0: 1, 1: 2},
        state_of_status={1: 0, 2: 1},
        change_tracking=False,
        object_type_code=0,
        navigations={},
    )


_SCHEMAS: Final = (
    _table("businessunit", BUSINESS_UNITS, "name", Column("name", "string", 160), _guid("_parentbusinessunitid_value")),
    _table("role", ROLES, "name", Column("name", "string", 100), _guid(UNIT_OF)),
    _table("systemuser", USERS, "fullname", Column("fullname", "string", 200), _guid("applicationid"), _guid(UNIT_OF)),
)


class Administration:
    """The root business unit, the roles with their privileges, and the users with their roles."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Keep the root business unit and the built-in application's user, who may do everything."""
        self.store = Store(_SCHEMAS)
        unit = {"businessunitid": defaults.BUSINESS_UNIT_ID, "name": "local", "_parentbusinessunitid_value": None}
        self.store.tables_by_set[BUSINESS_UNITS].insert(unit)
        user = {"systemuserid": defaults.APPLICATION_USER_ID, "applicationid": defaults.CLIENT_ID, "fullname": "local"}
        self.store.tables_by_set[USERS].insert(user | {UNIT_OF: defaults.BUSINESS_UNIT_ID})
        self.privileges: dict[str, frozenset[tuple[str, str]]] = {}
        """By role id: (table, read | create | write | delete …)."""
        self.roles: dict[str, set[str]] = {}
        """By user id, of the users that were made here."""

    def apply(self, tokens: TokenIssuer) -> None:
        """Give every user that was made here exactly the privileges of its roles."""
        users = self.store.tables_by_set[USERS].rows
        for user_id, roles in self.roles.items():
            held = frozenset[tuple[str, str]]().union(*(self.privileges.get(role, frozenset()) for role in roles))
            tokens.restrict(users[user_id]["applicationid"], user_id, held, has_roles=bool(roles))
