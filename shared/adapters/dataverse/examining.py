"""shared.ports.CredentialExaminer: what an account may do in Dataverse, found out without writing or reading a row.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveuserprivilegebyprivilegename
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.statuses import (
    bad_request,
    error_code,
    error_of,
    forbidden,
    is_read,
    no_such_row,
    no_such_table,
    reason,
)
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.http.json_body import read_json
from shared.domain.credentials.examination import CredentialFault, Finding, Privilege
from shared.domain.errors import WebsiteUnavailableError
from shared.domain.listings import NotNow, OutcomeUnknown, Refused, RefusedKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.adapters.dataverse.service import Service
    from shared.adapters.http.exchange import Reply
    from shared.domain.listings import ListingTable, PushOutcome
    from shared.ports import Backoff

_NOBODY = UUID(int=0)
_PRIVILEGE = re.compile(r"prv\w{1,200}")


class DataverseExaminer:
    """One examination of the credential that a service signs in by."""

    def __init__(self, service: Service, backoff: Backoff, *, time_left: Callable[[], float]) -> None:
        self._service = service
        self._backoff = backoff
        self._time_left = time_left

    def sign_in(self) -> None:
        """Get a token by the secret as it is now."""
        self._service.check_backoff(self._backoff)
        self._service.tokens.renewed(None, self._time_left())

    def account(self) -> UUID:
        """Return the id of the user that the environment has for our application."""
        reply = self._get("WhoAmI", whole=True)
        try:
            return UUID(read_json(reply.body)["UserId"])
        except (ValueError, TypeError, LookupError, AttributeError):
            raise WebsiteUnavailableError("dataverse_200_without_a_user") from None

    def examine_table(self, table: ListingTable, account: UUID) -> list[Finding]:
        """Return what is wrong with this table, or could not be determined."""
        try:
            name = identifier(table.name, "table_not_an_identifier")
            key = identifier(table.key, "key_not_an_identifier")
        except NotAddressableError as error:
            fault = CredentialFault.NO_TABLE if str(error).startswith("table") else CredentialFault.NO_KEY
            return [Finding(fault, str(error), table.name, table.key)]
        missing, findings = self._read(name, key)
        if not missing and not findings:
            missing, findings = self._write(table)
        if any(finding.fault is CredentialFault.NO_TABLE for finding in findings):
            return findings
        held = self._held(name, account)
        for privilege in Privilege:
            if privilege in missing or held.get(privilege) is False:
                code = missing.get(privilege, "")
                findings.append(Finding(CredentialFault.NO_PRIVILEGE, code, name, privilege=privilege))
            elif privilege not in held and (privilege is Privilege.CREATE or missing):
                findings.append(Finding(CredentialFault.UNDETERMINED, "", name, privilege=privilege))
        return findings

    def _read(self, name: str, key: str) -> tuple[dict[Privilege, str], list[Finding]]:
        """Ask for nobody's row, by a query and by its address, which takes the alternate key too.

        Return the missing privilege with its code, and what else is wrong.
        """
        for what in (f"{name}?$select={key}&$filter={key} eq '{_NOBODY}'&$top=1", f"{name}({key}='{_NOBODY}')"):
            reply = self._get(what)
            code = error_code(reply.body)
            why = reason(reply.status, code)
            if forbidden(reply.status):
                return {Privilege.READ: why}, []
            if no_such_table(reply.status, code):
                return {}, [Finding(CredentialFault.NO_TABLE, why, name)]
            if bad_request(reply.status):
                return {}, [Finding(CredentialFault.NO_KEY, why, name, key)]
            if not is_read(reply.status) and not no_such_row(reply.status, code):
                raise self._error(reply)
        return {}, []

    def _write(self, table: ListingTable) -> tuple[dict[Privilege, str], list[Finding]]:
        """Hide a row that cannot exist, which takes the privileges to read and to write. Return as `_read` does."""
        match self._writable(table):
            case Refused(why, RefusedKind.FORBIDDEN):
                return {Privilege.WRITE: why}, []
            case Refused(why):
                return {}, [Finding(CredentialFault.REFUSED, why, table.name)]
            case NotNow(why) | OutcomeUnknown(why):
                raise WebsiteUnavailableError(why)
        return {}, []

    def _writable(self, table: ListingTable) -> PushOutcome:
        website = DataverseWebsite(self._service, self._backoff, time_left=self._time_left, batch_size=1, parallel=1)
        return website.writable([table])[0]

    def _held(self, table: str, account: UUID) -> dict[Privilege, bool]:
        """Return whether the account holds each privilege, as far as the service says.

        To read definitions and privileges takes privileges too. A role without them is not wrong for that.
        """
        held = {}
        for privilege, name in self._names(table).items():
            reply = self._get(
                f"systemusers({account})/Microsoft.Dynamics.CRM.RetrieveUserPrivilegeByPrivilegeName"
                f"(PrivilegeName='{name}')"
            )
            found = _json(reply).get("RolePrivileges") if is_read(reply.status) else None
            if isinstance(found, list):
                held[privilege] = bool(found)
        return held

    def _names(self, table: str) -> dict[Privilege, str]:
        """Return the names that the privileges of a table have."""
        reply = self._get(f"EntityDefinitions?$select=LogicalName,Privileges&$filter=EntitySetName eq '{table}'")
        found = _json(reply).get("value") if is_read(reply.status) else None
        listed = (
            found[0].get("Privileges") if isinstance(found, list) and found and isinstance(found[0], dict) else None
        )
        names = {}
        for one in listed if isinstance(listed, list) else []:
            kind, name = (one.get("PrivilegeType"), one.get("Name")) if isinstance(one, dict) else (None, None)
            if isinstance(kind, str) and kind.lower() in set(Privilege) and _PRIVILEGE.fullmatch(str(name)):
                names[Privilege(kind.lower())] = str(name)
        return names

    def _get(self, what: str, *, whole: bool = False) -> Reply:
        """Send a GET. `whole`: a refusal concerns the whole account, not one table."""
        target = f"{API}{what.replace(' ', '%20')}"
        reply = self._service.request(
            "GET", target, backoff=self._backoff, time_left=self._time_left, forbidden_is_ours=whole
        )
        if whole and not is_read(reply.status):
            raise self._error(reply)
        return reply

    @staticmethod
    def _error(reply: Reply) -> Exception:
        return error_of(reply.status, error_code(reply.body), reply.headers.get("retry-after"))


def _json(reply: Reply) -> dict[str, Any]:
    try:
        said = read_json(reply.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
