"""SES over real HTTP: boto3 against emulators/ses/server.py, which answers as SES v2 does and fails on request."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import (
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointProviderError,
    HTTPClientError,
    LoginTokenLoadError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    ResponseStreamingError,
    SSLError,
    SSOTokenLoadError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from emulators.ses.server import LocalSes
from shared.adapters.aws.ses import LONGEST_SEND, SesMailer, ses_client
from shared.adapters.email.mime import Sender
from shared.adapters.email.rendering import render
from shared.domain.mail.notices import (
    Sent,
    ServiceRefused,
    Throttled,
    Undeliverable,
    Unknown,
)
from tests.support.notices import a_notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2026, 12, 17, 9, 0, tzinfo=UTC)
NO_TIME = timedelta(0)
PERSONAL = ("ase.bjorna", "bjorna@", "Åse", "Bjørnå", "oyvind@", "Øyvind", "example.no")


@dataclass
class SesRig:
    ses: LocalSes
    mailer: SesMailer

    def send(self, one_notice=None, *, budget=NO_TIME):
        return self.mailer.send(one_notice or a_notice(), budget=budget)


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSes]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDLOCAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with LocalSes() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)
        yield server


@pytest.fixture
def rig(ses: LocalSes) -> Iterator[SesRig]:
    client = ses_client("eu-north-1", read_timeout=timedelta(seconds=0.5))
    yield SesRig(ses, SesMailer(client, Sender("ikke-svar@hlf.example"), clock=lambda: AT))
    client.close()


# What arrives


def test_a_sent_notice_arrives_as_it_was_rendered(rig: SesRig) -> None:
    """A sent notice arrives as it was rendered, at its one recipient."""
    outcome = rig.send()
    (mail,) = rig.ses.messages
    assert outcome == Sent(mail.message_id)
    assert mail.recipient == "ase.bjorna@example.no"
    message = message_from_bytes(mail.raw, policy=SMTP)
    assert message["Subject"] == render(a_notice()).subject
    assert message["Date"].datetime == AT
    assert rig.ses.violations == []


def test_one_recipient_per_message_also_when_many_are_sent(rig: SesRig) -> None:
    people = [f"mentor{n}@example.no" for n in range(20)]
    for n, person in enumerate(people):
        assert isinstance(rig.send(a_notice(n, recipient_address=person)), Sent)
    assert [mail.recipient for mail in rig.ses.messages] == people
    assert rig.ses.violations == []


def test_a_domain_with_norwegian_letters_is_sent_to_in_punycode(rig: SesRig) -> None:
    assert isinstance(rig.send(a_notice(recipient_address="post@blåbær.no")), Sent)
    assert rig.ses.messages[0].recipient == "post@xn--blbr-roah.no"
    assert rig.ses.violations == []


def test_a_domain_goes_to_its_owner_and_to_nobody_else(rig: SesRig) -> None:
    """IDNA 2008, in the envelope and in the header."""
    assert isinstance(rig.send(a_notice(recipient_address="ola@faß.de")), Sent)
    (mail,) = rig.ses.messages
    assert mail.recipient == mail.parsed()["To"].addresses[0].addr_spec == "ola@xn--fa-hia.de"


@pytest.mark.parametrize("whose", ["recipient_name", "organisation_name", "contact_name"])
@pytest.mark.parametrize("name", ["Nordmann, Kari " + "x" * 77, "=?utf-8?q?a=2C_b=40c=2Eno?=", "Å" * 5000, "\u202e\n,"])
def test_a_strange_name_holds_up_no_mail_i13(rig: SesRig, whose: str, name: str) -> None:
    """It arrives at its one recipient."""
    assert isinstance(rig.send(a_notice(4711, **{whose: name})), Sent)
    (mail,) = rig.ses.messages
    for header, address in (("To", "ase.bjorna@example.no"), ("From", "ikke-svar@hlf.example")):
        assert [one.addr_spec for one in mail.parsed()[header].addresses] == [address]
    assert rig.ses.violations == []


def test_the_tag_and_the_configuration_set_carry_ids_only_i11(ses: LocalSes) -> None:
    asked = []

    class Client:
        def send_email(self, **request):
            asked.append(request)
            return {"MessageId": "m-1"}

    assert SesMailer(Client(), Sender("a@hlf.example"), configuration_set="notices").send(a_notice()) == Sent("m-1")  # type: ignore[arg-type]
    (request,) = asked
    assert request["EmailTags"] == [{"Name": "notice_id", "Value": "4711"}]
    assert request["ConfigurationSetName"] == "notices"
    assert request["Destination"] == {"ToAddresses": ["ase.bjorna@example.no"]}


@pytest.mark.parametrize(
    "unusable",
    [
        {"recipient_address": "kåre@example.no"},
        {"recipient_address": ""},
        {"recipient_address": "a@b.no\nx"},
        {"recipient_address": "slettet@anonymised.invalid"},
        {"recipient_address": "ola@☕.no"},
    ],
)
def test_a_recipient_that_cannot_be_written_is_undeliverable(rig: SesRig, unusable: Any) -> None:
    """A recipient that cannot be written is undeliverable, and SES is not called."""
    assert rig.send(a_notice(**unusable)) == Undeliverable("unusable_address")
    assert rig.ses.counts.requests == 0


@pytest.mark.parametrize("sender", ["", "kåre@hlf.example", "a@b.no,c@d.no", "a@b.no\r\nBcc: c@d.no"])
def test_an_unusable_sender_is_no_fault_of_the_recipient_i13(ses: LocalSes, sender: str) -> None:
    """Nobody is written off for a wrong setting."""
    client = ses_client("eu-north-1")
    assert SesMailer(client, Sender(sender)).send(a_notice()) == ServiceRefused("unusable_sender")
    assert ses.counts.requests == 0
    client.close()


# Every error of SendEmail

REPLIES = [
    ("MessageRejected", 400, Undeliverable("MessageRejected")),
    ("BadRequestException", 400, Undeliverable("BadRequestException")),
    ("ANewCodeOfTheMessage", 400, Undeliverable("ANewCodeOfTheMessage")),
    ("RequestTooLarge", 413, Undeliverable("RequestTooLarge")),
    ("TooManyRequestsException", 429, Throttled()),
    ("ThrottlingException", 400, Throttled()),
    ("Throttling", 400, Throttled()),
    ("RequestLimitExceeded", 503, Throttled()),
    ("SlowDown", 503, Throttled()),
    ("ANewCodeOfTheRate", 429, Throttled()),
    *(
        (code, status, ServiceRefused(code))
        for code, status in [
            ("AccountSuspendedException", 400),
            ("SendingPausedException", 400),
            ("MailFromDomainNotVerifiedException", 400),
            ("NotFoundException", 404),
            ("LimitExceededException", 400),
            ("AccessDeniedException", 403),
            ("AccessDenied", 403),
            ("UnrecognizedClientException", 400),
            ("InvalidClientTokenId", 403),
            ("InvalidSignatureException", 400),
            ("SignatureDoesNotMatch", 403),
            ("IncompleteSignature", 400),
            ("MissingAuthenticationTokenException", 400),
            ("ExpiredTokenException", 400),
            ("ExpiredToken", 400),
            ("RequestExpired", 400),
            ("OptInRequired", 403),
            ("NotAuthorized", 400),
            ("ANewCodeOfTheAccount", 403),
            ("ANewCodeOfTheService", 404),
        ]
    ),
    ("InternalServiceErrorException", 500, Unknown("InternalServiceErrorException")),
    ("BadGateway", 502, Unknown("BadGateway")),
    ("ServiceUnavailable", 503, Unknown("ServiceUnavailable")),
    ("GatewayTimeout", 504, Unknown("GatewayTimeout")),
]


@pytest.mark.parametrize(
    ("code", "status", "outcome"), REPLIES, ids=[f"{code}-{status}" for code, status, _ in REPLIES]
)
def test_every_error_code_has_its_outcome_after_one_request(rig: SesRig, code: Any, status: Any, outcome: Any) -> None:
    rig.ses.fail_next(1, code, status)
    assert rig.send() == outcome
    assert (rig.ses.counts.requests, rig.ses.messages) == (1, [])


def test_every_error_of_botocores_model_is_among_them(rig: SesRig) -> None:
    """Every error that botocore's model gives for SendEmail is among them."""
    modelled = {shape.name for shape in rig.mailer._client.meta.service_model.operation_model("SendEmail").error_shapes}
    assert len(modelled) >= 8
    assert modelled <= {code for code, _, _ in REPLIES}


