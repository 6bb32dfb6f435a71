"""The webhook: a listing may have to change. Triggers: its function URL, signed; EventBridge, and RDS, by IAM."""

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
        case _:  # whoever cannot sign learns nothing of why; the log has it
            return url_reply(401, {"error": "not signed with our key, or not now"})


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Event: a request with {"mentors": [{"id", "version"}, …]}, or "Listing changed" with that as its detail.

    Returns {"accepted": n}; a request with 202, 400, 401, 405, 413, or 503 when the queue does not take it.
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
        return url_reply(503, {"error": "not now"})
    return url_reply(202, {"accepted": accepted})
