"""forget-person, end to end: every place is filled by the real functions, then emptied, and searched for each value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from local.stack.stack import ROOT
from operations.commands.forget_person import Elsewhere
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_night, at_nine
from tests.support.operator import Operator
from tests.support.persons import columns_with, dump_of, fields_with, lines_with
from tests.support.syncs import TABLE

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.functions.conftest import DeployedStack
    from tests.support.force_sync_url import ForceSyncUrl
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

MENTOR = ("Zwanhild", "Quistgaard", "zwanhild.qx@example.no", "987 65 432", "Xanadufjord")
COORDINATOR = ("Wilhelmina Öxenkrone", "w.oxenkrone@example.no")
LAST_DAY = DAY + days(14)
ACT = ("--actor", "turid.vik", "--reason", "asked to be erased")
RECORD = {"attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs"}


@dataclass
class System:
    """The deployed functions on one database, the website, and every line and message that there was."""

    deployed: DeployedStack
    dashboard: ForceSyncUrl
    foundation: Foundation
    site: EmulatedWebsite
    operator: Operator
    dsn: str
    messages: list[str] = field(default_factory=list)

    def invoke(self, function: str, event: object) -> Any:
        done = self.deployed.invoke(function, event)
        assert done.function_error is None, done.payload
        return done.payload

    def night(self, day: date) -> None:
        """All that runs around a day's turn: the check, the sweep, a full comparison, the sending, the syncs."""
        moment = at_night(day)
        self.foundation.present(moment)
        self.invoke("ExpiryCheck", {"scheduled_time": moment.astimezone(UTC).isoformat()})
        self.sync()
        self.reconcile("sweep")
        self.reconcile("full")
        morning = at_nine(day)
        self.foundation.present(morning)
        self.invoke("SendNotices", {"scheduled_time": morning.astimezone(UTC).isoformat()})

    def reconcile(self, mode: str) -> None:
        """Nothing is too young to be looked at."""
        self.foundation.do(
            "UPDATE certification.listings SET changed_at = changed_at - interval '1 hour',"
            " synced_at = synced_at - interval '1 hour'"
        )
        event = {"scheduled_time": "2026-12-01T03:40:00Z", "mode": mode}
        self.invoke("Reconciliation", event)
        self.sync()

    def sync(self) -> None:
        """Hand what lies in the queues to dynamics_sync, as Lambda's poller would."""
        sqs = self.deployed.clients.sqs
        for queue in ("SyncRequests", "RepairRequests"):
            url = self.deployed.stack.physical_id(queue)
            arn = self.deployed.stack.attribute(queue, "Arn")
            while taken := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                self.messages += [message["Body"] for message in taken]
                records = [
                    RECORD
                    | {"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"]}
                    | {"body": message["Body"], "eventSourceARN": arn}
                    for message in taken
                ]
                assert self.invoke("DynamicsSync", {"Records": records}) == {"batchItemFailures": []}
                for message in taken:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def forget(self, person: UUID, *options: str, expect: int = 0) -> Any:
        words = ("forget-person", str(person), *options, "--json")
        said = self.operator.run(*words, expect=expect)
        return json.loads(said) if expect == 0 else " ".join(said.split())

    @property
    def lines(self) -> list[str]:
        return [*self.deployed.lines, *self.dashboard.lines]

    def left(self, *values: object) -> dict[str, Any]:
        """Where the values stand now."""
        wanted = [str(value) for value in values]
        return {
            "schema": columns_with(dump_of(self.dsn), wanted),
            "dynamics": fields_with(self.site.rows(TABLE), wanted),
            "logs": bool(lines_with(self.lines, wanted)),
            "messages": bool(lines_with(self.messages, wanted)),
        }


@pytest.fixture
def system(
    deployed: DeployedStack,
    dashboard: ForceSyncUrl,
    database: TestDatabase,
    foundation: Foundation,
    site: EmulatedWebsite,
) -> System:
    for queue in ("SyncRequests", "RepairRequests"):
        deployed.clients.sqs.purge_queue(QueueUrl=deployed.stack.physical_id(queue))
    return System(deployed, dashboard, foundation, site, Operator.of(database.login("Operations")), database.dsn)


