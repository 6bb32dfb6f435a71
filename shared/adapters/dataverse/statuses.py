"""The meaning of an HTTP status of Dataverse: decided here alone, by status and code, never by a message's words.

The results and errors that leave this module carry a typed kind; their text is for people.
Codes: https://learn.microsoft.com/power-apps/developer/data-platform/reference/web-service-error-codes
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from shared.adapters.dataverse.retry_after import UNNAMED_SECONDS, retry_after
from shared.adapters.http.json_body import read_json
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteUnavailableError,
)
from shared.domain.listings import Accepted, Action, NotNow, OutcomeUnknown, Outdated, PushOutcome, Refused, RefusedKind

if TYPE_CHECKING:
    from shared.adapters.http.exchange import Reply
    from shared.domain.errors import WebsiteRefusedError

ACCEPTED = Accepted()

# These are about the account: UserNotMemberOfOrg, UserNotAssignedRoles, SystemUserDisabled, OrganizationDisabled.
_NOT_AUTHORISED = {
    "0x80072560": RefusedKind.NO_USER,
    "0x80042f09": RefusedKind.NO_ROLE,
    "0x8004a112": RefusedKind.USER_DISABLED,
    "0x8004a104": RefusedKind.ENVIRONMENT_DISABLED,
}
# A deadlock and a time-out in the database: the write was rolled back.
_COLLIDED = {"0x80044150", "0x80044151"}
# The table keeps no row versions, or takes no condition on them.
_NO_VERSIONS = {"0x8006088d", "0x80060883"}
_NO_SUCH_TABLE, _NO_SUCH_KEY = "0x8006088a", "0x80060888"
# A duplicate detection rule. Unlike the race for a key, it refuses the row every time.
_DUPLICATE_RULE = "0x80040333"
_NOT_NOW = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
# The body is too large, or one row in it spoils the rest: each half of the batch is tried alone.
_SPLIT = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}

_HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,8}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}")


def error_code(body: bytes) -> str:
    """Return the code in an error's body, such as 0x80060891, or "". Nothing except a code is passed on (I11)."""
    try:
        said = read_json(body)["error"]["code"]
    except (ValueError, TypeError, LookupError):
        return ""
    code = str(said).lower() if isinstance(said, str | int) else ""
    if _DECIMAL.fullmatch(code):
        return f"{int(code) & 0xFFFFFFFF:#010x}"
    return code if _HEXADECIMAL.fullmatch(code) else ""


def reason(status: int, code: str) -> str:
    """Return the text for people, such as dataverse_404_0x8006088a, or dataverse_404 if there is no code."""
    return f"dataverse_{status}_{code}" if code else f"dataverse_{status}"


