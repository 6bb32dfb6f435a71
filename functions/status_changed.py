"""The doorbell: a listing may have to change. Triggers: its function URL, signed; EventBridge, and RDS, by IAM."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared import bootstrap
from shared.domain.errors import TransientError
from shared.domain.webhook import UNSIGNED, DoorbellRefusedError, Refusal, Ring
from shared.events import listing_changed
from shared.function_urls import url_reply, url_request
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.accept_webhook import take_event, take_ring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Report(LogAndMetrics):
    """Strangers choose how often they call, and a line in the log costs more than the call."""

    def work(self, function: str, counts: Mapping[str, int], **facts: object) -> None:
        """No line for an unsigned call, one number for a wrong signature; all else as everywhere."""
        reason = facts.get("reason")
        if reason == Refusal.SIGNATURE_WRONG:
            self.count(function, {measure: n for measure, n in counts.items() if n})
        elif reason not in UNSIGNED:
            super().work(function, counts, **facts)


def _refused(error: DoorbellRefusedError) -> dict[str, Any]:
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

    Answers {"accepted": n}; a request with 202, 400, 401, 405, 413, or 503 when the queue does not take it.
    """
    request, report = url_request(event), _Report()
    if request is None:
        return {"accepted": take_event(listing_changed(event), queue=bootstrap.sync_queue(), report=report)}
    header = request.headers.get
    ring = Ring(request.method, header("x-certification-timestamp"), header("x-certification-signature"), request.body)
    keys, queue = bootstrap.doorbell_keys(), bootstrap.sync_queue()
    try:
        accepted = take_ring(ring, keys=keys, queue=queue, report=report, now=datetime.now(UTC))
    except DoorbellRefusedError as error:
        return _refused(error)
    except TransientError:
        return url_reply(503, {"error": "not now"})
    return url_reply(202, {"accepted": accepted})
