"""What an answer of Dataverse means for one change. Decided by status and code, never by a message's words.

Codes: https://learn.microsoft.com/power-apps/developer/data-platform/reference/web-service-error-codes
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from shared.domain.listings import Accepted, Action, Answer, InDoubt, NotNow, Refused

ACCEPTED = Accepted()

# The account, not the row: UserNotMemberOfOrg, UserNotAssignedRoles, SystemUserDisabled, OrganizationDisabled.
_NOT_LET_IN = {"0x80072560", "0x80042f09", "0x8004a112", "0x8004a104"}
# A deadlock, and a time-out in the database: rolled back.
_COLLIDED = {"0x80044150", "0x80044151"}
# No such table or key: not "no such row".
_NO_SUCH_ADDRESS = {"0x8006088a", "0x80060888"}
# A rule that finds duplicates: unlike the race for a key it will find them again.
_DUPLICATE_RULE = "0x80040333"

_HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,8}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}")


def error_code(body: bytes) -> str:
    """The code in an error's body, as in 0x80060891; empty if there is none. Nothing but a code is passed on (I11)."""
    try:
        code = str(json.loads(body)["error"]["code"]).lower()
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
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


def answer_of(action: Action, status: int, code: str, wait: float | None) -> Answer:
    """`wait`: the seconds that this answer asks for."""
    if 200 <= status < 300:  # noqa: PLR2004
        return ACCEPTED
    if action is Action.HIDE and no_such_row(status, code):
        return ACCEPTED
    why = reason(status, code)
    if code in _COLLIDED or not_let_in(status, code) or status in _NOT_NOW:
        return NotNow(why, wait)
    if status == HTTPStatus.PRECONDITION_FAILED and code != _DUPLICATE_RULE:
        return NotNow(why)  # somebody else created the row at the same moment: now it is there to be updated
    if 400 <= status < 500:  # noqa: PLR2004
        return Refused(why)
    return InDoubt(why)


_NOT_NOW = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
