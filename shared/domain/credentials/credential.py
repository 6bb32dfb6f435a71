"""The health of our credential: what a check finds (I10), and its last day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.domain.credentials.forms import CERTIFICATE_END, SECRET_END, CredentialForm, form_of
from shared.domain.errors import SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.domain.credentials.examination import Finding

type CertificateEnd = Callable[[str], date]
"""Returns the last day of a certificate, which is PEM. Raises ValueError for what is none."""


class CredentialState(StrEnum):
    """The result of a health check."""

    HEALTHY = "healthy"
    REFUSED = "refused"
    """We are not authorised, or have no privilege: nothing is sent until a check succeeds."""
    UNREACHABLE = "unreachable"
    """No response, or a server fault: no refusal."""
    NOT_CHECKED = "not_checked"
    """The website has said to wait, so no request was sent (I9)."""


# The states of the secret's next version: there is none, or it works. Any other value is the code of what is wrong.
NO_PENDING, GOOD_PENDING = "none", "good"

END_DATE_MALFORMED = "secret_end_date_malformed"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class PendingSecret:
    """The next version of the secret, which is not in use."""

    version: str
    """Its id, as Secrets Manager names it."""
    value: Mapping[str, Any] | None = field(repr=False)
    """None: it is not a JSON object."""


@dataclass(frozen=True, slots=True)
class Health:
    """One observation. Codes, dates and names of tables only."""

    state: CredentialState
    reason: str | None = None
    """The code of why the credential is not healthy."""
    tables_refused: Mapping[str, str] = field(default_factory=dict)
    """Tables that we may not read and write, each with its code. Others work, so it is healthy (I13)."""
    secret_ends_on: date | None = None
    end_date_malformed: bool = False
    pending: str | None = None
    """`none`, `good`, or a code; None: nothing was learned about the secret."""
    pending_version: str | None = None
    """The version that `pending` is about."""
    pending_findings: tuple[Finding, ...] = ()
    """What is wrong with it, for a person."""
    form: CredentialForm | None = None
    """How the version in use signs in; None: that could not be read."""
    secret_ended: bool = False
    """Refused because the client secret has ended."""
    of_website: bool = True
    """False: a fault of our own ended the check."""
    recovered: bool = False
    """This check ended a stop, so everything that has waited is requested now."""

    def degrading_codes(self) -> tuple[str, ...]:
        """Return the codes of what an operator must see; they degrade the run that saw them (I10)."""
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
        """Return all measures, zeros included (I12). Without an end date there are 0 days left."""
        ends_on, pending = self.secret_ends_on, self.pending
        return {
            **{f"credential_{state}": int(state is self.state) for state in CredentialState},
            "credential_recovered": int(self.recovered),
            "tables_refused": len(self.tables_refused),
            "pending_secret_good": int(pending == GOOD_PENDING),
            "pending_secret_refused": int(pending not in {None, NO_PENDING, GOOD_PENDING}),
            "secret_without_end_date": int(ends_on is None and self.form is not CredentialForm.FEDERATION),
            "secret_days_left": 0 if ends_on is None else (ends_on - today).days,
        }


def ends_on(secret: Mapping[str, Any], certificate_end: CertificateEnd) -> date | None:
    """Return the last day of the certificate, which it says itself, or of the client secret, as the secret states it.

    None: it has none, as with federation, which nothing ends; or the sign-in reports that the secret cannot be used.
    Raises ValueError for a stated day that is not as in "2027-05-31".
    """
    try:
        form = form_of(secret)
    except SecretMalformedError:
        return None
    match form:
        case CredentialForm.FEDERATION:
            return None
        case CredentialForm.CERTIFICATE:
            return _end_of_certificate(secret, certificate_end)
        case CredentialForm.SECRET:
            return _stated(secret.get(SECRET_END))


def end_that_differs(secret: Mapping[str, Any], certificate_end: CertificateEnd) -> str | None:
    """Return what a person typed as the certificate's last day, if the certificate says another: that one counts."""
    typed = secret.get(CERTIFICATE_END)
    own = _end_of_certificate(secret, certificate_end)
    if typed is None or own is None or typed == own.isoformat():
        return None
    return typed if isinstance(typed, str) and _DAY.fullmatch(typed) else "?"


def _end_of_certificate(secret: Mapping[str, Any], certificate_end: CertificateEnd) -> date | None:
    try:
        return certificate_end(str(secret.get("certificate")))
    except ValueError:
        return None


def _stated(value: object) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(END_DATE_MALFORMED)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(END_DATE_MALFORMED) from None
