"""The limits of forced syncs, across instances and over HTTP: below them never 429, above them nothing else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.force_sync_url import ForceSyncUrl, opened
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.process import LocalDataverse
    from emulators.identity.server import LocalIdentity
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

PER_MENTOR, PER_COORDINATOR = 4, 7
LATER = DAY + days(100)


@pytest.fixture(scope="module")
def two_hosts(
    apis: tuple[LocalAws, Stack, Any], identity: LocalIdentity, emulator_process: LocalDataverse
) -> Iterator[tuple[ForceSyncUrl, ForceSyncUrl]]:
    """Two hosts with functions of their own, and limits that are reached soon."""
    limits = {"ForceSyncsPerMentor": str(PER_MENTOR), "ForceSyncsPerCoordinator": str(PER_COORDINATOR)}
    with (
        opened(apis, identity, emulator_process.url, limits) as first,
        opened(apis, identity, emulator_process.url, limits) as second,
    ):
        yield first, second


@pytest.fixture
def both(
    two_hosts: tuple[ForceSyncUrl, ForceSyncUrl], database: TestDatabase, site: EmulatedWebsite
) -> tuple[ForceSyncUrl, ForceSyncUrl]:
    """Both of them, on the test's database and website."""
    login = database.login("ForceSync")
    for one in two_hosts:
        one.log_in(login)
        one.forget()
    return two_hosts


def mentors_of(foundation, organisation, number):
    return [foundation.mentor(organisation, LATER, consent=True) for _ in range(number)]


def minutes_pass(foundation, seconds):
    """As if the forced syncs so far had been so many seconds earlier."""
    foundation.past_triggers("UPDATE certification.audit SET at = at - make_interval(secs => %s)", seconds)


def refused(reply):
    """Return the seconds of a 429, which header and body must say alike."""
    content = reply.problem("rate-limited", 429)
    assert reply.header("retry-after") == str(content["retry_after"])
    assert isinstance(content["retry_after"], int)
    return content["retry_after"]


def test_the_standard_is_six_a_minute_for_a_mentor(dashboard: ForceSyncUrl, foundation: Foundation, turid: Any) -> None:
    """6 a minute per mentor without any setting, and the seventh passes when Retry-After is over."""
    mentor = mentors_of(foundation, foundation.one("SELECT organisation_id FROM coordinators"), 1)[0]
    assert [dashboard.force(turid, mentor).status for _ in range(6)] == [200] * 6
    before = foundation.listing(mentor)["desired_version"]
    seconds = refused(dashboard.force(turid, mentor))
    assert 30 < seconds <= 60
    assert foundation.listing(mentor)["desired_version"] == before
    assert foundation.one("SELECT count(*) FROM certification.audit") == 6
    minutes_pass(foundation, seconds)
    assert dashboard.force(turid, mentor).status == 200


