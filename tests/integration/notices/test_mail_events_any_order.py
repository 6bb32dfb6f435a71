"""Random histories of mails: each ends in a state, and each that did not arrive is told exactly once (I4, I17)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.mail.notices import Sent, Throttled, Undeliverable, Unknown
from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.mails import an_event, message_id
from tests.support.there import there

if TYPE_CHECKING:
    from shared.domain.mail.events import MailEvent
    from shared.domain.mail.notices import Notice
    from tests.support.foundation import Foundation
    from tests.support.mails import Mails
    from tests.support.nightly_checks import Functions

MENTORS = 4
LATER = datetime.now(UTC) + days(30)
"""Events that come a day later are still of their mail, so their time is far from any claim's."""
FINAL = {"delivered", "bounced", "complained", "unknown"}
WORST = {"complaint": "complained", "bounce": "bounced", "reject": "bounced", "delivery": "delivered"}
RANK = ["complaint", "bounce", "reject", "delivery"]

# What SES says of a mail, in this order or another: (kind, type of bounce).
said = st.sampled_from(
    [
        ("delivery", None),
        ("delay", None),
        ("reject", None),
        ("complaint", None),
        ("bounce", "permanent"),
        ("bounce", "transient"),
        ("bounce", "undetermined"),
    ]
)
# What the sender learns of a mail that SES has accepted; a reply may be lost, and the sender may be killed.
learns = st.sampled_from(["sent", "lost", "killed"])
step = st.one_of(
    st.tuples(st.just("send"), learns, st.lists(said, max_size=3)),
    st.tuples(st.just("refused"), st.sampled_from(["throttled", "undeliverable"])),
    st.tuples(st.just("event"), st.integers(0, 30)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("digests"), st.sampled_from(["sent", "refused", "throttled"])),
    st.tuples(st.just("of_digest"), st.integers(0, 30), said),
    st.tuples(st.just("coordinator"), st.integers(0, 1), st.booleans()),
    st.tuples(st.sampled_from(["sweep", "hour", "day"])),
    st.tuples(st.just("hand_over"), st.integers(0, MENTORS - 1)),
)


class MailWorld:
    """Four mentors who share two addresses, two coordinators, and a mail service that remembers what it accepted."""

    def __init__(self, mails: Mails, foundation: Foundation, functions: Functions) -> None:
        self.mails, self.foundation, self.functions = mails, foundation, functions

    def begin(self) -> None:
        foundation = self.foundation
        foundation.empty()
        foundation.do("TRUNCATE certification.unusable_addresses, certification.mail_events")
        self.accepted: Counter[int] = Counter()
        self.to_come: list[MailEvent] = []
        self.came: list[MailEvent] = []
        self.told: list[tuple[int, str, str]] = []
        self.digests: list[int] = []
        self.organisation = foundation.organisation()
        self.addresses = 2
        self.coordinators = [
            foundation.coordinator(self.organisation, email=f"coordinator.{number}@example.no") for number in range(2)
        ]
        self.mentors = [
            foundation.mentor(
                self.organisation,
                DAY + days(7),
                coordinator=self.coordinators[number % 2],
                email=f"{number % 2}@example.no",
                name=("Kari", str(number)),
            )
            for number in range(MENTORS)
        ]
        self.functions.nightly_check(DAY)
        self.mails.new_run()

    def do(self, kind: str, *what: Any) -> None:  # noqa: C901 - one case for each thing that may happen
        mails = self.mails
        match kind:
            case "send":
                if notice := mails.claim(self.organisation):
                    self._accepted(notice, *what)
            case "refused":
                if notice := mails.claim(self.organisation):
                    mails.settle(notice.id, Throttled() if what[0] == "throttled" else Undeliverable("MessageRejected"))
                    mails.new_run()
            case "event" if self.to_come:
                self._happens(self.to_come.pop(what[0] % len(self.to_come)))
            case "again" if self.came:
                self._happens(self.came[what[0] % len(self.came)])
            case "digests":
                self._digests(*what)
            case "of_digest" if self.digests:
                said_of, (said_kind, of) = self.digests[what[0] % len(self.digests)], what[1]
                self.mails.record(an_event(said_of, said_kind, bounce_type=of, accepted_at=LATER))
            case "coordinator":
                # Without an address, or with one that was never used.
                self.addresses += 1
                self.foundation.do(
                    "UPDATE coordinators SET email = %s WHERE id = %s",
                    f"coordinator.{self.addresses}@example.no" if what[1] else None,
                    self.coordinators[what[0]],
                )
            case "sweep":
                mails.sweep()
            case "hour" | "day":
                mails.time_passes(timedelta(hours=1) if kind == "hour" else timedelta(hours=25))
                mails.sweep()
            case "hand_over":
                self.foundation.do(
                    "UPDATE peer_mentors SET coordinator_id = %s WHERE id = %s",
                    self.coordinators[what[0] % 3 % 2],
                    self.mentors[what[0]],
                )

    def _accepted(self, notice: Notice, learned: str, events: list[tuple[str, str | None]]) -> None:
        self.accepted[notice.id] += 1
        made = [an_event(notice.id, kind, bounce_type=of, accepted_at=LATER) for kind, of in events]
        self.to_come += list({event.key: event for event in made}.values())
        match learned:
            case "sent":
                self.mails.settle(notice.id, Sent(message_id(notice.id)))
            case "lost":
                self.mails.settle(notice.id, Unknown("lost_reply"))
            case _:
                self.mails.new_run()

    def _happens(self, event: MailEvent) -> None:
        outcome = self.mails.record(event)
        assert outcome in ({"repeated"} if event in self.came else {"recorded", "waiting"})
        if event not in self.came:
            self.came.append(event)

    def _digests(self, fate: str = "sent") -> None:
        self.mails.new_run()
        self.mails.outbox.complete_digests(self.mails.run_id, self.organisation)
        while digest := self.mails.claim(self.organisation, digests=True):
            match fate:
                case "sent":
                    self.mails.settle(digest.id)
                    self.digests.append(digest.id)
                case "refused":
                    # Nobody has read it. To another address it goes out again, under its own id.
                    self.mails.settle(digest.id, Undeliverable("MessageRejected"))
                    continue
                case _:
                    self.mails.settle(digest.id, Throttled())
                    continue
            self.told += [
                (digest.id, line.mentor_name, there(line.reason)) for line in there(digest.digest).undeliverable
            ]

    def end(self) -> None:
        """Everything that was accepted is said at last, time passes, and the sender comes by again."""
        while self.to_come:
            self._happens(self.to_come.pop())
        while notice := self.mails.claim(self.organisation):
            self._accepted(notice, "sent", [])
        for _ in range(2):
            self.mails.time_passes(timedelta(hours=25))
            self.mails.sweep()
            self._digests()
        # Whatever became of the digests, at last each coordinator has an address that works.
        for number in range(2):
            self.do("coordinator", number, True)
        self._digests()
        told = len(self.told)
        self._digests()
        assert len(self.told) == told  # and then it is enough
        self.mails.new_run()
        assert self.mails.claim(self.organisation) is None

    def expected(self, notice: int) -> str:
        kinds = {event.kind.value for event in self.came if event.notice_id == notice}
        return next((WORST[kind] for kind in RANK if kind in kinds), "unknown")