def test_a_code_that_is_not_a_code_is_not_passed_on_i11(rig: SesRig) -> None:
    rig.ses.fail_next(1, "ase.bjorna@example.no is on the list", 400)
    assert rig.send() == Undeliverable("http_400")


def test_what_cannot_be_composed_is_undeliverable(rig: SesRig) -> None:
    """What cannot be composed is undeliverable, and its outcome is not unknown.

    I13: a name that was NULL left its notice claimed for ever.
    """
    assert rig.send(a_notice(recipient_name=None)) == Undeliverable("unrenderable_notice")
    assert rig.ses.counts.requests == 0


def test_one_bad_recipient_does_not_stop_the_next_i13(rig: SesRig) -> None:
    rig.ses.fail_for("ase.bjorna@example.no", "MessageRejected")
    rig.ses.fail_for(lambda recipient: recipient.endswith("@example.com"), "BadRequestException")
    assert rig.send() == Undeliverable("MessageRejected")
    assert rig.send(a_notice(recipient_address="ola@example.com")) == Undeliverable("BadRequestException")
    assert isinstance(rig.send(a_notice(recipient_address="ola@example.no")), Sent)


# Replies that never came (I4)


def test_a_lost_reply_is_unknown_and_accepted_once_i4(rig: SesRig) -> None:
    """I4: A lost reply is of unknown outcome, and the message was accepted exactly once."""
    rig.ses.drop_reply_next(1)
    assert rig.send(budget=timedelta(seconds=30)) == Unknown("ConnectionClosedError")
    assert (rig.ses.counts.requests, len(rig.ses.messages)) == (1, 1)


