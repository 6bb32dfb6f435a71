"""Our access to the website: every way of losing it is seen, told apart, and over when it is cured (I10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.model import defaults
from shared.domain.credentials.credential import CredentialState
from shared.domain.errors import ConnectionLostError
from shared.domain.runs import RunState
from tests.support.credentials import Checker
from tests.support.federation import OwnCertificate
from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
HEALTHY, REFUSED, UNREACHABLE, NOT_CHECKED = CredentialState
NEW = "a-new-local-secret"


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def check(database: TestDatabase, site: EmulatedWebsite, crew: Crew, organisation: Any) -> Iterator[Checker]:
    """What the nightly check does first; it shares the secret with the workers of dynamics_sync, and nothing else."""
    with Checker(database.login("ExpiryCheck"), site, crew.secret) as check:
        yield check


@pytest.fixture
def listed(foundation: Foundation, organisation: Any, worker: SyncWorker) -> Any:
    """Three mentors whom visitors see."""
    made = [foundation.mentor(organisation, LATER, consent=True) for _ in range(3)]
    worker.sync(*made)
    return made


def noted(foundation):
    """stopped_since, stopped_reason, failing_since, check_reason"""
    (row,) = foundation.all(
        "SELECT stopped_since, stopped_reason, failing_since, check_reason FROM certification.sync_state"
    )
    return row


def pending_recorded(foundation):
    return foundation.one("SELECT pending_secret FROM certification.sync_state")


def a_minute_passes(foundation):
    foundation.do("UPDATE certification.sync_state SET tried_at = tried_at - interval '61 seconds'")


# --- every way to lose it, and back

LOST = {
    "the secret has ended": (
        lambda site, _: site.expire_secret(),
        "entra_7000222",
        lambda site, _: site.add_secret(defaults.CLIENT_SECRET),
    ),
    "the secret is wrong": (
        lambda _, secret: secret.rotate("wrong"),
        "entra_7000215",
        lambda _, secret: secret.rotate(defaults.CLIENT_SECRET),
    ),
    "no such tenant": (
        lambda _, secret: secret.value.update(tenant_id="elsewhere"),
        "entra_90002",
        lambda _, secret: secret.value.update(tenant_id=defaults.TENANT_ID),
    ),
    "no application user": (
        lambda site, _: site.remove_application_user(),
        "dataverse_403_0x80072560",
        lambda site, _: site.restore_application_user(),
    ),
    "it may not read": (
        lambda site, _: site.remove_privilege("read"),
        "dataverse_403_0x80040220",
        lambda site, _: site.restore_privilege("read"),
    ),
    "it may not write": (
        lambda site, _: site.remove_privilege("write"),
        "dataverse_403_0x80040220",
        lambda site, _: site.restore_privilege("write"),
    ),
    "a field is missing in the secret": (
        lambda _, secret: secret.value.pop("client_id"),
        "secret_has_no_client_id",
        lambda _, secret: secret.value.update(client_id=defaults.CLIENT_ID),
    ),
}


@pytest.mark.parametrize("how", LOST)
def test_a_lost_access_stops_the_website_and_a_cure_resumes_it(
    foundation: Foundation, site: EmulatedWebsite, check: Checker, how: Any
) -> None:
    """A lost access stops the website in the run that sees it and a cure resumes it.

    I10: with its own code, since when it does not work, and nothing is ever written to find out.
    """
    cause, code, cure = LOST[how]
    assert check().state is HEALTHY
    cause(site, check.secret)
    health = check()
    assert (health.state, health.reason, health.degrading_codes(), health.recovered) == (REFUSED, code, (code,), False)
    since, *_ = first = noted(foundation)
    assert first == (since, code, first[2], code)
    assert since is not None
    assert check().state is REFUSED
    assert noted(foundation) == first, "it has not worked in between"
    cure(site, check.secret)
    health = check()
    assert (health.state, health.reason, health.degrading_codes(), health.recovered) == (HEALTHY, None, (), True)
    assert noted(foundation) == (None,) * 4
    assert not check().recovered
    assert (site.rows(), site.writes()) == ([], [])


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 503, "where": "token"}, "entra_503"),
        ({"status": 503}, "dataverse_503"),
        ({"status": 500, "path": "hlf_peermentors"}, "dataverse_500_0x80040216"),
        ({"status": 502, "path": r"\$batch"}, "dataverse_502"),
    ],
)
def test_a_service_that_is_down_is_no_refusal(
    foundation: Foundation, site: EmulatedWebsite, check: Checker, fault: Any, code: str
) -> None:
    """I10: nothing is stopped; since when it fails is known, and over at the first answer."""
    rule = site.fail_next(None, **fault)
    health = check()
    assert (health.state, health.reason, health.degrading_codes()) == (UNREACHABLE, code, (code,))
    stopped, _, since, reason = noted(foundation)
    assert (stopped, reason) == (None, code)
    check()
    assert noted(foundation)[2] == since is not None
    site.clear_faults(rule)
    health = check()
    assert (health.state, health.recovered) == (HEALTHY, False)
    assert noted(foundation) == (None,) * 4


def test_what_was_stopped_stays_so_while_nobody_responds(
    foundation: Foundation, site: EmulatedWebsite, check: Checker
) -> None:
    """I10: no answer is no all-clear."""
    site.remove_application_user()
    check()
    site.restore_application_user()
    rule = site.fail_next(None, status=503)
    assert check().state is UNREACHABLE
    assert noted(foundation)[1] == "dataverse_403_0x80072560"
    site.clear_faults(rule)
    assert check().recovered


def test_nothing_is_asked_or_recorded_inside_retry_after(
    foundation: Foundation, site: EmulatedWebsite, check: Checker
) -> None:
    """I9, I10: the window tells nothing about the credential, neither the request that opens it nor those after."""
    site.remove_application_user()
    check()
    before = noted(foundation)
    site.fail_next(1, status=429, retry_after=300)
    assert check().state is NOT_CHECKED
    site.clear_journal()
    health = check()
    assert (health.state, health.reason, health.degrading_codes()) == (NOT_CHECKED, "website_backoff", ())
    assert (site.journal(), noted(foundation)) == ([], before)
    foundation.do("UPDATE certification.sync_state SET backoff_until = now()")
    site.restore_application_user()
    assert check().recovered


def test_one_closed_table_stops_nobody_elses_mentors(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, check: Checker, listed: Any
) -> None:
    """One organisation's table that is closed to us is reported and stops nobody else.

    I13, and no flapping: also not when a batch holds that organisation's mentors only.
    """
    elsewhere = foundation.organisation()
    foundation.evaluated(elsewhere)
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping)"
        " SELECT %s, jsonb_set(listing_mapping, '{table}', to_jsonb(%s::text)) FROM certification.standard",
        elsewhere,
        SECOND_TABLE,
    )
    theirs = foundation.mentor(elsewhere, LATER, consent=True)
    for privilege in ("write", "create"):
        site.remove_privilege(privilege, "hlf_likeperson")
    health = check()
    assert (health.state, health.tables_refused) == (HEALTHY, {SECOND_TABLE: "dataverse_403_0x80040220"})
    assert health.degrading_codes() == ("dataverse_403_0x80040220",)
    check.pending_version = check.secret.value
    assert check().pending == "good", "it can do what the one in use can"
    assert not crew.worker().sync(theirs).stopped
    assert foundation.listing(theirs)["reason"] == "dataverse_403_0x80040220"
    site.remove_privilege("write")
    assert check().state is REFUSED


# --- the sync


@pytest.mark.parametrize("privilege", ["write", "read"])
def test_a_privilege_taken_away_stops_once_and_does_not_flap(
    foundation: Foundation, crew: Crew, check: Checker, listed: Any, privilege: str
) -> None:
    """I10: since when it does not work stays what it was, however often it is tried, by whomever."""
    site, worker = check.site, crew.worker()
    site.remove_privilege(privilege)
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    if privilege == "read":
        assert check().state is REFUSED  # pushing needs no reading: the check is who finds out
    assert worker.sync(*listed).stopped
    since = noted(foundation)[0]
    site.clear_journal()
    for _ in range(3):
        a_minute_passes(foundation)
        assert crew.worker().sync(*listed).stopped
        assert check().state is REFUSED
        assert noted(foundation)[0] == since is not None
    assert site.writes() == []
    site.restore_privilege(privilege)
    a_minute_passes(foundation)
    assert not worker.sync(*listed).stopped
    assert noted(foundation)[:2] == (None, None)


def test_a_recovery_in_the_nightly_check_drains_what_waited(
    foundation: Foundation, functions: Functions, crew: Crew, check: Checker, listed: Any
) -> None:
    """I7, I10: at once, without a worker's minute and without a message of anybody."""
    site, worker = check.site, crew.worker()
    site.expire_secret()
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert worker.sync(*listed).stopped
    nightly = functions.nightly_check(DAY, check_credential=check)
    assert (nightly.verdict.state, nightly.verdict.reason) == (RunState.DEGRADED, "entra_7000222")
    site.add_secret(defaults.CLIENT_SECRET)
    functions.asked.requests.clear()
    assert functions.nightly_check(DAY, check_credential=check).verdict.state is RunState.SUCCEEDED
    assert {request.mentor_id for request in functions.asked.requests} == set(listed)
    assert crew.worker().sync(*listed).counts()["listings_published"] == 3


