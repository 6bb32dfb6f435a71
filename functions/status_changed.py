"""The webhook, which says that listings may have to change.

Triggers: its function URL, with a signed request; EventBridge and RDS, authorised by IAM.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.bootstrap.status_changed import status_changed_ports
from shared.domain.errors import TransientError
from shared.domain.webhook import Refusal, WebhookRefusedError, WebhookRequest
from shared.events import listing_changed
from shared.function_urls import url_reply, url_request
from shared.observability import PublicReport, guarded, logger
from shared.use_cases.status_changed import accept_event, accept_webhook

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _refused(error: WebhookRefusedError) -> dict[str, Any]:
    match error.refusal:
        case Refusal.METHOD_WRONG:
            return url_reply(405, {"error": str(error)}, allow="POST")
        case Refusal.BODY_TOO_LARGE:
            return url_reply(413, {"error": str(error)})
        case Refusal.BODY_MALFORMED:
            return url_reply(400, {"error": str(error)})
        case _:  # a sender without a key must not learn which check failed; the log records it
            return url_reply(401, {"error": "invalid signature or timestamp"})


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Request a sync of the mentors that the event names. Return {"accepted": n}.

    Event: an HTTP request with the body {"mentors": [{"id", "version"}, …]}, or "Listing changed" with that as its
    detail. An HTTP request gets status 202, or 400, 401, 405 or 413, or 503 when the queue does not take it.
    """
    request, report, ports = url_request(event), PublicReport(), status_changed_ports()
    if request is None:
        return {"accepted": accept_event(listing_changed(event), queue=ports.queue, report=report)}
    header = request.headers.get
    webhook = WebhookRequest(
        request.method, header("x-certification-timestamp"), header("x-certification-signature"), request.body
    )
    try:
        accepted = accept_webhook(webhook, keys=ports.keys, queue=ports.queue, report=report, now=datetime.now(UTC))
    except WebhookRefusedError as error:
        return _refused(error)
    except TransientError:
        return url_reply(503, {"error": "try again later"})
    return url_reply(202, {"accepted": accepted})
