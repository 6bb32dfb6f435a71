"""What becomes of a mail, through every part of a stack that is up: SES, the bus, mail_events, a digest (I17)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import boto3

from tests.support.there import there

if TYPE_CHECKING:
    from tests.support.command_line import Local

WHO = """SELECT m.id, m.first_name || ' ' || m.last_name, k.email FROM certification.preview('2026-12-01', 1) AS p
           JOIN peer_mentors AS m ON m.id = p.mentor_id JOIN coordinators AS k ON k.id = m.coordinator_id
          WHERE p.event = 'reminder' AND p.problem IS NULL AND certification.address_problem(k.email) IS NULL
          ORDER BY p.mentor_id LIMIT 1"""


def wait_for(local: Local, statement: str, expected: str) -> None:
    deadline = time.monotonic() + 30
    while (found := local.run("psql", "-Atc", statement).strip()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_a_bounce_reaches_the_coordinators_next_digest(up: tuple[Local, dict[str, str]]) -> None:
    """I17: a reminder that SES accepted and the recipient's server sent back. Each event comes twice."""
    local, _ = up
    mentor, name, coordinator = local.run("psql", "-Atc", WHO).strip().split("|")
    local.run("mail", "bounce", mentor)
    local.run("mail", "events", "double", "--to", mentor)
    # The bounce comes before or after the digests of that morning. The next day's are the next ones at the latest.
    for day in ("2026-12-01", "2026-12-02"):
        local.run("nightly", "--as-of", day)
    reported = f"""SELECT n.arrival, d.state FROM certification.notices AS n
                     JOIN certification.notices AS d ON d.id = n.reported_in
                    WHERE n.mentor_id = '{mentor}' AND n.kind = 'reminder'"""
    wait_for(local, reported, "bounced|sent")
    digest = local.run("psql", "-Atc", reported.replace("n.arrival, d.state", "d.id")).strip()
    mails = [message_from_bytes(mail.read_bytes(), policy=policy.default) for mail in (local.home / "mail").glob("*")]
    (told,) = (mail for mail in mails if mail["X-Notice-ID"] == digest)
    assert told["To"].addresses[0].addr_spec == coordinator
    assert name in there(told.get_body(("plain",))).get_content()
    # Later reminders of that mentor go nowhere, because the address is unusable until it changes.
    unusable = "SELECT reason FROM certification.unusable_addresses"
    assert local.run("psql", "-Atc", unusable).strip() == "address_bounced"


def test_the_bus_of_a_stack_takes_events_of_others(up: tuple[Local, dict[str, str]]) -> None:
    """`aws events put-events --endpoint-url`: status_changed is started by its rule."""
    local, addresses = up
    client = boto3.client(
        "events", "eu-north-1", endpoint_url=addresses["events"], aws_access_key_id="a", aws_secret_access_key="b"
    )
    detail = {"mentors": [{"id": "5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11", "version": 1}]}
    entry = {"Source": "certification.app", "DetailType": "Listing changed", "Detail": json.dumps(detail)}
    reply = client.put_events(Entries=[entry | {"Time": datetime(2026, 12, 1, tzinfo=UTC)}])
    client.close()
    assert reply["FailedEntryCount"] == 0
    log = local.home / "logs" / "StatusChanged.log"
    deadline = time.monotonic() + 20
    while "accepted" not in (text := log.read_text() if log.exists() else ""):
        assert time.monotonic() < deadline, text[-2000:]
        time.sleep(0.2)


def test_a_drill_comes_back_the_whole_way(up: tuple[Local, dict[str, str]]) -> None:
    """Point 6: SES's simulator, the bus, mail_events, the database; and no figure of `status` knows of it."""
    local, _ = up
    counted = "SELECT sent, bounced, complained FROM certification.mail_outcomes('2020-01-01')"
    figures = local.run("psql", "-Atc", counted)
    drill = json.loads(local.run("mail-drill", "--actor", "kari", "--reason", "try", "--wait", "100", "--json"))
    assert {line["mailbox"]: line["arrival"] for line in drill["lines"]} == {
        "success": "delivered",
        "bounce": "bounced",
        "complaint": "complained",
        "suppressionlist": "bounced",
    }
    assert all(line["code"] for line in drill["lines"])
    assert local.run("psql", "-Atc", counted) == figures
    audited = "SELECT actor, reason, facts ->> 'drill' FROM certification.audit WHERE action = 'mail_drill'"
    assert local.run("psql", "-Atc", audited).strip() == f"kari|try|{drill['id']}"
