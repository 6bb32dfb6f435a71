"""Whether the website authorises us: what a health check finds (I10), and what the secret says of its own end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class CredentialState(StrEnum):
    """What a health check came to."""

    HEALTHY = "healthy"
    REFUSED = "refused"
    """We are not authorised, or may do nothing: nothing is sent until a check succeeds."""
    UNREACHABLE = "unreachable"
    """No answer, or a fault of theirs: no refusal."""
    NOT_CHECKED = "not_checked"
    """The website has said to wait, so it was not asked (I9)."""


# Of the secret's next version: there is none, it works, or the code of what is wrong with it.
NO_PENDING, GOOD_PENDING = "none", "good"

END_DATE_MALFORMED = "secret_end_date_malformed"
_END_DATE = "client_secret_expires_on"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Health:
    """One observation. Codes, dates and names of tables only."""

    state: CredentialState
    reason: str | None = None
    """Why it is not healthy."""
    tables_refused: Mapping[str, str] = field(default_factory=dict)
    """Healthy all the same: tables that we may not read and write, while we may others, each with the code (I13)."""
    secret_ends_on: date | None = None
    end_date_malformed: bool = False
    pending: str | None = None
    """`none`, `good`, or a code; None: nothing was learned about the secret."""
    secret_ended: bool = False
    """Refused because the client secret has ended."""
    of_website: bool = True
    """False: the check broke off by a fault of our own."""
    recovered: bool = False
    """Nothing was sent until this check: what has waited is to be asked for now."""

    def degrading_codes(self) -> tuple[str, ...]:
        """The codes of what somebody has to look at; they degrade the run that saw it (I10)."""
        codes = {*self.tables_refused.values(), *self._reasons()}
        if self.pending not in {None, NO_PENDING, GOOD_PENDING}:
            codes.add(f"pending_{self.pending}")
        if self.end_date_malformed:
            codes.add(END_DATE_MALFORMED)
        return tuple(sorted(codes))

    def website_codes(self) -> frozenset[str]:
        """Return those of the degrading codes that say that the website did not respond, or did not authorise us."""
        return frozenset({*self.tables_refused.values(), *(self._reasons() if self.of_website else ())})

    def _reasons(self) -> tuple[str, ...]:
        return (str(self.reason),) if self.state in {CredentialState.REFUSED, CredentialState.UNREACHABLE} else ()

    def counts(self, today: date) -> dict[str, int]:
        """All of its measures, zeros included (I12). Without an end date there are 0 days left."""
        ends_on, pending = self.secret_ends_on, self.pending
        return {
            **{f"credential_{state}": int(state is self.state) for state in CredentialState},
            "credential_recovered": int(self.recovered),
            "tables_refused": len(self.tables_refused),
            "pending_secret_good": int(pending == GOOD_PENDING),
            "pending_secret_refused": int(pending not in {None, NO_PENDING, GOOD_PENDING}),
            "secret_without_end_date": int(ends_on is None),
            "secret_days_left": 0 if ends_on is None else (ends_on - today).days,
        }


def ends_on(secret: Mapping[str, Any]) -> date | None:
    """The last day of the client secret, as Entra showed it to whoever put it in; None if it does not say.

    Raises ValueError for anything else than a date as in "2027-05-31".
    """
    value = secret.get(_END_DATE)
    if value is None:
        return None
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(END_DATE_MALFORMED)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(END_DATE_MALFORMED) from None