def test_a_reply_too_late_is_unknown_and_not_asked_for_again_i4(rig: SesRig) -> None:
    """I4: A reply that comes too late is of unknown outcome, and the request is not repeated."""
    rig.ses.hold_reply_next(1, 5)
    assert rig.send(budget=timedelta(seconds=30)) == Unknown("ReadTimeoutError")
    assert (rig.ses.counts.requests, len(rig.ses.messages)) == (1, 1)


def test_a_server_error_is_not_tried_again_i4(rig: SesRig) -> None:
    """I4: A server error is not tried again, since it may come after the acceptance."""
    rig.ses.fail_next(1, "InternalFailure", 500)
    assert rig.send(budget=timedelta(seconds=30)) == Unknown("InternalFailure")
    assert rig.ses.counts.requests == 1


def test_botocores_own_retries_would_have_sent_it_twice_i4(rig: SesRig, ses: LocalSes) -> None:
    """I4: With botocore's own retries a lost reply would have sent the message twice.

    Why ses_client turns them off.
    """
    ses.drop_reply_next(1)
    client = boto3.client("sesv2", region_name="eu-north-1", config=Config(retries={"mode": "standard"}))
    assert isinstance(SesMailer(client, Sender("a@hlf.example")).send(a_notice()), Sent)
    client.close()
    assert [message_from_bytes(mail.raw, policy=SMTP)["X-Notice-ID"] for mail in ses.messages] == ["4711", "4711"]


class Failing:
    """A client whose every request ends in this error."""

    def __init__(self, error):
        self.error = error

    def send_email(self, **_request):
        raise self.error


