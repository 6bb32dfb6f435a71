"""What an answer of Dataverse means for one change. Decided by status and code, never by a message's words.

Codes: https://learn.microsoft.com/power-apps/developer/data-platform/reference/web-service-error-codes
"""

from __future__ import annotations

import re
from http import HTTPStatus

from shared.adapters.dataverse.json_body import read_json
from shared.domain.listings import Accepted, Action, Answer, InDoubt, NotNow, Outdated, Refused

ACCEPTED = Accepted()

# The account, not the row: UserNotMemberOfOrg, UserNotAssignedRoles, SystemUserDisabled, OrganizationDisabled.
_NOT_LET_IN = {"0x80072560", "0x80042f09", "0x8004a112", "0x8004a104"}
# A deadlock, and a time-out in the database: rolled back.
_COLLIDED = {"0x80044150", "0x80044151"}
# The table keeps no versions of its rows, or takes no condition on them.
_NO_VERSIONS = {"0x8006088d", "0x80060883"}
# No such table or key: not "no such row".
_NO_SUCH_ADDRESS = {"0x8006088a", "0x80060888"}
# A rule that finds duplicates: unlike the race for a key it will find them again.
_DUPLICATE_RULE = "0x80040333"

_HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,8}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}")


def error_code(body: bytes) -> str:
    """The code in an error's body, as in 0x80060891; empty if there is none. Nothing but a code is passed on (I11)."""
    try:
        said = read_json(body)["error"]["code"]
    except (ValueError, TypeError, LookupError):
        return ""
    code = str(said).lower() if isinstance(said, str | int) else ""
    if _DECIMAL.fullmatch(code):
        return f"{int(code) & 0xFFFFFFFF:#010x}"
    return code if _HEXADECIMAL.fullmatch(code) else ""


def reason(status: int, code: str) -> str:
    """As in dataverse_404_0x8006088a, or dataverse_404 where there is no code."""
    return f"dataverse_{status}_{code}" if code else f"dataverse_{status}"


def not_let_in(status: int, code: str) -> bool:
    """Whether it is us whom the website refuses, whatever we ask for."""
    return code in _NOT_LET_IN and status >= HTTPStatus.BAD_REQUEST


def no_such_row(status: int, code: str) -> bool:
    """Whether the table was read and the row is not in it. Older replies have no code."""
    return status == HTTPStatus.NOT_FOUND and code not in _NO_SUCH_ADDRESS


_VERSION = re.compile(
    rb"""^ETag:[ \t]*(W/"[ !#-\[\]-~]{1,150}")|"@odata\.etag":"(W/\\"[ !#-\[\]-~]{1,150}\\")\"""",
    re.IGNORECASE | re.MULTILINE,
)


def row_version(message: bytes) -> str | None:
    """The version of a row in a reply that holds it: its ETag, or the one in its body."""
    found = _VERSION.search(message)
    return (found[1] or found[2].replace(b"\\", b"")).decode("latin-1") if found else None


def keeps_no_versions(code: str) -> bool:
    """Whether a write was refused because it named a version of its row."""
    return code in _NO_VERSIONS


def answer_of(action: Action, status: int, code: str, wait: float | None, *, conditional: bool = False) -> Answer:
    """`wait`: the seconds that this answer asks for. `conditional`: the request names a version of the row."""
    if 200 <= status < 300 or (action is Action.HIDE and no_such_row(status, code)):  # noqa: PLR2004
        return ACCEPTED
    why = reason(status, code)
    if keeps_no_versions(code) or (conditional and no_such_row(status, code)):
        return Outdated(why)
    if code in _COLLIDED or not_let_in(status, code) or status in _NOT_NOW:
        return NotNow(why, wait)
    if status == HTTPStatus.PRECONDITION_FAILED and code != _DUPLICATE_RULE:
        return Outdated(why)
    if 400 <= status < 500:  # noqa: PLR2004
        return Refused(why)
    return InDoubt(why, harmless=conditional)


_NOT_NOW = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