def test_two_coordinators_share_a_mentors_minute(
    both: tuple[ForceSyncUrl, ForceSyncUrl], foundation: Foundation, moss: Any, turid: Any
) -> None:
    """The limit is the mentor's, whoever forces; another mentor is free."""
    first, second = both
    arne = foundation.coordinator(moss, name="Arne Vik")
    one, other = mentors_of(foundation, moss, 2)
    calls = [(first, turid), (second, arne)] * (PER_MENTOR // 2)
    assert [url.force(who, one).status for url, who in calls] == [200] * PER_MENTOR
    assert refused(second.force(arne, one)) <= 60
    assert refused(first.force(turid, one)) <= 60
    assert first.force(turid, other).status == 200


def test_a_coordinators_minute_is_over_all_mentors(
    both: tuple[ForceSyncUrl, ForceSyncUrl], foundation: Foundation, moss: Any, turid: Any
) -> None:
    """The limit is the coordinator's; another coordinator of the organisation is free, and reading is never limited."""
    arne = foundation.coordinator(moss, name="Arne Vik")
    mentors = mentors_of(foundation, moss, PER_COORDINATOR + 1)
    replies = [both[number % 2].force(turid, mentor).status for number, mentor in enumerate(mentors[:-1])]
    assert replies == [200] * PER_COORDINATOR
    assert refused(both[0].force(turid, mentors[-1])) <= 60
    assert both[0].force(arne, mentors[-1]).status == 200
    assert both[0].get(turid, "/mentors").status == 200
    minutes_pass(foundation, 61)
    assert both[0].force(turid, mentors[-1]).status == 200


def test_what_is_refused_counts_for_nothing(
    both: tuple[ForceSyncUrl, ForceSyncUrl], foundation: Foundation, moss: Any, turid: Any
) -> None:
    """A client that goes on during its minute does not lengthen it; nor do requests that are wrong or not theirs."""
    url, _ = both
    (mentor,) = mentors_of(foundation, moss, 1)
    (theirs,) = mentors_of(foundation, foundation.organisation(), 1)
    for _ in range(PER_COORDINATOR + 1):
        url.force(turid, theirs).problem("no-such-mentor", 404)
        url.post(turid, f"/mentors/{mentor}/sync", b"{}").problem("invalid-request", 422)
    assert [url.force(turid, mentor).status for _ in range(PER_MENTOR)] == [200] * PER_MENTOR
    minutes_pass(foundation, 50)
    assert all(refused(url.force(turid, mentor)) <= 10 for _ in range(PER_COORDINATOR))
    minutes_pass(foundation, 10)
    assert url.force(turid, mentor).status == 200


def test_the_limits_hold_across_instances_at_once(
    both: tuple[ForceSyncUrl, ForceSyncUrl], foundation: Foundation, moss: Any, turid: Any
) -> None:
    """Two hosts, several processes each, all at the same moment: exactly the number passes, and all others get 429."""
    (mentor,) = mentors_of(foundation, moss, 1)
    number = 12
    ready = threading.Barrier(number)

    def force(k: int) -> Any:
        ready.wait()
        return both[k % 2].force(turid, mentor)

    with ThreadPoolExecutor(number) as pool:
        replies = list(pool.map(force, range(number)))
    passed = [reply for reply in replies if reply.status in {200, 202}]
    late = [refused(reply) for reply in replies if reply.status == 429]
    assert (len(passed), len(late)) == (PER_MENTOR, number - PER_MENTOR)
    assert all(0 < seconds <= 60 for seconds in late)
    assert foundation.one("SELECT count(*) FROM certification.audit") == PER_MENTOR
    minutes_pass(foundation, 61)
    assert both[1].force(turid, mentor).status == 200


def test_a_coordinators_limit_holds_across_instances(
    both: tuple[ForceSyncUrl, ForceSyncUrl], foundation: Foundation, moss: Any, turid: Any
) -> None:
    """As above, with a mentor each: no two requests wait for the same mentor, and still seven pass."""
    number = 12
    mentors = mentors_of(foundation, moss, number)
    ready = threading.Barrier(number)

    def force(k: int) -> int:
        ready.wait()
        return both[k % 2].force(turid, mentors[k]).status

    with ThreadPoolExecutor(number) as pool:
        statuses = sorted(pool.map(force, range(number)))
    assert statuses == [200] * PER_COORDINATOR + [429] * (number - PER_COORDINATOR)


def test_more_at_once_than_are_reserved_get_awss_429(
    apis: tuple[LocalAws, Stack, Any],
    identity: LocalIdentity,
    emulator_process: LocalDataverse,
    database: TestDatabase,
    foundation: Foundation,
    moss: Any,
    turid: Any,
    site: EmulatedWebsite,
) -> None:
    """Reserved concurrency bounds what anybody can cost; the reply is AWS's own, which is no problem object."""
    reserved, number = 2, 6
    mentors = mentors_of(foundation, moss, number)
    with opened(apis, identity, emulator_process.url, {"ForceSyncConcurrency": str(reserved)}) as cold:
        cold.log_in(database.login("ForceSync"))
        site.slow(2, method="POST", path=r"\$batch")
        ready = threading.Barrier(number)

        def force(k: int) -> Any:
            ready.wait()
            return cold.force(turid, mentors[k])

        with ThreadPoolExecutor(number) as pool:
            replies = sorted(pool.map(force, range(number)), key=lambda reply: reply.status)
        assert [reply.status for reply in replies] == [200] * reserved + [429] * (number - reserved)
        for reply in replies[reserved:]:
            assert (reply.header("content-type"), reply.header("retry-after")) == ("application/json", None)
            assert reply.header("x-amzn-errortype") == "TooManyRequestsException"
            reason = {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}
            assert reply.content == reason
        assert foundation.one("SELECT count(*) FROM certification.audit") == reserved
        assert cold.get(turid, "/mentors").status == 200