def is_success(status: int) -> bool:
    """Return whether a write was carried out."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_read(status: int) -> bool:
    """Return whether a reply holds what was requested."""
    return status == HTTPStatus.OK


def is_error(status: int) -> bool:
    """Return whether a reply says that a request failed."""
    return status >= HTTPStatus.BAD_REQUEST


def token_refused(status: int) -> bool:
    """Return whether another token may help."""
    return status == HTTPStatus.UNAUTHORIZED


def not_authorised(status: int, code: str) -> bool:
    """Return whether the website refuses our account, whatever it requests."""
    return code in _NOT_AUTHORISED and is_error(status)


def refuses_us(status: int, code: str) -> bool:
    """Return whether the reply to a whole request, rather than to one row, refuses us."""
    return status == HTTPStatus.FORBIDDEN or not_authorised(status, code)


def forbidden(status: int) -> bool:
    """Return whether a privilege is missing."""
    return status == HTTPStatus.FORBIDDEN


def bad_request(status: int) -> bool:
    """Return whether Dataverse does not understand a request: a column or a key that it names does not exist."""
    return status == HTTPStatus.BAD_REQUEST


def no_such_table(status: int, code: str) -> bool:
    """Return whether there is no table of the name that a request has."""
    return status == HTTPStatus.NOT_FOUND and code == _NO_SUCH_TABLE


def kind_of_refusal(status: int, code: str) -> RefusedKind:
    """Return why a whole request was refused, for the words in which a person reads it."""
    if token_refused(status):
        return RefusedKind.TOKEN_REFUSED
    return _NOT_AUTHORISED.get(code) or _kind(status, code)


def no_such_row(status: int, code: str) -> bool:
    """Return whether the table was read and the row is not in it. Older replies have no code."""
    return status == HTTPStatus.NOT_FOUND and code not in {_NO_SUCH_TABLE, _NO_SUCH_KEY}


def keeps_no_versions(code: str) -> bool:
    """Return whether a write was refused because it named a version of its row."""
    return code in _NO_VERSIONS


def to_be_split(status: int) -> bool:
    """Return whether a batch that was rejected whole may be accepted in halves."""
    return status in _SPLIT


def waiting_time(status: int, header: str | None) -> float | None:
    """Return the seconds of the backoff that a reply starts, by its Retry-After; None if it starts none."""
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    return retry_after(header) or (UNNAMED_SECONDS if status == HTTPStatus.TOO_MANY_REQUESTS else None)


def outcome_of(action: Action, status: int, code: str, wait: float | None, *, conditional: bool = False) -> PushOutcome:
    """Return the outcome of one change from its reply.

    `wait`: the seconds that this reply asks for. `conditional`: the request names a version of the row.
    """
    if is_success(status) or (action.needs_no_row and no_such_row(status, code)):
        return ACCEPTED
    why = reason(status, code)
    if keeps_no_versions(code) or (conditional and no_such_row(status, code)):
        return Outdated(why)
    if code in _COLLIDED or not_authorised(status, code) or status in _NOT_NOW:
        return NotNow(why, wait)
    if status == HTTPStatus.PRECONDITION_FAILED and code != _DUPLICATE_RULE:
        return Outdated(why)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(why, _kind(status, code))
    return OutcomeUnknown(why, harmless=conditional)


def outcome_of_batch(reply: Reply) -> PushOutcome:
    """Return the outcome of each change in a batch from the reply to the whole batch.

    Raises WebsiteMisconfiguredError.
    """
    code = error_code(reply.body)
    why = reason(reply.status, code)
    if to_be_split(reply.status):
        return Refused(why, _kind(reply.status, code))
    if reply.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}:
        return NotNow(why, waiting_time(reply.status, reply.headers.get("retry-after")))
    if reply.status < HTTPStatus.MULTIPLE_CHOICES or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown(why)
    raise WebsiteMisconfiguredError(why, _kind(reply.status, code))


def error_of(
    status: int, code: str, header: str | None, *, ours: bool = True
) -> WebsiteUnavailableError | WebsiteRefusedError:
    """Return the error that an unsuccessful reply means for a reading.

    `header`: its Retry-After. `ours`: the address is our own, rather than a link that Dataverse gave.
    """
    why = reason(status, code)
    server_fault = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    wait = waiting_time(status, header)
    if wait is not None:
        return WebsiteBackoffError(why, wait, server_fault=server_fault)
    if ours and not server_fault and status != HTTPStatus.REQUEST_TIMEOUT:
        return WebsiteMisconfiguredError(why, _kind(status, code))
    return WebsiteUnavailableError(why)


def error_of_refusal(refused: Refused) -> WebsiteRefusedError:
    """Return the error for a refused write of one row, if any row of its table would have been refused."""
    if refused.kind is RefusedKind.FORBIDDEN:
        return WebsiteAuthError(refused.reason, refused.kind)
    return WebsiteMisconfiguredError(refused.reason, refused.kind)


def _kind(status: int, code: str) -> RefusedKind:
    match status:
        case HTTPStatus.FORBIDDEN:
            return RefusedKind.FORBIDDEN
        case HTTPStatus.BAD_REQUEST:
            return RefusedKind.BAD_REQUEST
        case HTTPStatus.NOT_FOUND if code == _NO_SUCH_TABLE:
            return RefusedKind.NO_SUCH_TABLE
        case HTTPStatus.NOT_FOUND:
            return RefusedKind.NOT_FOUND
        case _:
            return RefusedKind.OTHER
