"""Table definitions, as Dataverse's own metadata has them.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query-metadata-web-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters.dataverse.keys import API, identifier
from shared.adapters.dataverse.statuses import error_code, error_of, is_read
from shared.adapters.http.json_body import read_json
from shared.domain.errors import WebsiteUnavailableError
from shared.domain.integration.website_tables import ColumnDefinition, KeyDefinition, TableDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.adapters.dataverse.service import Service
    from shared.ports import Backoff

_CRM: Final = "Microsoft.Dynamics.CRM."
_TEXT_TYPES: Final = ("String", "Memo")
_CHOICE_TYPES: Final = ("State", "Status", "Picklist")


class Definitions:
    """The definitions of tables, read with the application user's own rights."""

    def __init__(self, service: Service, backoff: Backoff, *, time_left: Callable[[], float]) -> None:
        self._service = service
        self._backoff = backoff
        self._time_left = time_left

    def table(self, entity_set: str) -> TableDefinition | None:
        """Return the definition of the table with this entity set name; None if there is none.

        Raises WebsiteRefusedError or WebsiteUnavailableError with a code.
        """
        name = identifier(entity_set, "table_not_an_identifier")
        found = self._list(
            f"EntityDefinitions?$select=LogicalName&$filter=EntitySetName eq '{name}'"
            "&$expand=Keys($select=KeyAttributes,EntityKeyIndexStatus)"
        )
        if not found:
            return None
        with_keys = next(iter(found))
        below = f"EntityDefinitions(LogicalName='{with_keys['LogicalName']}')/Attributes"
        columns = {
            one["LogicalName"]: ColumnDefinition(
                str(one["AttributeType"]), bool(one["IsValidForCreate"] and one["IsValidForUpdate"])
            )
            for one in self._list(f"{below}?$select=LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate")
        }
        columns |= dict(self._with_lengths(below, columns))
        columns |= dict(self._with_values(below, columns))
        keys = [
            KeyDefinition(tuple(key["KeyAttributes"]), str(key["EntityKeyIndexStatus"])) for key in with_keys["Keys"]
        ]
        return TableDefinition(columns, keys)

    def _with_lengths(
        self, below: str, columns: Mapping[str, ColumnDefinition]
    ) -> Iterator[tuple[str, ColumnDefinition]]:
        for kind in _TEXT_TYPES:
            for one in self._list(f"{below}/{_CRM}{kind}AttributeMetadata?$select=LogicalName,MaxLength"):
                known = columns[one["LogicalName"]]
                yield one["LogicalName"], ColumnDefinition(known.kind, known.writable, max_length=one["MaxLength"])

    def _with_values(
        self, below: str, columns: Mapping[str, ColumnDefinition]
    ) -> Iterator[tuple[str, ColumnDefinition]]:
        for kind in _CHOICE_TYPES:
            for one in self._list(
                f"{below}/{_CRM}{kind}AttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)"
            ):
                known = columns[one["LogicalName"]]
                values = frozenset(option["Value"] for option in one["OptionSet"]["Options"])
                yield one["LogicalName"], ColumnDefinition(known.kind, known.writable, values=values)

    def _list(self, what: str) -> list[dict[str, Any]]:
        reply = self._service.request(
            "GET", f"{API}{what.replace(' ', '%20')}", backoff=self._backoff, time_left=self._time_left
        )
        if not is_read(reply.status):
            raise error_of(reply.status, error_code(reply.body), reply.headers.get("retry-after"))
        try:
            value: list[dict[str, Any]] = read_json(reply.body)["value"]
        except (ValueError, KeyError, TypeError):
            raise WebsiteUnavailableError("dataverse_metadata_unreadable") from None
        return value