def test_a_check_that_breaks_unexpectedly_holds_up_no_expiry(
    foundation: Foundation, functions: Functions, organisation: Any
) -> None:
    """I13: the reminders and expiries of that nightly check are done, and somebody is told."""
    mentor = foundation.mentor(organisation, DAY - days(1))

    def broken():
        raise ZeroDivisionError

    verdict = functions.nightly_check(DAY, check_credential=broken).verdict
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "unexpected_ZeroDivisionError")
    assert foundation.status(mentor) == "certification_expired"


def test_a_failed_nightly_check_stays_failed(
    foundation: Foundation, functions: Functions, site: EmulatedWebsite, check: Checker
) -> None:
    """I13: a degraded credential must not soften it, nor a healthy one."""
    foundation.do("UPDATE organisations SET timezone = 'Mars/Olympus'")
    site.remove_application_user()
    with pytest.raises(Exception, match=r"^dataverse_403_0x80072560,unknown_timezone$"):
        functions.nightly_check(DAY, check_credential=check)
    assert foundation.all("SELECT state FROM certification.runs") == ["failed"]


# --- the secret's end, and its next version


@pytest.mark.parametrize(
    ("written", "ends_on", "degrading_codes"),
    [
        ("2027-05-31", date(2027, 5, 31), ()),
        (None, None, ()),
        ("31.05.2027", None, ("secret_end_date_malformed",)),
        ("2027-W22-1", None, ("secret_end_date_malformed",)),
        ("2027-02-29", None, ("secret_end_date_malformed",)),
        (20270531, None, ("secret_end_date_malformed",)),
    ],
)
def test_the_end_of_the_secret_is_what_the_secret_says(
    foundation: Foundation, check: Checker, written: int | str | None, ends_on: date | None, degrading_codes: Any
) -> None:
    """I10: one that says nothing, or nonsense, has no end date; nonsense is told besides."""
    value: dict[str, Any] = {**check.secret.value, "client_secret_expires_on": written}
    check.secret.value = value
    health = check()
    assert (health.state, health.secret_ends_on, health.degrading_codes()) == (HEALTHY, ends_on, degrading_codes)
    assert foundation.one("SELECT secret_ends_on FROM certification.sync_state") == ends_on
    today = date(2027, 5, 1)
    counts = health.counts(today)
    assert (counts["secret_without_end_date"], counts["secret_days_left"]) == ((0, 30) if ends_on else (1, 0))
    if ends_on:
        assert health.counts(ends_on + timedelta(days=2))["secret_days_left"] == -2