def holds(world: MailWorld) -> None:
    foundation = world.foundation
    # I4: SES was given each mail at most once.
    assert set(world.accepted.values()) <= {1}
    rows = foundation.all(
        "SELECT n.id, n.state, n.arrival, certification.is_reported(n), m.first_name || ' ' || m.last_name"
        " FROM certification.notices AS n JOIN peer_mentors AS m ON m.id = n.mentor_id ORDER BY n.id"
    )
    lost = set(
        foundation.all("SELECT n.id FROM certification.notices AS n WHERE kind = 'digest' AND certification.is_lost(n)")
    )
    # A copy has reached its reader only if it is not lost itself.
    lost |= set(
        foundation.all(
            "SELECT n.id FROM certification.notices AS n WHERE n.kind = 'digest'"
            " AND (n.state = 'undeliverable' OR certification.did_not_arrive(n))"
        )
    )
    for notice, state, arrival, reported, name in rows:
        said_of_it = [reason for digest, who, reason in world.told if who == name and digest not in lost]
        events = [event for event in world.came if event.notice_id == notice]
        match state:
            case "sent":
                # I17: every sent notice ends in a state, by what SES said of it and nothing else.
                assert arrival == world.expected(notice)
            case "claimed":
                assert not events  # of unknown outcome: SES has said nothing, and it is never sent again
            case _:
                assert (state, arrival) == ("undeliverable", None)
        if arrival in {"bounced", "complained"} or state == "undeliverable":
            assert reported
            complained = [reason for reason in said_of_it if reason == "address_complained" and arrival == "complained"]
            others = [reason for reason in said_of_it if reason not in complained]
            # I17: the coordinators hear of it exactly once, and again after a complaint.
            assert len(complained) == (arrival == "complained")
            assert len(others) <= 1 if arrival == "complained" else len(others) == 1
        else:
            assert len(said_of_it) <= 1  # refused at first, and then it went out after all
    assert foundation.one("SELECT count(*) FROM certification.mail_events WHERE waits_until IS NOT NULL") == 0


@settings(deadline=None, max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(step, max_size=25))
def test_whatever_happens_every_mail_ends(
    mails: Mails, foundation: Foundation, functions: Functions, history: list[Any]
) -> None:
    """I4, I17: whatever is lost, late, doubled or out of order, and whoever is killed in between."""
    world = MailWorld(mails, foundation, functions)
    world.begin()
    for kind, *what in history:
        world.do(kind, *what)
    world.end()
    holds(world)
