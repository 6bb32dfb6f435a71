"""/_emulator: faults of the local SES from another process, such as a command. JSON in, JSON out.

`POST fates` has what becomes of mails to an address: `{"recipient": "a@b.no", "fate": "bounce", …}`, where `fate` and
what goes with it are the names and parameters of the functions of fates.py. `POST event-faults` has what happens to
events: `{"kind": "late", "recipient": "a@b.no", "mails": 1, "seconds": 86400}`; only `kind` is needed.
`DELETE faults` forgets all of them. client.SesControl is this in Python.
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from emulators.ses import fates
from emulators.ses.publishing import EVENT_FAULTS, EventFaultKind
from emulators.ses.request_checks import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.ses.fates import Fate

FATES: Mapping[str, Callable[..., Fate]] = {
    "deliver": fates.delivered,
    "bounce": fates.bounced,
    "complain": fates.complained,
    "suppress": fates.suppressed,
    "delay": fates.delayed,
    "reject": fates.rejected,
}


class Faulty(Protocol):
    """The service that the faults are for."""

    def decide(self, recipient: str | Callable[[str], bool], fate: Fate) -> None:
        """Apply a fate to every mail to the address."""

    def disturb_events(
        self,
        kind: EventFaultKind,
        recipient: str | Callable[[str], bool] | None = None,
        *,
        mails: int | None = None,
        by: timedelta = timedelta(days=1),
    ) -> None:
        """Apply a fault to the events of the next mails."""

    def heal(self) -> None:
        """Forget every requested fault."""


def control(ses: Faulty, method: str, name: str, body: bytes) -> dict[str, object]:
    """Carry out one request. Raises RefusalError, which says what is wrong."""
    if (method, name) == ("DELETE", "faults"):
        ses.heal()
        return {}
    try:
        _POSTS[name if method == "POST" else ""](ses, json.loads(body or b"{}"))
    except KeyError as missing:
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, f"unknown or missing: {missing}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise RefusalError("BadRequestException", HTTPStatus.BAD_REQUEST, str(error)) from None
    return {}


def _decide(ses: Faulty, asked: dict[str, Any]) -> None:
    recipient, fate = str(asked.pop("recipient")), str(asked.pop("fate"))
    ses.decide(recipient, FATES[fate](**asked))


def _disturb(ses: Faulty, asked: dict[str, Any]) -> None:
    kind = asked.pop("kind")
    if kind not in EVENT_FAULTS:
        raise ValueError(f"there is no fault {kind} (there is: {', '.join(EVENT_FAULTS)})")
    by = timedelta(seconds=asked.pop("seconds", 86400))
    ses.disturb_events(kind, asked.pop("recipient", None), by=by, **asked)


_POSTS: Mapping[str, Callable[[Faulty, dict[str, Any]], None]] = {"fates": _decide, "event-faults": _disturb}