@dataclass(frozen=True)
class People:
    organisation: UUID
    coordinator: UUID
    mentor: UUID
    other: UUID
    row: str


def lived(system: System) -> People:
    """A mentor and a coordinator who have met all that this system does, until the mentor is gone from the app."""
    foundation, site = system.foundation, system.site
    organisation = foundation.organisation()
    foundation.evaluated(organisation, DAY - days(1))
    coordinator = foundation.coordinator(organisation, email=COORDINATOR[1], name=COORDINATOR[0])
    first, last, email, phone, area = MENTOR
    mentor = foundation.mentor(
        organisation, LAST_DAY, coordinator=coordinator, email=email, name=(first, last), consent=True, phone=phone,
        area=area,
    )  # fmt: skip
    other = foundation.mentor(organisation, DAY + days(300), coordinator=coordinator, consent=True)
    system.night(DAY)
    [row] = [one for one in site.rows(TABLE) if one["hlf_mentorid"] == str(mentor)]
    assert row["hlf_name"] == f"{first} {last}"
    assert system.dashboard.force(coordinator, mentor).status == 200
    # A hand in Dynamics, and a change past the triggers.
    site.edit(str(mentor), {"hlf_area": "Oslo"})
    system.reconcile("full")
    foundation.do(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        f" UPDATE public.peer_mentors SET status = 'paused' WHERE id = '{mentor}'; COMMIT"
    )
    system.reconcile("sweep")
    foundation.set_status(mentor, "active")
    # Expired, and set active again by hand without a renewal.
    system.night(LAST_DAY + days(1))
    assert foundation.status(mentor) == "certification_expired"
    foundation.set_status(mentor, "active")
    for day in (2, 3):
        system.night(LAST_DAY + days(day))
    # The app's log says twice what happened once; a person looks at it.
    foundation.do(
        "INSERT INTO public.mentor_status_log (mentor_id, from_status, to_status, reason, actor,"
        " certification_expiry_date, occurred_at) SELECT mentor_id, from_status, to_status, reason, actor,"
        " certification_expiry_date, occurred_at FROM public.mentor_status_log WHERE actor LIKE 'system:%%'"
    )
    system.reconcile("full")
    system.operator.run("duplicates", "review", str(mentor), "--kind", "transition", *ACT)
    # A run that was killed while it compared left the rows that it had read, and a trigger that failed what it missed.
    foundation.do(
        "INSERT INTO certification.missed_changes (table_name, mentor_ids, sqlstate)"
        " VALUES ('peer_mentors', ARRAY[%s, %s], '57014')",
        other,
        mentor,
    )
    system.reconcile("sweep")
    foundation.do(
        "INSERT INTO certification.break_glass_journals (journal_id, line, mentor_id, outcome, at)"
        " VALUES (gen_random_uuid(), 1, %s, 'hidden', now())",
        mentor,
    )
    foundation.do("INSERT INTO certification.comparisons (settling, prepared_next) VALUES ('0', %s)", mentor)
    foundation.do(
        "INSERT INTO certification.comparison_rows (comparison_id, site, mentor_id, row_id, shown, content)"
        " SELECT c.id, 1, %s, %s, 0, %s FROM certification.comparisons AS c",
        mentor,
        row["hlf_peermentorid"],
        "\x1f".join(MENTOR),
    )
    foundation.do(
        "INSERT INTO certification.comparison_prepared"
        " (comparison_id, site, mentor_id, is_quiet, is_live, has_mentor, has_certification, has_listing)"
        " SELECT c.id, 1, %s, true, false, true, true, true FROM certification.comparisons AS c",
        mentor,
    )
    foundation.do(
        "INSERT INTO certification.comparison_differences"
        " (comparison_id, site, mentor_id, row_id, class, cause, fields, consenting, verified)"
        " SELECT c.id, 1, %s, %s, 'missing', 'manual_edit', '{}', true, true FROM certification.comparisons AS c",
        mentor,
        row["hlf_peermentorid"],
    )
    foundation.do(
        "INSERT INTO certification.comparison_equal SELECT c.id, %s, 1 FROM certification.comparisons AS c", mentor
    )
    foundation.do(
        "INSERT INTO certification.comparison_read_again SELECT c.id, %s FROM certification.comparisons AS c", mentor
    )
    bounced(system, mentor)
    foundation.renew(mentor, LAST_DAY + days(400))
    return People(organisation, coordinator, mentor, other, row["hlf_peermentorid"])


