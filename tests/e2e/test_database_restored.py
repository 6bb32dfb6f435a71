"""The database is restored to yesterday: what becomes of the website, the mails and the proof.

docs/operations/disaster-recovery.md is this story with its order of steps.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from operations.commands.proofs.proof import read_proof
from shared.adapters.postgres.mail_events import PostgresMailEvents
from shared.domain.comparison import ProofVerdict
from shared.domain.mail.events import RecordOutcome
from tests.support.foundation import DAY, days
from tests.support.mails import an_event
from tests.support.operator import Operator
from tests.support.restoring import Age, Backup
from tests.support.syncs import unsynced, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path
    from uuid import UUID

    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.syncs import Crew, EmulatedWebsite

OSLO = ZoneInfo("Europe/Oslo")
TODAY = DAY + days(1)
VALID = DAY + days(200)
NAMED = ("--actor", "turid", "--reason", "restored after the outage")
LOSS = ("--restored-to", f"{DAY}T12:00", "--lost-at", f"{TODAY}T14:00")
SENT_TODAY = {"reminded@example.no", "renewing@example.no", "expired@example.no"}


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), OSLO)


@dataclass
class Disaster:
    """Yesterday at noon there was a backup. Today's checks and changes are lost; the website and the mails have them.

    The mentors by what today made of them.
    """

    database: TestDatabase
    crew: Crew
    site: EmulatedWebsite
    ses: LocalSes
    mentors: dict[str, UUID]
    backup: Backup
    mails_before: int
    sent: list[tuple[int, str]] = field(default_factory=list)
    """Notice and message of the mails of today, as only SES still has them."""

    def visible(self) -> set[str]:
        """Return who is shown to visitors."""
        names = {str(mentor): name for name, mentor in self.mentors.items()}
        return {names[mentor] for mentor in self.site.visible()}

    def mails(self) -> list[str]:
        """Return the recipients since the restore, in order."""
        return sorted(mail.recipient for mail in self.ses.messages[self.mails_before :])

    def differences(self, age: Age) -> dict[str, str]:
        """Compare the website with the app, and return what differs, by the name of the mentor."""
        age.reconciler.full()
        names = {mentor: name for name, mentor in self.mentors.items()}
        found = "SELECT mentor_id, class FROM certification.findings WHERE closed_at IS NULL"
        return {names[mentor]: kind for mentor, kind in age.foundation.all(found)}

    def operator(self) -> Operator:
        """Return a person with the login of operations."""
        return Operator.of(self.database.login("Operations"))


@pytest.fixture
def disaster(database: TestDatabase, crew: Crew, site: EmulatedWebsite, ses: LocalSes, tmp_path: Path) -> Disaster:
    """Yesterday and today, up to the restore."""
    with Age(database, crew) as yesterday:
        people, mentors = yesterday.foundation, {}
        people.brake()  # the limits that a deployed system begins with
        organisation = people.organisation()
        coordinator = people.coordinator(organisation)

        def mentor(name: str, expires_on: date) -> None:
            mentors[name] = people.mentor(
                organisation,
                expires_on,
                coordinator=coordinator,
                consent=True,
                email=f"{name}@example.no",
                name=(name, "Berg"),
            )

        mentor("reminded_yesterday", DAY + days(30))
        mentor("reminded", TODAY + days(30))
        mentor("expired", DAY)
        mentor("renewing", TODAY + days(14))
        for name in ("same", "withdrawn", "paused", "changed"):
            mentor(name, VALID)
        yesterday.functions.nightly_check(DAY)
        yesterday.functions.send(DAY)
        yesterday.sync()
        people.present(at(DAY, 12))
        backup = Backup.of(database, tmp_path / "yesterday.sql")

        before = len(ses.messages)
        yesterday.functions.nightly_check(TODAY)
        yesterday.functions.send(TODAY)
        people.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentors["withdrawn"])
        people.pause(mentors["paused"])
        people.do("UPDATE peer_mentors SET phone = '99887766' WHERE id = %s", mentors["changed"])
        people.renew(mentors["renewing"], VALID)
        mentor("new", VALID)
        yesterday.sync()
        story = Disaster(database, crew, site, ses, mentors, backup, before)
        assert story.differences(yesterday) == {}
        assert set(story.mails()) > SENT_TODAY
        story.sent = people.all(
            "SELECT id, message_id FROM certification.notices WHERE claimed_at IS NOT NULL AND message_id IS NOT NULL"
            " AND run_id = (SELECT id FROM certification.runs WHERE function = 'expiry_check'"
            " ORDER BY started_at DESC LIMIT 1)"
        )
    story.mails_before = len(ses.messages)
    return story


@pytest.fixture
def restored(disaster: Disaster) -> Iterator[Age]:
    """What runs after the restore, at three in the afternoon."""
    disaster.backup.restore(at(TODAY, 15))
    with ExitStack() as stack:
        yield stack.enter_context(Age(disaster.database, disaster.crew))


def test_left_alone_mails_go_twice_and_the_hidden_return(disaster: Disaster, restored: Age) -> None:
    """I1, I4, I5 hold within one database: a restore takes away what they stand on. So there is an order of steps.

    The schedules go on by themselves: every mail of the lost day goes again, and the website follows the restored app.
    The brake holds nothing: an ordinary day is below its limits.
    """
    assert disaster.visible() == {"reminded_yesterday", "reminded", "renewing", "same", "changed", "new"}
    restored.functions.nightly_check(TODAY)
    restored.functions.send(at(TODAY, 17))
    assert set(disaster.mails()) == {*SENT_TODAY, "turid.vik@example.no"}
    assert restored.foundation.one("SELECT count(*) FROM certification.brakes") == 0
    assert disaster.differences(restored) == {
        "withdrawn": "missing", "paused": "missing", "changed": "field_drift", "new": "orphan"
    }  # fmt: skip
    restored.worker.sync(*restored.reconciler.queue.taken())
    assert {"withdrawn", "paused"} <= disaster.visible()


def test_in_the_order_of_the_book_nothing_goes_wrong(disaster: Disaster, restored: Age) -> None:
    """The steps of the document: nobody is mailed twice, nobody hidden today is shown, the proof ends with yes.

    I1, I4, I5, I14. Meanwhile send_notices and dynamics_sync are stopped, so nothing runs that is not called here.
    """
    people, operator = restored.foundation, disaster.operator()
    shown = disaster.visible()
    restored.functions.nightly_check(TODAY)
    assert people.status(disaster.mentors["expired"]) == "certification_expired"
    said = " ".join(operator.run("after-restore", *LOSS, "--dry-run", *NAMED).split())
    assert "2 reminders" in said
    assert "1 notice of an expiry" in said
    assert people.one("SELECT count(*) FROM certification.audit WHERE action = 'hold_back_sent'") == 0
    operator.run("after-restore", *LOSS, *NAMED)
    assert "run the nightly check first" in " ".join(operator.run("after-restore", *LOSS, *NAMED, expect=1).split())
    assert "Waits again" in operator.run("after-restore", "--undo", *NAMED)
    assert "no mail is held back" in operator.run("after-restore", "--undo", *NAMED, expect=1)
    operator.run("after-restore", *LOSS, *NAMED)
    restored.functions.send(at(TODAY, 17))
    assert disaster.mails() == ["turid.vik@example.no"]
    held = people.all("SELECT facts ->> 'notices' FROM certification.audit WHERE action = 'hold_back_sent'")
    assert held == ["3", "3"]

    # What the website has and the app has lost. Nothing is written there before the coordinators have said what holds.
    assert disaster.differences(restored) == {
        "withdrawn": "missing", "paused": "missing", "changed": "field_drift", "new": "orphan"
    }  # fmt: skip
    assert verdict(disaster) is ProofVerdict.NO
    page = operator.run("proof", expect=1)
    assert all(str(disaster.mentors[name]) in page for name in ("withdrawn", "paused", "changed"))
    assert disaster.visible() == shown
    people.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", disaster.mentors["withdrawn"])
    people.pause(disaster.mentors["paused"])
    people.do("UPDATE peer_mentors SET phone = '99887766' WHERE id = %s", disaster.mentors["changed"])
    disaster.site.edit(str(disaster.mentors["new"]), {"statecode": 1, "statuscode": 2})

    restored.worker.sync(*restored.reconciler.queue.taken())
    restored.sync()
    assert unsynced(people) == 0, "no version of the restored database is stuck behind one that the website has seen"
    assert disaster.differences(restored) == {}
    assert verdict(disaster) is ProofVerdict.YES
    assert disaster.site.visible() == wanted(people)
    assert disaster.visible() == shown - {"new"}


def test_events_of_lost_mails_change_nothing(disaster: Disaster, restored: Age) -> None:
    """A bounce that comes late says a notice's number that another notice has by now (I17)."""
    restored.functions.nightly_check(TODAY)
    record = PostgresMailEvents(restored.functions.connection("MailEvents")).record
    before = datetime.now(UTC) - days(1)
    assert len(disaster.sent) == 4
    outcomes = {
        record(an_event(notice, "bounce", message=message, accepted_at=before)) for notice, message in disaster.sent
    }
    assert outcomes <= {RecordOutcome.ANOTHER_MESSAGE, RecordOutcome.UNKNOWN_NOTICE}
    assert restored.foundation.one("SELECT count(*) FROM certification.unusable_addresses") == 0


def verdict(disaster: Disaster) -> Any:
    """Return the verdict of the last comparison."""
    with disaster.database.connect() as connection:
        return read_proof(connection, None).verdict
