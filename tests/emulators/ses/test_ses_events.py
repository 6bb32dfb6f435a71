"""What the local SES tells of a mail, held against SES's documents field for field."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from emulators.ses import fates
from emulators.ses.account import ConfigurationSet, EventDestination, Identity
from emulators.ses.client import SesControl, SesControlError
from emulators.ses.events import BOUNCE_SUBTYPES, COMPLAINT_TYPES, DELAY_TYPES
from emulators.ses.server import LocalSes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sesv2 import SESV2Client

    from emulators.ses.events import MailEvent

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
RAW = (
    b"From: Sender Name\r\n <sender@example.com>\r\nTo: recipient@example.com\r\nReply-To: other@example.com\r\n"
    b"Subject: =?utf-8?q?P=C3=A5minnelse?=\r\nDate: Tue, 01 Dec 2026 09:00:00 +0000\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHei.\r\n"
)


class Rig:
    """A local SES with a configuration set, a client of it, and what it published."""

    def __init__(self, ses: LocalSes) -> None:
        self.ses = ses
        self.seen: list[MailEvent] = []
        ses.create_configuration_set(ConfigurationSet("mine", (EventDestination("bus"),)))
        ses.publish_to(self.seen.append)
        self.client: SESV2Client = boto3.client(
            "sesv2", "eu-north-1", endpoint_url=ses.url, aws_access_key_id="a", aws_secret_access_key="b"
        )

    def send(self, to: str = "recipient@example.com", configuration_set: str | None = "mine", raw: bytes = RAW) -> str:
        chosen: Any = {} if configuration_set is None else {"ConfigurationSetName": configuration_set}
        return self.client.send_email(
            FromEmailAddress="Sender Name <sender@example.com>",
            Destination={"ToAddresses": [to]},
            Content={"Raw": {"Data": raw}},
            EmailTags=[{"Name": "notice_id", "Value": "17"}],
            **chosen,
        )["MessageId"]

    def told(self) -> list[str]:
        """The kinds of the events so far, in the order in which they came."""
        self.ses.events.wait()
        return [event.kind for event in self.seen]

    def details(self) -> list[Any]:
        self.ses.events.wait()
        return [json.loads(json.dumps(event.detail())) for event in self.seen]


@pytest.fixture
def rig() -> Iterator[Rig]:
    with LocalSes(events_after_seconds=0.01, clock=lambda: AT) as ses:
        rig = Rig(ses)
        yield rig
        rig.client.close()


# --- The JSON


def test_a_delivery_is_told_field_for_field(rig: Rig) -> None:
    """The example "Delivery record" of "Examples of event data that Amazon SES publishes to Amazon SNS"."""
    message_id = rig.send()
    (detail,) = rig.details()
    (event,) = rig.seen
    assert (event.detail_type, event.resources) == (
        "Email Delivered",
        ("arn:aws:ses:eu-north-1:000000000000:identity/example.com",),
    )
    headers = detail["mail"].pop("headers")
    assert {"name": "Subject", "value": "=?utf-8?q?P=C3=A5minnelse?="} in headers
    assert [header["name"] for header in headers][:3] == ["From", "To", "Reply-To"]
    assert detail == {
        "eventType": "Delivery",
        "mail": {
            "timestamp": "2026-12-01T09:00:00.000Z",
            "source": "Sender Name <sender@example.com>",
            "sourceArn": "arn:aws:ses:eu-north-1:000000000000:identity/example.com",
            "sendingAccountId": "000000000000",
            "messageId": message_id,
            "destination": ["recipient@example.com"],
            "headersTruncated": False,
            "commonHeaders": {
                "from": ["Sender Name <sender@example.com>"],
                "to": ["recipient@example.com"],
                "replyTo": ["other@example.com"],
                "messageId": message_id,
                "date": "Tue, 01 Dec 2026 09:00:00 +0000",
                "subject": "=?utf-8?q?P=C3=A5minnelse?=",
            },
            "tags": {
                "ses:operation": ["SendEmail"],
                "ses:configuration-set": ["mine"],
                "ses:source-ip": ["127.0.0.1"],
                "ses:from-domain": ["example.com"],
                "ses:caller-identity": ["local"],
                "ses:outgoing-ip": ["192.0.2.0"],
                "notice_id": ["17"],
            },
        },
        "delivery": {
            "timestamp": "2026-12-01T09:00:00.600Z",
            "processingTimeMillis": 600,
            "recipients": ["recipient@example.com"],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "a1-1.smtp-out.eu-north-1.amazonses.com",
        },
    }


@pytest.mark.parametrize(("kind", "subtype"), [(kind, one) for kind, many in BOUNCE_SUBTYPES.items() for one in many])
def test_every_bounce_has_its_type_and_subtype(rig: Rig, kind: str, subtype: str) -> None:
    """ "Bounce types", and the fields of the example "Bounce record"."""
    rig.ses.decide("recipient@example.com", fates.bounced(kind, subtype))
    rig.send()
    (detail,) = rig.details()
    assert detail["eventType"] == "Bounce"
    assert "ses:outgoing-ip" not in detail["mail"]["tags"]
    bounce = detail["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == (kind, subtype)
    (recipient,) = bounce["bouncedRecipients"]
    assert recipient.keys() == {"emailAddress", "action", "status", "diagnosticCode"}
    assert (recipient["emailAddress"], recipient["action"]) == ("recipient@example.com", "failed")
    assert bounce.keys() == {
        "bounceType",
        "bounceSubType",
        "bouncedRecipients",
        "timestamp",
        "feedbackId",
        "reportingMTA",
    }


def test_a_complaint_comes_after_its_delivery(rig: Rig) -> None:
    """ "Complaint object": a subtype that is null, and what the feedback report says."""
    rig.ses.decide("recipient@example.com", fates.complained("not-spam"))
    rig.send()
    assert rig.told() == ["Delivery", "Complaint"]
    complaint = rig.details()[1]["complaint"]
    assert (complaint["complaintSubType"], complaint["complaintFeedbackType"]) == (None, "not-spam")
    assert complaint["complainedRecipients"] == [{"emailAddress": "recipient@example.com"}]
    assert complaint["feedbackId"]
    assert complaint["timestamp"] == complaint["arrivalDate"] == "2026-12-01T09:00:05.000Z"


@pytest.mark.parametrize(("then_bounces", "last"), [(False, "Delivery"), (True, "Bounce")])
def test_a_delay_ends_in_a_delivery_or_a_transient_bounce(rig: Rig, then_bounces: bool, last: str) -> None:
    """ "DeliveryDelay object"; "Transient bounces are sent to you when … SES has stopped trying to re-deliver"."""
    rig.ses.decide("recipient@example.com", fates.delayed("MailboxFull", then_bounces=then_bounces))
    rig.send()
    assert rig.told() == ["DeliveryDelay", last]
    delay = rig.details()[0]["deliveryDelay"]
    assert delay["delayType"] == "MailboxFull"
    assert delay["expirationTime"] > delay["timestamp"]
    (recipient,) = delay["delayedRecipients"]
    assert recipient.keys() == {"emailAddress", "status", "diagnosticCode"}
    if then_bounces:
        bounce = rig.details()[1]["bounce"]
        assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Transient", "MailboxFull")


def test_a_reject_has_a_reason_and_nothing_else(rig: Rig) -> None:
    """ "Reject object": the only possible value is Bad content."""
    rig.ses.decide("recipient@example.com", fates.rejected())
    rig.send()
    (detail,) = rig.details()
    assert (detail["eventType"], detail["reject"]) == ("Reject", {"reason": "Bad content"})


def test_headers_beyond_ten_kilobytes_are_left_out(rig: Rig) -> None:
    """ "headersTruncated … if the headers are larger than 10 KB"."""
    rig.send(raw=b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(12)) + RAW)
    (detail,) = rig.details()
    assert detail["mail"]["headersTruncated"] is True
    assert 8 < len(detail["mail"]["headers"]) < 12


@pytest.mark.parametrize(
    "make",
    [
        lambda: fates.bounced("Permanent", "MailboxFull"),
        lambda: fates.bounced("Soft"),
        lambda: fates.complained("angry"),
        lambda: fates.delayed("Slow"),
        lambda: fates.suppressed("SPAM"),
    ],
)
def test_what_ses_does_not_have_is_refused(make: Any) -> None:
    """A test that asks for an event that SES never sends would test nothing."""
    with pytest.raises(ValueError, match=r"there is no|suppressed for"):
        make()


def test_the_lists_are_those_of_the_documents() -> None:
    """ "Complaint types", "DeliveryDelay object" and "Bounce types"."""
    assert {"abuse", "auth-failure", "fraud", "not-spam", "other", "virus"} == set(COMPLAINT_TYPES)
    assert len(DELAY_TYPES) == 10
    assert {kind: set(subtypes) for kind, subtypes in BOUNCE_SUBTYPES.items()} == {
        "Undetermined": {"Undetermined"},
        "Permanent": {"General", "NoEmail", "Suppressed", "OnAccountSuppressionList"},
        "Transient": {"General", "MailboxFull", "MessageTooLarge", "ContentRejected", "AttachmentRejected"},
    }


# --- Configuration sets


def test_a_mail_without_a_set_is_told_of_to_nobody(rig: Rig) -> None:
    """ "Setting up event publishing": a mail's configuration set decides what is published."""
    rig.send(configuration_set=None)
    assert rig.told() == []