def bounced(system: System, mentor: UUID) -> None:
    """The last mail to the mentor bounced for good."""
    [(notice, message)] = system.foundation.all(
        "SELECT id, message_id FROM certification.notices WHERE mentor_id = %s AND state = 'sent' ORDER BY id LIMIT 1",
        mentor,
    )
    event = json.loads((ROOT / "events" / "mail_events.bounce.json").read_text(encoding="utf-8"))
    event["detail"]["mail"] |= {"messageId": message, "timestamp": datetime.now(UTC).isoformat()}
    event["detail"]["mail"]["tags"]["notice_id"] = [str(notice)]
    assert system.invoke("MailEvents", event) == {"outcome": "recorded"}


def erased(foundation: Foundation, mentor: UUID) -> None:
    """What the app does by itself."""
    foundation.do("DELETE FROM public.mentor_status_log WHERE mentor_id = %s", mentor)
    foundation.do("DELETE FROM public.peer_mentors WHERE id = %s", mentor)


def strange_members(foundation: Foundation) -> set[str]:
    """What stands in a jsonb column, by name, or by its kind where names are not fixed, and is not in the catalogue."""
    found = set()
    for relation, column, members in foundation.all(
        "SELECT c.relation, k.name, c.members FROM certification.personal_columns() AS c"
        " CROSS JOIN LATERAL unnest(c.columns) AS k (name) WHERE c.members IS NOT NULL"
    ):
        for value in foundation.all(f"SELECT {column} FROM certification.{relation} WHERE {column} IS NOT NULL"):
            if members == ["*"]:
                found |= {f"{relation}.{column}: {leaf}" for leaf in leaves(value) if not is_plain(leaf)}
            else:
                found |= {f"{relation}.{column}: {name}" for name in value.keys() - {*members}}
    return found


