"""The health check of the website's credential, with the secret in use and with the pending one (I10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.domain.credentials.credential import (
    END_DATE_MALFORMED,
    GOOD_PENDING,
    NO_PENDING,
    CredentialState,
    Health,
    ends_on,
)
from shared.domain.credentials.examination import CredentialFault, Examination, Finding
from shared.domain.credentials.forms import form_of
from shared.domain.errors import (
    ConnectionLostError,
    WebsiteBackoffError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)
from shared.domain.listings import RefusedKind
from shared.domain.runs import failed_verdict
from shared.use_cases.examine_credential import examine_credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

    from shared.domain.credentials.credential import CertificateEnd, PendingSecret
    from shared.domain.listings import ListingTable
    from shared.ports import CredentialExaminer, Listings, Report, Secrets, SyncState, Website


def check_credential(
    *,
    website: Website,
    examiner_of: Callable[[Mapping[str, Any]], AbstractContextManager[CredentialExaminer]],
    listings: Listings,
    state: SyncState,
    secrets: Secrets,
    certificate_end: CertificateEnd,
) -> Health:
    """Sign in, ask who we are and try every table in use, then record and return what was found.

    The pending version of the secret, if there is one, is examined: a person waits to hear whether it will do.
    `examiner_of` signs in by it separately, so that the one in use is not disturbed. `certificate_end` reads the last
    day of a certificate. A refusal stops all sending and a
    success resumes it. Inside a Retry-After window nothing is requested and nothing recorded (I9).
    Raises only errors of the database.
    """
    tables = listings.tables()
    health = _asked(website, tables)
    health = _with_end_date(health, secrets, certificate_end)
    if health.state is CredentialState.NOT_CHECKED:
        return health
    if health.state is not CredentialState.UNREACHABLE:
        health = _with_pending(health, secrets, examiner_of, tables, certificate_end)
    return replace(health, recovered=state.record_check(health))


def checked(check: Callable[[], Health], function: str, today: date, report: Report) -> Health:
    """Run `check` as part of a run of `function` and report its counts. An error in it never stops the run (I13).

    Raises ConnectionLostError when the database is gone.
    """
    try:
        health = check()
    except ConnectionLostError:
        raise
    except Exception as error:  # noqa: BLE001 - the run has other work
        failed = failed_verdict(error)
        health = Health(CredentialState.UNREACHABLE, failed.reason, of_website=bool(failed.website_codes))
    report.work(function, health.counts(today), reasons=health.degrading_codes())
    return health


def _asked(website: Website, tables: Sequence[ListingTable]) -> Health:
    try:
        return Health(CredentialState.HEALTHY, tables_refused=website.check(tables))
    except WebsiteRefusedError as error:
        ended = error.kind is RefusedKind.SECRET_ENDED
        return Health(CredentialState.REFUSED, error.code, secret_ended=ended)
    except WebsiteBackoffError as error:
        return Health(CredentialState.UNREACHABLE if error.server_fault else CredentialState.NOT_CHECKED, str(error))
    except WebsiteUnavailableError as error:
        return Health(CredentialState.UNREACHABLE, str(error))


def _with_end_date(health: Health, secrets: Secrets, certificate_end: CertificateEnd) -> Health:
    try:
        secret = secrets.current()
        health = replace(health, form=form_of(secret))
        return replace(health, secret_ends_on=ends_on(secret, certificate_end))
    except ConnectionLostError:
        return health  # the check itself has reported the secret that cannot be used
    except ValueError:
        return replace(health, end_date_malformed=True)


def _with_pending(
    health: Health,
    secrets: Secrets,
    examiner_of: Callable[[Mapping[str, Any]], AbstractContextManager[CredentialExaminer]],
    tables: Sequence[ListingTable],
    certificate_end: CertificateEnd,
) -> Health:
    """Add what is known of the pending version; nothing if that cannot be determined now."""
    try:
        pending = secrets.pending()
    except ConnectionLostError:
        return health
    if pending is None:
        return replace(health, pending=NO_PENDING)
    findings = _examined(pending, examiner_of, tables, certificate_end)
    # A table that refuses the version in use too is no fault of this one.
    wrong = tuple(f for f in findings.wrong if not f.table or f.table not in health.tables_refused)
    if not wrong and any(f.fault is CredentialFault.UNREACHABLE for f in findings.findings):
        return health
    code = (wrong[0].code or f"examined_{wrong[0].fault}") if wrong else GOOD_PENDING
    return replace(health, pending=code, pending_version=pending.version, pending_findings=wrong)


def _examined(
    pending: PendingSecret,
    examiner_of: Callable[[Mapping[str, Any]], AbstractContextManager[CredentialExaminer]],
    tables: Sequence[ListingTable],
    certificate_end: CertificateEnd,
) -> Examination:
    if pending.value is None:
        return Examination((Finding(CredentialFault.INCOMPLETE, "secret_is_not_json"),))
    try:
        ends_on(pending.value, certificate_end)
    except ValueError:
        return Examination((Finding(CredentialFault.INCOMPLETE, END_DATE_MALFORMED),))
    with examiner_of(pending.value) as examiner:
        return examine_credential(pending.value, tables, examiner=examiner)