def test_an_unknown_set_is_refused_before_anything_is_sent(rig: Rig) -> None:
    """API reference, SendEmail: NotFoundException, 404."""
    with pytest.raises(ClientError) as caught:
        rig.send(configuration_set="theirs")
    reply = caught.value.response
    assert (reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]) == ("NotFoundException", 404)
    assert reply["Error"]["Message"] == "Configuration set <theirs> does not exist."
    assert rig.ses.messages == []


def test_a_paused_set_sends_nothing(rig: Rig) -> None:
    """API reference, SendEmail: SendingPausedException."""
    rig.ses.create_configuration_set(ConfigurationSet("paused", sending=False))
    with pytest.raises(ClientError, match="SendingPausedException"):
        rig.send(configuration_set="paused")


def test_a_destination_gets_the_types_it_asks_for(rig: Rig) -> None:
    """API reference, EventDestination: MatchingEventTypes and Enabled."""
    wanted = EventDestination("bus", ("COMPLAINT",))
    rig.ses.decide("recipient@example.com", fates.complained())
    for name, destination in (("one", wanted), ("off", EventDestination("bus", enabled=False))):
        rig.ses.create_configuration_set(ConfigurationSet(name, (destination,)))
        rig.send(configuration_set=name)
    assert rig.told() == ["Complaint"]


