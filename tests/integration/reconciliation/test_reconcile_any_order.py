"""Comparisons and sweeps while changes flow: no false alarm, and everything converges (I5, I7; issue 4's property)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.syncs import leases_end, wanted
from tests.support.there import there

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite

LATER = DAY + days(100)
MENTORS = 4
who = st.integers(0, MENTORS - 1)
step = st.one_of(
    st.tuples(st.just("area"), who),
    st.tuples(st.sampled_from(["pause", "resume", "withdraw", "consent", "expire", "renew"]), who),
    st.tuples(st.just("worker"), st.lists(who, max_size=3)),
    st.tuples(st.just("dies"), who),
    st.tuples(st.sampled_from(["full", "sweep"])),
    st.tuples(st.just("repairs")),
)
hand = st.tuples(st.sampled_from(["edit", "hide", "show", "delete"]), who)


class ReconcileWorld:
    """Four mentors, workers, reconciliation, and hands on the website."""

    def __init__(self, foundation: Foundation, crew: Crew, site: EmulatedWebsite, reconciler: Reconciler) -> None:
        self.foundation, self.site, self.reconciler = foundation, site, reconciler
        self.worker, self.victim = crew.worker(), crew.worker()

    def begin(self) -> None:
        for table in ("certifications", "peer_mentors", "certification.findings", "certification.listings"):
            self.foundation.do(f"DELETE FROM {table}")
        self.foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
        self.site.reset()
        self.site.limits(enabled=False)
        organisation = self.foundation.organisation()
        self.foundation.evaluated(organisation)
        self.mentors = [self.foundation.mentor(organisation, LATER, consent=True) for _ in range(MENTORS)]
        self.worker.seconds = self.victim.seconds = 60.0
        # Whom no history touches: deleting a few rows by hand is no answer that lacks most of them.
        others = [self.foundation.mentor(organisation, LATER, consent=True) for _ in range(2 * MENTORS)]
        self.worker.sync(*self.mentors, *others)
        self.reconciler.queue.taken()

    def do(self, kind: str, *what: Any) -> None:  # noqa: C901 - one case for each thing that may happen
        mentor = self.mentors[what[0]] if what and isinstance(what[0], int) else None
        foundation, site = self.foundation, self.site
        match kind:
            case "area":
                foundation.do("UPDATE peer_mentors SET area = area || 'x' WHERE id = %s", mentor)
            case "pause" | "resume":
                status = {"pause": "paused", "resume": "active"}[kind]
                foundation.do("UPDATE peer_mentors SET status = %s WHERE id = %s", status, mentor)
            case "withdraw" | "consent":
                foundation.do("UPDATE peer_mentors SET listing_consent = %s WHERE id = %s", kind == "consent", mentor)
            case "expire" | "renew":
                day = DAY - days(1) if kind == "expire" else LATER
                foundation.do("UPDATE certifications SET expires_on = %s WHERE mentor_id = %s", day, mentor)
            case "worker":
                self.worker.sync(*(self.mentors[number] for number in what[0]))
            case "dies":
                self.victim.listings.claim([there(mentor)], uuid4(), timedelta(minutes=3))
            case "full":
                assert self.reconciler.full().reason is None
            case "sweep":
                assert self.reconciler.sweep().reason is None
            case "repairs":
                self.worker.sync(*self.reconciler.queue.taken())
            case "edit" | "hide" | "show" if str(mentor) in site.by_mentor():
                flags = {"hide": {"statecode": 1, "statuscode": 2}, "show": {"statecode": 0, "statuscode": 1}}
                site.edit(str(mentor), flags.get(kind, {"hlf_area": "by hand"}))
            case "delete" if str(mentor) in site.by_mentor():
                site.delete(str(mentor))

    def end(self) -> None:
        """Leases end, and what is overdue is asked for, twice: a repair and its confirmation."""
        for _ in range(3):
            leases_end(self.foundation)
            self.foundation.do(
                "UPDATE certification.listings SET changed_at = changed_at - interval '10 minutes'"
                " WHERE synced_version < desired_version"
            )
            self.reconciler.full()
            self.reconciler.sweep()
            self.worker.seconds = 60.0
            self.worker.sync(*self.reconciler.queue.taken())


@pytest.fixture
def world(foundation: Foundation, crew: Crew, site: EmulatedWebsite, reconciler: Reconciler) -> ReconcileWorld:
    return ReconcileWorld(foundation, crew, site, reconciler)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(step, max_size=10))
def test_while_changes_flow_there_is_no_false_alarm(world: ReconcileWorld, history: list[tuple[Any, ...]]) -> None:
    """Nobody has touched the website, so whatever is compared when, nothing is found and nothing repaired."""
    world.begin()
    for kind, *what in history:
        world.do(kind, *what)
        found = world.foundation.all("SELECT class, cause FROM certification.findings WHERE cause <> 'waiting'")
        assert found == []


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.one_of(step, hand), max_size=10))
def test_whatever_manual_edits_did_the_website_converges(world: ReconcileWorld, history: list[tuple[Any, ...]]) -> None:
    """I7: without a webhook, a message that survives or a person."""
    world.begin()
    for kind, *what in history:
        world.do(kind, *what)
    world.end()
    assert world.site.visible() == wanted(world.foundation)
    assert world.foundation.all("SELECT class FROM certification.findings WHERE closed_at IS NULL") == []
    proof = "SELECT app_hash = website_hash FROM certification.proofs ORDER BY ended_at DESC LIMIT 1"
    assert world.foundation.one(proof) is True