CERTIFICATE = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed certificate"))
ENDPOINT = "https://email.eu-north-1.amazonaws.com"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NoCredentialsError(), ServiceRefused("NoCredentialsError")),
        (PartialCredentialsError(provider="env", cred_var="x"), ServiceRefused("PartialCredentialsError")),
        (CredentialRetrievalError(provider="container", error_msg="x"), ServiceRefused("CredentialRetrievalError")),
        (TokenRetrievalError(provider="sso", error_msg="x"), ServiceRefused("TokenRetrievalError")),
        (SSOTokenLoadError(error_msg="x"), ServiceRefused("SSOTokenLoadError")),
        (LoginTokenLoadError(error_msg="x"), ServiceRefused("LoginTokenLoadError")),
        (ConnectTimeoutError(endpoint_url=ENDPOINT, error="x"), ServiceRefused("ConnectTimeoutError")),
        (EndpointProviderError(msg="x"), ServiceRefused("EndpointProviderError")),
        (ProxyConnectionError(proxy_url="http://proxy", error="x"), ServiceRefused("ProxyConnectionError")),
        (SSLError(endpoint_url=ENDPOINT, error=CERTIFICATE), ServiceRefused("SSLError")),
        (SSLError(endpoint_url=ENDPOINT, error=urllib3.exceptions.SSLError("eof")), Unknown("SSLError")),
        (ParamValidationError(report="x"), Undeliverable("ParamValidationError")),
        (HTTPClientError(error="x"), Unknown("HTTPClientError")),
        (ResponseStreamingError(error="x"), Unknown("ResponseStreamingError")),
        (ResponseParserError("x"), Unknown("ResponseParserError")),
        (RuntimeError("ase.bjorna@example.no"), Unknown("RuntimeError")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_refused_only_if_nothing_left_this_machine_i4(
    error: Any, outcome: ServiceRefused | Undeliverable | Unknown
) -> None:
    """I4: What botocore raises counts as refused only if nothing left this machine."""
    assert SesMailer(Failing(error), Sender("a@hlf.example")).send(a_notice()) == outcome  # type: ignore[arg-type]


@pytest.mark.parametrize("said", [{}, *({"MessageId": value} for value in (None, 7, "", "a\0", "\ud800", "x" * 5000))])
def test_an_acceptance_without_a_message_id_is_unknown_i4(said: Any) -> None:
    """One that the database cannot hold would leave the notice claimed."""

    class Client:
        def send_email(self, **_request):
            return said

    assert SesMailer(Client(), Sender("a@hlf.example")).send(a_notice()) == Unknown("no_message_id")  # type: ignore[arg-type]


# Never reached SES


def test_a_refused_connection_is_the_services_fault(rig: SesRig) -> None:
    """A refused connection is the service's fault, and the next run gets through."""
    rig.ses.refuse_connections()
    assert rig.send() == ServiceRefused("EndpointConnectionError")
    rig.ses.start()
    assert isinstance(rig.send(), Sent)


def test_a_name_that_does_not_resolve_is_the_services_fault(ses: LocalSes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://ses.invalid:1")
    client = ses_client("eu-north-1")
    assert SesMailer(client, Sender("a@hlf.example")).send(a_notice()) == ServiceRefused("EndpointConnectionError")
    client.close()


def test_without_credentials_nothing_is_asked(ses: LocalSes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    client = ses_client("eu-north-1")
    assert SesMailer(client, Sender("a@hlf.example")).send(a_notice()) == ServiceRefused("NoCredentialsError")
    client.close()
    assert ses.counts.requests == 0


# Throttling


def test_a_throttled_message_is_tried_again_and_accepted_once(rig: SesRig) -> None:
    """A throttled message is tried again within its budget and accepted once."""
    rig.ses.fail_next(2, "TooManyRequestsException", 429)
    assert isinstance(rig.send(budget=timedelta(seconds=10)), Sent)
    assert (rig.ses.counts.requests, rig.ses.counts.throttled, len(rig.ses.messages)) == (3, 2, 1)


def test_a_message_throttled_beyond_its_budget_says_so(rig: SesRig) -> None:
    """A message throttled beyond its budget was not accepted, and the outcome says so."""
    rig.ses.fail_next(50, "TooManyRequestsException", 429)
    began = time.monotonic()
    assert rig.send(budget=timedelta(seconds=0.6)) == Throttled()
    assert time.monotonic() - began < 0.6 + 1.25 + 0.5
    assert 2 <= rig.ses.counts.requests < 10
    assert rig.ses.messages == []


def test_an_ambiguous_failure_after_throttling_is_the_last_i4(rig: SesRig) -> None:
    """I4: An ambiguous failure after throttling ends the attempts."""
    rig.ses.fail_next(1, "ThrottlingException", 400)
    rig.ses.drop_reply_next(1)
    assert rig.send(budget=timedelta(seconds=10)) == Unknown("ConnectionClosedError")
    assert len(rig.ses.messages) == 1


def test_sending_faster_than_the_rate_loses_and_doubles_nothing(rig: SesRig) -> None:
    rig.ses.throttle(per_second=20)
    assert all(isinstance(rig.send(a_notice(n), budget=timedelta(seconds=10)), Sent) for n in range(8))
    sent = [message_from_bytes(mail.raw, policy=SMTP)["X-Notice-ID"] for mail in rig.ses.messages]
    assert sent == [str(n) for n in range(8)]
    assert rig.ses.counts.throttled > 0


def test_the_longest_send_is_the_sum_of_the_clients_two_timeouts(ses: LocalSes) -> None:
    client = ses_client("eu-north-1")
    config: Any = client.meta.config
    assert timedelta(seconds=config.connect_timeout + config.read_timeout) == LONGEST_SEND
    assert config.retries == {"total_max_attempts": 1, "mode": config.retries["mode"]}
    client.close()


# Privacy


@pytest.mark.parametrize("fault", [None, "TooManyRequestsException", "MessageRejected", "InternalFailure", "lost"])
def test_the_logs_hold_no_name_and_no_address_even_at_debug_i11(
    rig: SesRig, caplog: pytest.LogCaptureFixture, fault: str | None
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault == "lost":
        rig.ses.drop_reply_next(1)
    elif fault:
        rig.ses.fail_next(1, fault, 500 if fault == "InternalFailure" else 400)
    outcome = rig.send(budget=timedelta(seconds=5))
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records) + repr(outcome)
    assert "POST /v2/email" in said or fault == "lost"
    assert not [word for word in PERSONAL if word in said]


# The local server itself


def post(url, body, **headers):
    return urllib3.request("POST", url + "/v2/email/outbound-emails", body=body, headers=headers, retries=False)


def raw_request(client, raw, to=("a@example.no",)):
    return client.send_email(Destination={"ToAddresses": list(to)}, Content={"Raw": {"Data": raw}})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"To: a@example.no\r\n\r\nhi\r\n", "BadRequestException"),
        (b"From: a@b.no\r\nTo: a@example.no\r\nSubject: a\r\nSubject: b\r\n\r\nhi\r\n", "BadRequestException"),
        (b"From: a@b.no\r\nTo: a@example.no\r\n\r\n" + b"x" * 999 + b"\r\n", "MessageRejected"),
        (b"From: a@b.no\r\nTo: a@example.no\r\nContent-Type: multipart/mixed\r\n\r\nhi\r\n", "MessageRejected"),
    ],
)
def test_the_local_server_refuses_what_ses_refuses(rig: SesRig, raw: bytes, code: str) -> None:
    with pytest.raises(rig.mailer._client.exceptions.ClientError) as refused:
        raw_request(rig.mailer._client, raw)
    assert refused.value.response["Error"]["Code"] == code
    assert rig.ses.messages == []


