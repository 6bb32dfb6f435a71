"""Outages of any length against the rule in words (I2): shared.domain.thresholds.reached is the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.calendar import is_full_scan_day
from shared.domain.thresholds import ReminderState, reached
from tests.support.examples import examples
from tests.support.foundation import DAY, Foundation, days
from tests.support.nightly_checks import at_night

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase

STEPS = ("reactivate_renewed", "claim_reminders", "expire_mentors")
THRESHOLDS = st.sets(st.integers(0, 90), min_size=1, max_size=4).map(lambda found: tuple(sorted(found, reverse=True)))
CHANGES = st.sampled_from(["nothing", "pause", "pause", "resume", "resume", "withdraw", "renew", "lose_address"])


@dataclass
class Model:
    """One mentor, as the design says it: what was claimed, what was moved, what was told."""

    expires_on: date
    status: str
    reachable: bool
    claimed: dict[tuple[int, date], str] = field(default_factory=dict)
    moved: set[tuple[str, date]] = field(default_factory=set)

    def change(self, kind: str) -> None:
        if kind == "pause" and self.status == "active":
            self.status = "paused"
        elif kind == "resume" and self.status == "paused":
            self.status = "active"
        elif kind == "withdraw":
            self.status = "inactive"
        elif kind == "renew":
            self.expires_on += days(120)
        elif kind == "lose_address":
            self.reachable = False

    def nightly_check(self, day: date, thresholds: tuple[int, ...]) -> int:
        """What one nightly check does. Return how many notices it writes."""
        notices = self._move("certification_expired", "active") if self.expires_on >= day else 0
        if self.status == "active":
            for threshold, state in reached(thresholds, self.expires_on, day).items():
                if (threshold, self.expires_on) not in self.claimed:
                    nearest = state is ReminderState.CLAIMED
                    self.claimed[threshold, self.expires_on] = (
                        "unreachable" if nearest and not self.reachable else state.value
                    )
                    notices += nearest and self.reachable
        return notices + (self._move("active", "certification_expired") if self.expires_on < day else 0)

    def _move(self, status: str, to: str) -> int:
        if self.status != status or (to, self.expires_on) in self.moved:
            return 0
        self.status = to
        self.moved.add((to, self.expires_on))
        return int(self.reachable)


MENTORS = st.lists(
    st.builds(
        Model,
        expires_on=st.integers(-10, 130).map(lambda left: DAY + days(left)),
        status=st.sampled_from(["active", "active", "active", "paused", "certification_expired"]),
        reachable=st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=4,
)
NIGHTLY_CHECKS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 3, 8, 20, 40]), st.tuples(CHANGES, CHANGES, CHANGES, CHANGES), THRESHOLDS | st.none()
    ),
    min_size=1,
    max_size=7,
)


@pytest.fixture
def transaction(database: TestDatabase) -> Iterator[Any]:
    with psycopg.connect(database.dsn, prepare_threshold=None) as connection:
        yield connection


def apply(foundation: Foundation, mentor: UUID, change: str) -> None:
    if change == "renew":
        foundation.do("UPDATE certifications SET expires_on = expires_on + 120 WHERE mentor_id = %s", mentor)
    elif change == "withdraw":
        foundation.set_status(mentor, "inactive")
    elif change == "lose_address":
        foundation.do("UPDATE peer_mentors SET email = NULL WHERE id = %s", mentor)
    elif change != "nothing":
        getattr(foundation, change)(mentor)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thresholds=THRESHOLDS, people=MENTORS, nightly_checks=NIGHTLY_CHECKS)
def test_whatever_the_outages_no_threshold_is_lost_or_doubled(
    transaction: Any, thresholds: Any, people: Any, nightly_checks: Any
) -> None:
    """Whatever the outages, no threshold is lost or doubled and the nearest is sent.

    I1, I2, I3: outages of 1 to 40 days; pauses, renewals, withdrawals and new thresholds in between.
    """
    with transaction.transaction(force_rollback=True):
        foundation = Foundation(transaction)
        organisation = foundation.organisation(thresholds=thresholds)
        turid = foundation.coordinator(organisation)
        models = {}
        for model in people:
            address = "kari.saether@example.no" if model.reachable else None
            mentor = foundation.mentor(
                organisation, model.expires_on, status=model.status, email=address, coordinator=turid
            )
            models[mentor] = model
        day = DAY
        for outage, changes, changed_thresholds in nightly_checks:
            day += timedelta(outage)
            for (mentor, model), change in zip(models.items(), changes, strict=False):
                model.change(change)
                apply(foundation, mentor, change)
            if changed_thresholds:
                thresholds = changed_thresholds
                foundation.settings(organisation, thresholds=thresholds)
            run = uuid4()
            foundation.present(at_night(day))
            foundation.do("INSERT INTO certification.runs VALUES (%s, 'expiry_check', now(), 'a-request')", run)
            foundation.do("SELECT certification.start_organisation(%s, %s, %s)", run, organisation, day)
            for step in STEPS:
                query = f"SELECT count(*) FROM certification.{step}(%s, %s, %s, %s)"
                foundation.one(query, organisation, day, run, is_full_scan_day(day))
            for mentor, model in models.items():
                expected = model.nightly_check(day, thresholds)
                written = "SELECT count(*) FROM certification.notices WHERE run_id = %s AND mentor_id = %s"
                assert foundation.one(written, run, mentor) == expected
                assert foundation.status(mentor) == model.status
                found = foundation.all(
                    "SELECT threshold_day, certification_expiry_date, state"
                    " FROM certification.cert_expiry_reminders WHERE mentor_id = %s",
                    mentor,
                )
                assert {(threshold, ends): state for threshold, ends, state in found} == model.claimed
            reminded = foundation.all(
                "SELECT count(*) FROM certification.notices WHERE run_id = %s AND kind = 'reminder' GROUP BY mentor_id",
                run,
            )
            assert {*reminded} <= {1}