def test_the_sets_and_identities_can_be_read(rig: Rig) -> None:
    """API reference: GetConfigurationSet, GetConfigurationSetEventDestinations, GetEmailIdentity."""
    found = rig.client.get_configuration_set(ConfigurationSetName="mine")
    assert found["ReputationOptions"]["ReputationMetricsEnabled"] is True
    assert found["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert "TrackingOptions" not in found
    (destination,) = rig.client.get_configuration_set_event_destinations(ConfigurationSetName="mine")[
        "EventDestinations"
    ]
    assert (destination["Name"], destination["Enabled"]) == ("bus", True)
    assert destination["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "REJECT"]
    assert destination["EventBridgeDestination"]["EventBusArn"].endswith(":event-bus/default")
    good = rig.client.get_email_identity(EmailIdentity="example.com")
    assert (good["DkimAttributes"]["SigningEnabled"], good["DkimAttributes"]["Status"]) == (True, "SUCCESS")
    assert good["MailFromAttributes"] == {
        "MailFromDomain": "mail.example.com",
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }
    rig.ses.identities["example.com"] = Identity(dkim_status="FAILED")
    bad = rig.client.get_email_identity(EmailIdentity="example.com")
    assert bad["DkimAttributes"]["Status"] == "FAILED"
    assert bad["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    for call in (rig.client.get_configuration_set, rig.client.get_configuration_set_event_destinations):
        with pytest.raises(ClientError, match="NotFoundException"):
            call(ConfigurationSetName="theirs")


# --- The simulator and the suppression list


@pytest.mark.parametrize(
    ("address", "kinds", "subtype"),
    [
        ("success@simulator.amazonses.com", ["Delivery"], None),
        ("bounce@simulator.amazonses.com", ["Bounce"], "General"),
        ("bounce+17@simulator.amazonses.com", ["Bounce"], "General"),
        ("complaint@simulator.amazonses.com", ["Delivery", "Complaint"], None),
        ("suppressionlist@simulator.amazonses.com", ["Bounce"], "Suppressed"),
        ("ooto@simulator.amazonses.com", ["Delivery"], None),
    ],
)
def test_the_mailbox_simulator_does_as_it_is_documented(
    rig: Rig, address: str, kinds: list[str], subtype: str | None
) -> None:
    """ "Using the mailbox simulator manually"; none of its addresses comes on the suppression list."""
    for _ in range(2):
        rig.send(address)
    assert rig.told() == kinds * 2
    found = {detail["bounce"]["bounceSubType"] for detail in rig.details() if "bounce" in detail}
    assert found == ({subtype} if subtype else set())
    assert rig.ses.suppressed == {}


@pytest.mark.parametrize(
    ("fate", "first", "then", "reason"),
    [
        (fates.bounced(), ["Bounce"], "Bounce", "BOUNCE"),
        (fates.complained(), ["Delivery", "Complaint"], "Complaint", "COMPLAINT"),
    ],
)
def test_an_address_comes_on_the_suppression_list(
    rig: Rig, fate: fates.Fate, first: list[str], then: str, reason: str
) -> None:
    """ "Using the Amazon SES account-level suppression list": the next mail is not sent, until it is taken off."""
    rig.ses.decide("recipient@example.com", fate)
    rig.send()
    rig.ses.heal()
    rig.send("Recipient@example.com")  # "addresses … are not case sensitive"
    assert rig.told() == [*first, then]
    last = rig.details()[-1]
    assert "OnAccountSuppressionList" in (
        last[then.lower()].get("bounceSubType"),
        last[then.lower()].get("complaintSubType"),
    )
    found = rig.client.get_suppressed_destination(EmailAddress="recipient@example.com")["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("recipient@example.com", reason)
    rig.client.delete_suppressed_destination(EmailAddress="recipient@example.com")
    rig.send()
    assert rig.told()[-1] == "Delivery"
    with pytest.raises(ClientError, match="NotFoundException"):
        rig.client.get_suppressed_destination(EmailAddress="recipient@example.com")


@pytest.mark.parametrize("fate", [fates.bounced("Transient"), fates.delayed(), fates.rejected(), fates.suppressed()])
def test_what_is_no_fault_of_the_address_leaves_it(rig: Rig, fate: fates.Fate) -> None:
    """The list takes hard bounces and complaints."""
    rig.ses.decide("recipient@example.com", fate)
    rig.send()
    assert rig.ses.suppressed == {}


# --- Faults of the events


def test_an_event_comes_after_the_reply(rig: Rig) -> None:
    """Without a fault the sender has its message id first."""
    rig.ses.hold_reply_next(1, 0.2)
    rig.ses.events.hold()
    rig.send()
    assert rig.seen == []
    rig.ses.events.release()
    assert rig.told() == ["Delivery"]


def test_an_event_may_come_before_the_reply(rig: Rig) -> None:
    """Early: it is published while the sender still waits, also where the reply is lost."""
    rig.ses.disturb_events("early")
    rig.ses.drop_reply_next(1)
    seen_at: list[int] = []
    rig.ses.publish_to(lambda _: seen_at.append(rig.ses.counts.accepted))
    body = json.dumps(
        {
            "Destination": {"ToAddresses": ["b@example.com"]},
            "Content": {"Raw": {"Data": base64.b64encode(RAW).decode()}},
            "ConfigurationSetName": "mine",
        }
    )
    with httpx.Client(trust_env=False) as sender, pytest.raises(httpx.RemoteProtocolError):
        sender.post(
            f"{rig.ses.url}/v2/email/outbound-emails",
            content=body,
            headers={"Authorization": "AWS4-HMAC-SHA256 Credential=a"},
        )
    assert seen_at == [1]


def test_events_are_lost_doubled_and_turned_around(rig: Rig) -> None:
    """Best effort, at least once, in any order: each for as many mails as it was asked for."""
    rig.ses.decide(lambda _: True, fates.complained())
    rig.ses.disturb_events("lose", mails=1)
    rig.send()
    assert rig.told() == []
    rig.ses.disturb_events("double", mails=1)
    rig.send()
    assert rig.told() == ["Delivery", "Delivery", "Complaint", "Complaint"]
    assert rig.seen[2].about["feedbackId"] == rig.seen[3].about["feedbackId"]
    rig.seen.clear()
    rig.ses.disturb_events("reverse", "recipient@example.com")
    rig.send("somebody@example.com")
    rig.send()
    assert rig.told() == ["Delivery", "Complaint", "Complaint", "Delivery"]


def test_an_event_that_is_late_states_a_later_time(rig: Rig) -> None:
    """Late by a day: nobody waits for it here; the mail keeps the time at which it was accepted."""
    rig.ses.disturb_events("late", by=timedelta(days=1))
    began = time.monotonic()
    rig.send()
    (detail,) = rig.details()
    assert time.monotonic() - began < 5
    assert detail["mail"]["timestamp"] == "2026-12-01T09:00:00.000Z"
    assert detail["delivery"]["timestamp"] == "2026-12-02T09:00:00.600Z"
    assert rig.seen[0].at == AT + timedelta(days=1, milliseconds=600)


def test_a_mail_that_was_taken_may_still_bounce(rig: Rig) -> None:
    """A server that takes a mail and sends it back later: two events, the bounce last."""
    rig.ses.decide("recipient@example.com", fates.bounced(after_delivery=True))
    rig.send()
    assert rig.told() == ["Delivery", "Bounce"]


def test_a_failing_listener_stops_no_other_event(rig: Rig) -> None:
    """The sender hears nothing of it, and the next event is published."""
    failed: list[MailEvent] = []

    def listener(event: MailEvent) -> None:
        if not failed:
            failed.append(event)
            raise RuntimeError("no")
        rig.seen.append(event)

    rig.ses.publish_to(listener)
    rig.send()
    rig.send()
    assert rig.told() == ["Delivery"]


def test_a_service_that_refuses_connections_goes_on_telling(rig: Rig) -> None:
    """What was accepted before is still told of, and once more after it listens again."""
    rig.ses.events.hold()
    rig.send()
    rig.ses.refuse_connections()
    rig.ses.events.release()
    assert rig.told() == ["Delivery"]
    rig.ses.start()
    rig.send()
    assert rig.told() == ["Delivery", "Delivery"]


# --- From another process


def test_faults_can_be_reached_over_http(rig: Rig) -> None:
    """What `python -m local mail` says to a stack that is up."""
    control = SesControl(rig.ses.url)
    control.decide("recipient@example.com", "bounce", kind="Transient", subtype="MailboxFull")
    control.disturb_events("late", recipient="recipient@example.com", mails=1, seconds=3600)
    rig.send()
    (detail,) = rig.details()
    assert detail["bounce"]["bounceSubType"] == "MailboxFull"
    assert detail["bounce"]["timestamp"] == "2026-12-01T10:00:00.600Z"
    control.heal()
    rig.send()
    assert rig.told()[-1] == "Delivery"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda control: control.decide("a@b.no", "explode"),
        lambda control: control.decide("a@b.no", "bounce", kind="Soft"),
        lambda control: control.decide("a@b.no", "bounce", colour="red"),
        lambda control: control.disturb_events("explode"),
    ],
)
def test_a_fault_that_there_is_not_is_refused_with_why(rig: Rig, wrong: Any) -> None:
    """Never a fault that is taken and does nothing."""
    with pytest.raises(SesControlError, match=r"explode|Soft|colour"):
        wrong(SesControl(rig.ses.url))


def test_a_tag_has_the_letters_that_ses_allows(rig: Rig) -> None:
    """API reference, MessageTag."""
    with pytest.raises(ClientError, match="BadRequestException"):
        rig.client.send_email(
            Destination={"ToAddresses": ["a@example.com"]},
            Content={"Raw": {"Data": RAW}},
            EmailTags=[{"Name": "name", "Value": "Åse Bjørnå"}],
        )