def test_the_local_server_records_a_second_recipient(rig: SesRig) -> None:
    """The local server records a message with more than one recipient."""
    raw = b"From: a@b.no\r\nTo: a@example.no\r\n\r\nhi\r\n"
    raw_request(rig.mailer._client, raw, to=("a@example.no", "b@example.no"))
    assert rig.ses.violations == ["2 recipients in one request"]
    raw_request(rig.mailer._client, raw.replace(b"\r\n\r\n", b"\r\nCc: c@example.no\r\n\r\n"))
    assert rig.ses.violations[1:] == ["the headers name other recipients than the request"]


def test_the_local_server_responds_only_signed_requests(ses: LocalSes) -> None:
    reply = post(ses.url, b"{}")
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    signed = post(ses.url, b"{", Authorization="AWS4-HMAC-SHA256 x")
    assert (signed.status, signed.headers["x-amzn-ErrorType"]) == (400, "SerializationException")


def test_the_local_server_keeps_each_mail_as_a_file(rig: SesRig, tmp_path: Path) -> None:
    """The local server keeps each mail as a file that a mail client opens."""
    rig.ses._folder = tmp_path / "mail"
    rig.send(a_notice(1))
    rig.send(a_notice(2))
    assert [file.name for file in sorted((tmp_path / "mail").iterdir())] == ["0001.eml", "0002.eml"]
    assert (tmp_path / "mail" / "0002.eml").read_bytes() == rig.ses.messages[1].raw


def test_the_local_server_heals_without_losing_its_mail(rig: SesRig) -> None:
    """The local server forgets its faults when healed, and keeps its mail."""
    rig.ses.fail_next(5, "MessageRejected")
    rig.ses.throttle(0.001)
    rig.send()
    rig.ses.heal()
    assert isinstance(rig.send(), Sent)
    assert isinstance(rig.send(), Sent)
    assert (rig.ses.counts.refused, rig.ses.counts.accepted) == (1, 2)