def leaves(value: Any) -> list[Any]:
    """Every value inside a JSON value that is neither an object nor an array."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]


def is_plain(leaf: Any) -> bool:
    """Whether it is a number, a flag, a time or the name of a column."""
    return not isinstance(leaf, str) or bool(re.fullmatch(r"[a-z][a-z0-9_]*|\d{4}-\d\d-\d\dT[\d:.+Z-]+", leaf))


def marked(foundation: Foundation, holds: str) -> set[str]:
    """The columns of the catalogue that hold this."""
    return {
        f"{relation}.{column}"
        for relation, column in foundation.all(
            "SELECT c.relation, k.name FROM certification.personal_columns() AS c"
            " CROSS JOIN LATERAL unnest(c.columns) AS k (name) WHERE c.holds IN (%s, 'person')"
            " AND c.treatment <> 'with_row'",
            holds,
        )
    }


def test_a_person_is_gone_but_for_what_the_command_says(system: System) -> None:  # noqa: PLR0915 - one story
    """Of a mentor and then of the coordinator: every marked place was filled, and a night brings nothing back."""
    people = lived(system)
    foundation, mentor, coordinator = system.foundation, people.mentor, people.coordinator

    # The app still lists the mentor.
    assert "the app still has this mentor as active" in system.forget(mentor, *ACT, "--yes", expect=1)
    assert "the app still has 2 mentors with this coordinator" in system.forget(coordinator, *ACT, "--yes", expect=1)

    # Every place that the catalogue marks is filled.
    before = system.left(mentor)
    kept = {"audit.mentor_id", "audit.facts"}
    assert before["schema"] >= (marked(foundation, "mentor") - {"audit.facts"})
    assert before["schema"] <= marked(foundation, "mentor")
    assert (before["logs"], before["messages"]) == (True, True)
    assert system.left(people.row)["schema"] >= marked(foundation, "row") - {*marked(foundation, "mentor")}
    assert system.left(*MENTOR)["dynamics"] >= {"hlf_name", "hlf_email", "hlf_phone", "hlf_lastname", "hlf_area"}
    assert system.left(*MENTOR)["schema"] == {"comparison_rows.content"}
    assert system.left(coordinator)["schema"] == {"notices.coordinator_id", "audit.actor"}
    assert system.left(*COORDINATOR)["schema"] == set()

    assert strange_members(foundation) == set()

    erased(foundation, mentor)
    system.sync()
    hidden = system.site.by_mentor()[str(mentor)]
    assert (hidden["statecode"], hidden["hlf_name"]) == (1, "Zwanhild Quistgaard")  # as every hidden row

    plan = system.forget(mentor, "--dry-run")
    assert (plan["forgotten"], plan["kind"]) == (False, "mentor")
    assert system.left(mentor) == before | {"schema": system.left(mentor)["schema"]}

    assert "Run this again in ten minutes" in system.forget(mentor, *ACT, "--yes", "--wait", "0", expect=3)
    assert "listings.mentor_id" in system.left(mentor)["schema"]  # nothing is forgotten before the row is empty
    system.reconcile("sweep")
    digest = sha256(MENTOR[2].encode()).hexdigest()
    assert system.left(digest)["schema"] == {"notices.address_digest", "unusable_addresses.address_digest"}
    done = system.forget(mentor, *ACT, "--yes", "--wait", "0")
    assert done["forgotten"] is True
    assert done["removed"].keys() == plan["removed"].keys()
    # The events of SES name no person, and go with the notice that they name.
    assert done["removed"].keys() == {place.partition(".")[0] for place in before["schema"] - kept} | {"mail_events"}

    said = {Elsewhere(one) for one in done["elsewhere"]}
    assert said == set(Elsewhere) - {Elsewhere.LISTING}
    assert (done["website_table"], done["website_key"]) == (TABLE, "hlf_mentorid")
    left = {"schema": kept, "dynamics": {"hlf_mentorid"}, "logs": True, "messages": True}
    nowhere = {"schema": set(), "dynamics": set(), "logs": False, "messages": False}

    def only_what_was_said() -> None:
        assert system.left(mentor) == left
        assert system.left(*MENTOR, digest) == nowhere
        assert system.left(people.row) == nowhere | {"dynamics": {"hlf_peermentorid"}}
        row = system.site.by_mentor()[str(mentor)]
        published = {name: value for name, value in row.items() if name.startswith("hlf_") and value is not None}
        assert published.keys() <= {"hlf_mentorid", "hlf_peermentorid", "hlf_published"}
        assert row["statecode"] == 1
        assert str(mentor) not in system.site.visible()

    only_what_was_said()
    audit = foundation.all("SELECT count(*) FROM certification.audit WHERE mentor_id = %s", mentor)
    assert audit == [done["audit_entries"]]
    assert foundation.all("SELECT mentor_ids FROM certification.missed_changes") == [[people.other]]

    for day in (4, 6):  # the second is the Monday on which everybody is looked at
        system.night(LAST_DAY + days(day))
    only_what_was_said()
    assert "by turid.vik; only the audit has the id" in system.forget(mentor, *ACT, "--yes", expect=1)

    # The coordinator, once the app has nobody who is theirs.
    foundation.do("UPDATE public.peer_mentors SET coordinator_id = NULL WHERE coordinator_id = %s", coordinator)
    foundation.do("DELETE FROM public.coordinators WHERE id = %s", coordinator)
    gone = system.forget(coordinator, *ACT, "--yes")
    assert (gone["kind"], gone["removed"].keys()) == ("coordinator", {"notices"})
    assert not {Elsewhere.DYNAMICS, Elsewhere.DYNAMICS_HISTORY} & {*gone["elsewhere"]}
    system.night(LAST_DAY + days(7))
    assert system.left(coordinator)["schema"] == {"audit.actor", "audit.facts"}
    assert system.left(*COORDINATOR) == nowhere
    only_what_was_said()
