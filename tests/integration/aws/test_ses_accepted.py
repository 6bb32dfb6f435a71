"""What SES is sent, taken by an implementation of SES that is not ours: moto, in process.

It keeps the mail as text, knows no tags and fails at nobody's request; those are the business of emulators/ses.
"""

from __future__ import annotations

from email import message_from_string
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from local.stack.aws import REGION
from shared.adapters.aws.ses import SesMailer, ses_client
from shared.adapters.email.mime import Sender
from shared.adapters.email.rendering import render
from shared.domain.mail.notices import Sent, Undeliverable
from tests.support.notices import a_notice

if TYPE_CHECKING:
    from moto.ses.models import RawMessage

SENDER = "ikke-svar@hlf.example"


@pytest.fixture
def mailer(moto: None) -> SesMailer:
    boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity=SENDER)
    return SesMailer(ses_client(REGION), Sender(SENDER))


def accepted() -> list[RawMessage]:
    messages: list[RawMessage] = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return messages


def test_a_notice_is_accepted_for_its_one_recipient(mailer: SesMailer) -> None:
    outcome = mailer.send(a_notice())
    (mail,) = accepted()
    assert outcome == Sent(mail.id)
    message = message_from_string(mail.raw_data, policy=SMTP)
    assert message["Subject"] == render(a_notice()).subject
    assert {parseaddr(address)[1] for address in mail.destinations} == {"ase.bjorna@example.no"}


def test_an_unverified_sender_may_be_the_recipients_fault(moto: None) -> None:
    """I13: SES says the same of both, so the run decides by what else it accepts."""
    outcome = SesMailer(ses_client(REGION), Sender(SENDER)).send(a_notice())
    assert isinstance(outcome, Undeliverable)
    assert outcome.ambiguous
    assert accepted() == []