@pytest.mark.parametrize("typed", [None, "2099-01-31", "31.05.2027"])
def test_the_end_of_a_certificate_is_what_it_says_itself(
    foundation: Foundation, site: EmulatedWebsite, check: Checker, typed: str | None
) -> None:
    """I10: whatever a person typed beside it, once or never."""
    made = OwnCertificate.new(days=20)
    site.add_certificate(made.certificate)
    ids = {name: check.secret.value[name] for name in ("tenant_id", "client_id")}
    check.secret.value = {
        **ids,
        "certificate": made.certificate,
        "private_key": made.private_key,
        **({"certificate_expires_on": typed} if typed else {}),
    }
    health = check()
    ends_on = (datetime.now(UTC) + timedelta(days=20)).date()
    assert (health.state, health.secret_ends_on, health.degrading_codes()) == (HEALTHY, ends_on, ())
    assert foundation.all("SELECT secret_ends_on, credential_form FROM certification.sync_state") == [
        (ends_on, "certificate")
    ]


def test_a_certificate_that_is_none_has_no_end(check: Checker) -> None:
    """The sign-in reports it, once, as what it is."""
    made = OwnCertificate.new()
    ids = {name: check.secret.value[name] for name in ("tenant_id", "client_id")}
    check.secret.value = {**ids, "certificate": made.private_key, "private_key": made.private_key}
    health = check()
    assert (health.state, health.secret_ends_on) == (REFUSED, None)
    assert health.degrading_codes() == ("secret_certificate_unusable",)


