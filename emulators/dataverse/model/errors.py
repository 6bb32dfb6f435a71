"""The service's refusals, with the codes, statuses and words of its documents and captured replies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from emulators.dataverse.model import choices
from emulators.dataverse.model.messages import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.dataverse.model.schema import TableSchema

CONTENT_TYPE = ("Content-Type", "application/json; odata.metadata=minimal")
ODATA_VERSION = ("OData-Version", "4.0")
_CDS = "@Microsoft.PowerApps.CDS"
_PAYLOAD = (
    "Error identified in Payload provided by the user for Entity :'{}', For more information on this error please"
    " follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : "
)


class DataverseError(Exception):
    """A refused operation; becomes the reply `{"error": {"code", "message"}}` with `status`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.body = body
        """The whole reply, where it is not JSON."""

    def response(self, *, annotated: bool = False) -> Response:
        """Return the reply; `annotated` adds what `Prefer: odata.include-annotations="*"` adds to an error."""
        if self.body is not None:
            return Response(self.status, list(self.headers.items()), self.body)
        error = {"code": self.code, "message": self.message}
        if annotated:
            code = self.code.removeprefix("0x")
            error[f"{_CDS}.ErrorDetails.ApiExceptionHttpStatusCode"] = str(self.status)
            error[f"{_CDS}.HelpLink"] = (
                f"http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{code}&client=platform"
            )
            error[f"{_CDS}.InnerError.Message"] = self.message
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        return Response(self.status, [CONTENT_TYPE, ODATA_VERSION, *self.headers.items()], body)

    @classmethod
    def no_such_row(cls, table: str, row_id: str) -> Self:
        """Return 0x80040217 ObjectDoesNotExist."""
        return cls(404, "0x80040217", f"{table} With Id = {row_id} Does Not Exist")

    @classmethod
    def no_such_key(cls, table: str) -> Self:
        """Return 0x80060891 RecordNotFoundByEntityKey."""
        return cls(404, "0x80060891", f"A record with the specified key values does not exist in {table} entity")

    @classmethod
    def no_such_segment(cls, segment: str) -> Self:
        """Return 0x8006088a. Names are case-sensitive, and an unknown set is an unknown segment."""
        return cls(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")

    @classmethod
    def not_served(cls, what: str) -> Self:
        """Return 501, in words that the service never uses, for a part of it that the emulator has not."""
        return cls(501, "0x0", f"The emulator does not serve {what}.")

    @classmethod
    def not_a_key(cls, table: str) -> Self:
        """Return the refusal of key columns in an address that are no key of the table."""
        return cls(
            choices.NOT_A_KEY_STATUS,
            choices.NOT_A_KEY_CODE,
            f"The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table}'. Ensure that the"
            " names and number of key properties match the declared or alternate key properties for the resource"
            f" 'Microsoft.Dynamics.CRM.{table}'.",
        )

    @classmethod
    def matching_key(cls) -> Self:
        """Return 0x80040237: If-None-Match: * on a row that exists, or the loser of two upserts that create one key."""
        return cls(412, "0x80040237", "A record with matching key values already exists.")

    @classmethod
    def duplicate_key(cls, key: str, columns: str) -> Self:
        """Return 0x80060892 DuplicateRecordEntityKey."""
        return cls(
            412,
            "0x80060892",
            f"Entity Key {key} violated. A record with the same value for {columns} already exists. A duplicate record"
            " cannot be created. Select one or more unique values and try again.",
        )

    @classmethod
    def version_mismatch(cls) -> Self:
        """Return 0x80060882: the row changed since its ETag was read."""
        return cls(
            412,
            "0x80060882",
            "The version of the existing record doesn't match the RowVersion property provided.",
        )

    @classmethod
    def wrong_method(cls, method: str) -> Self:
        """Return 405, with the empty code of the captured reply."""
        return cls(405, "", f"The requested resource does not support http method '{method}'.")

    @classmethod
    def payload(cls, table: str, reason: str) -> Self:
        """Return 0x80048d19 ODataClientPayloadError: wrong type, undeclared property, broken JSON."""
        return cls(400, "0x80048d19", f"{_PAYLOAD.format(table)}Microsoft.OData.ODataException: {reason}")

    @classmethod
    def unknown_property(cls, name: str, table: str) -> Self:
        """Return 0x0: a column in `$select` or the like that the table does not have."""
        return cls(400, "0x0", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")

    @classmethod
    def url_too_long(cls, limit: int) -> Self:
        """Return the refusal of an address of more characters than the service reads."""
        return cls(choices.URL_TOO_LONG_STATUS, "", f"The request URL is longer than {limit} characters.")

    @classmethod
    def undeclared(cls, name: str, schema: TableSchema) -> Self:
        """Return the refusal of a property that the table has not; 0x0 in the documents of 2023, seen so since."""
        return cls(
            400,
            "0x80048d19",
            f"{_PAYLOAD.format(schema.set_name)}Microsoft.Crm.CrmException: Invalid property '{name}' was found in"
            f" entity 'Microsoft.Dynamics.CRM.{schema.name}'. ---> Microsoft.OData.ODataException: The property"
            f" '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{schema.name}'. Make sure to only use property"
            " names that are defined by the type.",
        )

    @classmethod
    def undeclared_navigation(cls, name: str, schema: TableSchema) -> Self:
        """Return the refusal of a name before `@odata.bind` that is no lookup; names are case-sensitive."""
        return cls.payload(
            schema.set_name,
            f"An undeclared property '{name}' which only has property annotations in the payload but no property value"
            " was found in the payload. In OData, only declared navigation properties and declared named streams can be"
            " represented as properties without values.",
        )


class UnreadableStreamError(DataverseError):
    """An unreadable multipart body, or its last operation on the set `entity`; the reply is multipart too."""

    def __init__(self, entity: str = "") -> None:
        words = f"{_PAYLOAD.format(entity)}System.ArgumentException: Stream was not readable."
        super().__init__(400, "0x80048d19", words)
