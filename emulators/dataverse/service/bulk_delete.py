"""BulkDelete: an asynchronous job that deletes what a query finds; the official SDK's way to delete many rows.

The service returns the job's id and deletes later, in the background. The emulator has deleted when it responds,
and understands the one query the SDK sends: a column whose value is one of a list.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Request, Response
from emulators.dataverse.model.table import indexed
from emulators.dataverse.odata import unserved

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment


def respond(environment: Environment, request: Request) -> Response:
    """Respond to POST BulkDelete. Raises DataverseError."""
    try:
        asked = json.loads(request.body)
        if asked.get("RecurrencePattern"):
            raise DataverseError.not_served("BulkDelete again and again")
        found = [_condition(query) for query in asked["QuerySet"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataverseError.payload("BulkDelete", "The parameters of the action could not be read.") from None
    for name, column, values in found:
        table = environment.store.tables_by_name.get(name)
        if table is None:
            raise DataverseError.unknown_property(column, name)
        if column not in table.schema.columns:
            raise unserved.unknown_property(table, column)
        environment.tokens.require(request.user, name, "delete")
        wanted = indexed(tuple(values))
        for row in [row for row in table.rows.values() if indexed((row[column],))[0] in wanted]:
            table.delete(row[table.schema.primary_id])
    body = {
        "@odata.context": f"{environment.api_url}$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse",
        "JobId": str(uuid.uuid4()),
    }
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body).encode())


def _condition(query: dict[str, Any]) -> tuple[str, str, set[Any]]:
    """Return table, column and values. Raises KeyError or TypeError for an object that is no query."""
    conditions = query["Criteria"]["Conditions"]
    more = query["Criteria"].get("Filters") or query.get("LinkEntities") or query.get("TopCount")
    if more or len(conditions) != 1 or conditions[0]["Operator"] != "In":
        raise DataverseError.not_served("BulkDelete with anything but one condition In")
    values = {value["Value"] for value in conditions[0]["Values"]}
    return query["EntityName"], conditions[0]["AttributeName"], values
