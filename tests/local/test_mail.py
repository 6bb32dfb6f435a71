"""The local mail service as template.yaml has it, and the command that says what becomes of mails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from emulators.lambda_host.template.provision import Stack
from emulators.ses.account import ConfigurationSet, EventDestination
from emulators.ses.server import LocalSes
from local.stack.mail import create_configuration_sets, on_the_bus
from local.stack.parameters import local_template
from local.stack.stack import ADDRESSES
from tests.support.command_line import Local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulators.ses.events import MailEvent
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

RAW = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nx\r\n"


def send(ses: LocalSes, to: str, configuration_set: str) -> None:
    client = boto3.client("sesv2", "eu-north-1", endpoint_url=ses.url, aws_access_key_id="a", aws_secret_access_key="b")
    client.send_email(
        Destination={"ToAddresses": [to]}, Content={"Raw": {"Data": RAW}}, ConfigurationSetName=configuration_set
    )
    client.close()


def test_the_sets_are_those_of_the_template() -> None:
    """The set of send_notices is there, without tracking, and publishes what mail_events has a rule for."""
    stack = Stack(local_template(stack_name="hlf"))
    (sender,) = (function for function in stack.functions if function.logical_id == "SendNotices")
    (rule,) = (rule for rule in stack.template.event_rules if rule.targets[0].function == "MailEvents")
    seen: list[MailEvent] = []
    with LocalSes(events_after_seconds=0) as ses:
        create_configuration_sets(stack, ses)
        ses.publish_to(seen.append)
        name = sender.environment["SES_CONFIGURATION_SET"]
        send(ses, "complaint@simulator.amazonses.com", name)
        ses.events.wait()
        assert ses.configuration_sets[name].tracking_domain is None
    assert rule.pattern["detail"]["mail"]["tags"]["ses:configuration-set"] == [name]
    assert [on_the_bus(event).detail_type for event in seen] == ["Email Delivered", "Email Complaint Received"]
    assert {on_the_bus(event).source for event in seen} == {*rule.pattern["source"]} == {"aws.ses"}
    assert {event.detail_type for event in seen} <= {*rule.pattern["detail-type"]}


@pytest.fixture
def running(database: TestDatabase, tmp_path: Path) -> Iterator[tuple[Local, LocalSes, list[MailEvent]]]:
    """A command line, and the mail service that it is told of."""
    with LocalSes(events_after_seconds=0) as ses:
        seen: list[MailEvent] = []
        ses.publish_to(seen.append)
        ses.create_configuration_set(ConfigurationSet("mine", (EventDestination("bus"),)))
        addresses = {"dsn": database.dsn, "ses": ses.url}
        addresses |= dict.fromkeys(("invoke", "aws", "dataverse", "identity", "outputs"), "")
        (tmp_path / ADDRESSES).write_text(json.dumps(addresses))
        yield Local(tmp_path), ses, seen


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (["bounce", "--type", "Transient", "--subtype", "MailboxFull"], ["Bounce"]),
        (["bounce", "--after-delivery"], ["Delivery", "Bounce"]),
        (["complain", "--type", "not-spam"], ["Delivery", "Complaint"]),
        (["suppress", "--for", "complaint"], ["Complaint"]),
        (["delay", "--then-bounces"], ["DeliveryDelay", "Bounce"]),
        (["reject"], ["Reject"]),
    ],
)
def test_a_command_says_what_becomes_of_mails(running: Any, words: list[str], kinds: list[str]) -> None:
    """By address; `mail heal` undoes it, and the suppression list stays."""
    local, ses, seen = running
    local.run("mail", words[0], "ola@example.no", *words[1:])
    send(ses, "ola@example.no", "mine")
    ses.events.wait()
    assert [event.kind for event in seen] == kinds
    local.run("mail", "heal")
    ses.suppressed.clear()
    send(ses, "ola@example.no", "mine")
    ses.events.wait()
    assert [event.kind for event in seen] == [*kinds, "Delivery"]


def test_a_person_is_found_by_id(running: Any, foundation: Foundation) -> None:
    """A mentor's or a coordinator's; the address that a mail goes to, in punycode."""
    local, ses, seen = running
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, "2026-12-31", email="Post@Blåbær.no")
    coordinator = foundation.coordinator(organisation, email="kari@example.no")
    for who, address in ((mentor, "Post@xn--blbr-roah.no"), (coordinator, "kari@example.no")):
        printed = local.run("mail", "bounce", str(who))
        assert "@" not in printed
        send(ses, address, "mine")
    ses.events.wait()
    assert [event.kind for event in seen] == ["Bounce", "Bounce"]


def test_events_are_disturbed_for_some_mails(running: Any) -> None:
    """`mail events`: kind, whose, how many."""
    local, ses, seen = running
    local.run("mail", "events", "double", "--to", "ola@example.no", "--mails", "1")
    for address in ("kari@example.no", "ola@example.no", "ola@example.no"):
        send(ses, address, "mine")
    ses.events.wait()
    assert [event.mail.recipients[0] for event in seen] == ["kari@example.no", *["ola@example.no"] * 3]


def test_what_is_wrong_is_said(running: Any, foundation: Foundation, tmp_path: Path) -> None:
    """Exit 1 for a person who is not there, 2 for a fault that is none, 3 without a stack or a mail service."""
    local, ses, _ = running
    mentor = foundation.mentor(foundation.organisation(), "2026-12-31", email=None)
    assert "no address" in " ".join(local.run("mail", "bounce", str(mentor), expect=1).split())
    assert "there is no mentor" in local.run("mail", "bounce", "5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11", expect=1)
    assert "neither an address nor an id" in local.run("mail", "bounce", "nobody", expect=1)
    assert "there is no bounce" in local.run("mail", "bounce", "a@b.no", "--subtype", "Soft", expect=2)
    assert "there is no complaint" in local.run("mail", "complain", "a@b.no", "--type", "angry", expect=2)
    local.run("mail", "events", "explode", expect=2)
    ses.stop()
    assert "does not respond" in local.run("mail", "bounce", "a@b.no", expect=3)
    assert "no local stack is up" in Local(tmp_path / "other").run("mail", "heal", expect=3)
