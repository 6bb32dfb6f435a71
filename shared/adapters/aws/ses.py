"""Amazon SES, API v2: one SendEmail for one notice.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import stamina
from botocore.config import Config

from shared.adapters.aws.ses_replies import outcome_of
from shared.adapters.email.mime import AmbiguousMessageError, Sender, compose, from_mailbox
from shared.adapters.within import within
from shared.domain.errors import TransientError, UnusableAddressError
from shared.domain.mail.addresses import deliverable_address, usable_address
from shared.domain.mail.notices import Notice, Outcome, Sent, ServiceRefused, Throttled, Undeliverable, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

_CONNECT_TIMEOUT = timedelta(seconds=3)
_READ_TIMEOUT = timedelta(seconds=10)

_MESSAGE_ID = re.compile(r"[!-~]{1,300}")

# One send never takes longer than this. Do not claim a notice with less time left: a function that is stopped between
# claim and settle leaves the notice stuck (I4).
LONGEST_SEND = _CONNECT_TIMEOUT + _READ_TIMEOUT


def ses_client(region: str, *, read_timeout: timedelta = _READ_TIMEOUT) -> SESV2Client:
    """Return a client that sends each request once and never retries it.

    botocore would retry after a lost reply, which could send a message twice (I4), so its retries are off. Build one
    client per run: Lambda freezes the container between invocations, and a kept connection may die unnoticed. The
    first message on it would then be Unknown. AWS_ENDPOINT_URL_SESV2 points the client at another server.
    """
    # At DEBUG botocore logs whole requests, with recipient and message, whatever log level the function has (I11).
    logging.getLogger("botocore").setLevel(logging.WARNING)
    return boto3.client(
        "sesv2",
        region_name=region,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=_CONNECT_TIMEOUT.total_seconds(),
            read_timeout=read_timeout.total_seconds(),
        ),
    )


class SesMailer:
    """shared.ports.Mailer on SES. It logs nothing itself, because the use case records the outcome."""

    def __init__(
        self,
        client: SESV2Client,
        sender: Sender,
        *,
        configuration_set: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`client` must come from ses_client, because I4 does not hold with botocore's own retries."""
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set
        self._clock = clock

    def send(self, notice: Notice, *, budget: timedelta = timedelta(seconds=10)) -> Outcome:
        """Send the notice to its one recipient and return the outcome. A failed send is an outcome, never an error.

        Only a throttled message is sent again, for about as long as `budget`; with no budget, never.
        """
        try:
            usable_address(self._sender.address)
        except UnusableAddressError:
            # The fault is in our settings; without this check every recipient would seem to be at fault.
            return ServiceRefused("unusable_sender")
        try:
            request = self._request(notice)
        except UnusableAddressError:
            return Undeliverable("unusable_address")
        except AmbiguousMessageError:
            return Undeliverable("ambiguous_message")
        except Exception:  # noqa: BLE001 - nothing was sent; a notice left claimed would stay of unknown outcome (I13)
            return Undeliverable("unrenderable_notice")
        try:
            for attempt in stamina.retry_context(
                on=_ThrottledError,
                attempts=None,
                # stamina warns about a timeout of 0, which is what a caller without time left passes.
                timeout=max(budget, timedelta(milliseconds=1)),
                wait_initial=0.25,
                wait_max=1,
                wait_jitter=0.25,
            ):
                with attempt:
                    outcome = self._send_once(request)
        except _ThrottledError:
            return Throttled()
        return outcome

    def _request(self, notice: Notice) -> SendEmailRequestTypeDef:
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": from_mailbox(notice, self._sender),
            "Destination": {"ToAddresses": [deliverable_address(notice.recipient_address)]},
            "Content": {"Raw": {"Data": compose(notice, self._sender, self._clock())}},
            "EmailTags": [{"Name": "notice_id", "Value": str(notice.id)}],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request

    def _send_once(self, request: SendEmailRequestTypeDef) -> Outcome:
        try:
            message_id = within(
                LONGEST_SEND.total_seconds(), lambda: self._client.send_email(**request).get("MessageId")
            )
        except Exception as exc:  # noqa: BLE001 - once a request is under way, an unexpected error is Unknown (I4)
            outcome = outcome_of(exc)
            if isinstance(outcome, Throttled):
                # `from None`: the reply's own message may hold personal data (I11).
                raise _ThrottledError from None
            return outcome
        # An id that PostgreSQL cannot store would leave the notice claimed.
        known = isinstance(message_id, str) and _MESSAGE_ID.fullmatch(message_id)
        return Sent(message_id) if known else Unknown("no_message_id")


class _ThrottledError(TransientError):
    """SES accepts no more messages for now."""
