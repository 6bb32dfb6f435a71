"""Whatever happens in whatever order, one sync of everything unsynced ends with the website as it should be (I5-I8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import CertificationError
from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.syncs import leases_end, wanted

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite

LATER = DAY + days(100)
LEASE = timedelta(minutes=3)
CHANGES = {
    "pause": "UPDATE peer_mentors SET status = 'paused' WHERE id = %s",
    "resume": "UPDATE peer_mentors SET status = 'active' WHERE id = %s",
    "withdraw": "UPDATE peer_mentors SET listing_consent = false WHERE id = %s",
    "consent": "UPDATE peer_mentors SET listing_consent = true WHERE id = %s",
    "rename": "UPDATE peer_mentors SET last_name = last_name || 'e' WHERE id = %s",
    "end": "UPDATE certifications SET expires_on = '2026-11-30' WHERE mentor_id = %s",
    "renew": "UPDATE certifications SET expires_on = '2027-11-30' WHERE mentor_id = %s",
    "delete": "DELETE FROM peer_mentors WHERE id = %s",
}
FAULTS = ["429", "503", "one 400", "reset before", "reset after", "truncate", "504 after", "lost race", "tokens end"]

numbers = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("change"), numbers, st.sampled_from(sorted(CHANGES))),
        # A webhook, of the newest change or an old one, once or twice; those that never come are lost.
        st.tuples(st.just("webhook"), st.lists(numbers, min_size=1, max_size=4), st.booleans()),
        st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
        st.tuples(st.just("killed"), numbers),
        st.tuples(st.just("deleted by hand"), numbers),
    ),
    max_size=25,
)


@dataclass
class SyncWorld:
    """Four mentors, two workers, one website."""

    foundation: Foundation
    crew: Crew
    site: EmulatedWebsite
    mentors: list[UUID] = field(default_factory=list)
    manually: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.workers = [self.crew.worker(batch_size=2, parallel=1) for _ in range(2)]

    def begin(self) -> None:
        self.foundation.empty()
        self.foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
        self.foundation.do("UPDATE certification.sync_state SET stopped_since = NULL, stopped_reason = NULL")
        self.site.reset()
        organisation = self.foundation.organisation()
        self.foundation.evaluated(organisation)
        self.mentors = [self.foundation.mentor(organisation, LATER, consent=number < 3) for number in range(4)]

    def do(self, kind: str, *what: Any) -> None:
        match kind, what:
            case "change", (number, change):
                if change == "delete":
                    self.foundation.do("DELETE FROM certifications WHERE mentor_id = %s", self.mentors[number])
                self.foundation.do(CHANGES[change], self.mentors[number])
            case "webhook", (whom, twice):
                for worker in self.workers[: 1 + twice]:
                    worker.seconds = 60.0
                    with suppress(CertificationError):
                        worker.sync(*(self.mentors[number] for number in whom))
            case "fault", (fault,):
                self.disturb(fault)
            case "killed", (number,):
                self.workers[0].listings.claim([self.mentors[number]], self.mentors[0], LEASE)
            case "deleted by hand", (number,):
                if str(self.mentors[number]) in self.site.by_mentor():
                    self.site.delete(str(self.mentors[number]))
                    self.manually.add(str(self.mentors[number]))

    def disturb(self, fault: str) -> None:
        batch: dict[str, Any] = {"path": r"\$batch"}
        match fault:
            case "429":
                self.site.fail_next(1, status=429, retry_after=1, **batch)
            case "503":
                self.site.fail_next(2, status=503, **batch)
            case "one 400":
                self.site.poison(str(self.mentors[1]), count=1)
            case "reset before":
                self.site.reset_before(1, **batch)
            case "reset after":
                self.site.reset_after(1, **batch)
            case "truncate":
                self.site.truncate_replies(1, **batch)
            case "504 after":
                self.site.fail_after_commit(1, **batch)
            case "lost race":
                self.site.lose_races(1)
            case "tokens end":
                self.site.expire_tokens()

    def end(self) -> None:
        """What was disturbed is over; what was rejected or deleted by hand gets the next change that it waits for."""
        self.site.clear_faults()
        self.site.settings(races_to_lose=0)
        leases_end(self.foundation)
        self.foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
        self.foundation.do("UPDATE peer_mentors SET area = 'Moss' WHERE id::text = ANY (%s)", [*self.manually])
        self.foundation.do(
            "UPDATE peer_mentors SET area = 'Rygge' WHERE id IN"
            " (SELECT mentor_id FROM certification.listings WHERE state = 'rejected')"
        )
        self.workers[0].seconds = 60.0
        assert self.workers[0].unsynced().complete


@pytest.fixture
def world(foundation: Foundation, crew: Crew, site: EmulatedWebsite) -> SyncWorld:
    return SyncWorld(foundation, crew, site)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_any_history_ends_with_the_website_as_it_should_be(world: SyncWorld, history: list[tuple[Any, ...]]) -> None:
    """I5, I6, I7, I8: changes, lost, doubled and reordered messages, faults, killed workers, hands on the website."""
    world.manually.clear()
    world.begin()
    for kind, *what in history:
        world.do(kind, *what)
    world.end()
    assert world.site.visible() == wanted(world.foundation)
    left = world.foundation.all("SELECT state FROM certification.listings WHERE synced_version < desired_version")
    assert set(left) <= {"rejected"}
    keys = [row["hlf_mentorid"] for row in world.site.rows()]
    assert len(keys) == len(set(keys))