def test_a_rotation_is_known_good_before_it_is_made_current(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, check: Checker, listed: Any
) -> None:
    """I10: the sync goes on with the secret in use; nothing is asked of it for the new one's sake."""
    assert (check().pending, pending_recorded(foundation)) == ("none", "none")
    check.pending_version = {**check.secret.value, "client_secret": NEW}
    health = check()
    assert (health.state, health.pending, health.degrading_codes()) == (
        HEALTHY,
        "entra_7000215",
        ("pending_entra_7000215",),
    )
    assert (pending_recorded(foundation), *noted(foundation)) == ("entra_7000215", None, None, None, None)
    site.add_secret(NEW)
    assert (check().pending, pending_recorded(foundation)) == ("good", "good")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert worker.sync(*listed).counts()["listings_published"] == 3
    check.secret.rotate(NEW)
    check.pending_version = None
    site.revoke_secret()
    site.expire_tokens()
    assert (check().pending, pending_recorded(foundation), noted(foundation)[0]) == ("none", "none", None)
    foundation.do("UPDATE peer_mentors SET first_name = 'Kari'")
    assert worker.sync(*listed).counts()["listings_published"] == 3


def test_the_next_secret_is_tried_while_this_one_is_refused(
    foundation: Foundation, site: EmulatedWebsite, check: Checker
) -> None:
    """The next secret is tried also while the one in use is refused.

    I10: whoever puts it in hears whether it will do before anything hangs on it.
    """
    site.expire_secret()
    site.add_secret(NEW)
    check.pending_version = {**check.secret.value, "client_secret": NEW}
    health = check()
    assert (health.state, health.pending) == (REFUSED, "good")


@pytest.mark.parametrize(
    ("pending", "code"),
    [
        ({}, "secret_has_no_tenant_id"),
        ("[]", "secret_is_not_json"),
        ({"federation": "gcp"}, "secret_has_no_tenant_id"),
        ({"client_secret_expires_on": "soon"}, "secret_end_date_malformed"),
    ],
)
def test_a_next_secret_of_another_form_is_reported_as_what_it_is(
    foundation: Foundation, check: Checker, pending: Any, code: str
) -> None:
    check.pending_version = pending
    assert (check().degrading_codes(), pending_recorded(foundation)) == ((f"pending_{code}",), code)


def test_what_is_not_known_of_the_next_secret_stays_as_it_was(
    foundation: Foundation, site: EmulatedWebsite, check: Checker
) -> None:
    """What could not be known of the next secret stays what it was.

    A service that is down closes no alert on a secret that was refused.
    """
    check.pending_version = {**check.secret.value, "client_secret": NEW}
    check.secret.value["client_secret_expires_on"] = "2027-05-31"
    check()
    for cause in (lambda: site.fail_next(1, where="token", skip=1), lambda: site.fail_next(None)):
        cause()
        assert check().pending is None
        assert pending_recorded(foundation) == "entra_7000215"
        assert foundation.one("SELECT secret_ends_on FROM certification.sync_state") == date(2027, 5, 31)
    site.clear_faults()
    check.pending_version = ConnectionLostError("secret_cannot_be_read")
    assert (check().state, pending_recorded(foundation)) == (HEALTHY, "entra_7000215")
