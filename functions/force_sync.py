"""The coordinators' way in: their page, what it reads, and the forced sync of one mentor.

Trigger: its function URL. The page is open to everybody; everything else takes the app's sign-in token.
"""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bootstrap.force_sync import ForceSyncFunctionPorts, force_sync_ports
from shared.bootstrap.sign_in import sign_in
from shared.dashboard import problems
from shared.dashboard.models.forced import ForceSync, Queued, Verified
from shared.dashboard.models.mentors import Mentors, MentorWithContact
from shared.dashboard.models.overview import OrganisationOverview
from shared.dashboard.openapi import responses
from shared.dashboard.page import page
from shared.dashboard.problem_of import problem_of
from shared.dashboard.problems import problem
from shared.domain.coordinator_views import ListingState
from shared.domain.errors import NotSignedInError
from shared.domain.force_sync import VerifiedSync
from shared.events import InvalidEventError
from shared.function_urls import UrlRequest, url_request
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.settings import dashboard_settings
from shared.use_cases.force_sync import force_sync

_MENTORS_PER_PAGE = 500
_LARGEST_BODY = 4096
_INVALID = (problems.INVALID_REQUEST,)
_MENTOR = (problems.NO_SUCH_MENTOR, *_INVALID)
_FORCED = (*_MENTOR, problems.BODY_TOO_LARGE, problems.NOT_JSON, problems.RATE_LIMITED)
_OF_A_FORCED_SYNC = responses(200, Verified, *_FORCED) | responses(202, Queued)

app = LambdaFunctionUrlResolver(enable_validation=True)


@app.get("/mentors", operation_id="listMentors", responses=responses(200, Mentors, *_INVALID))
def mentors(
    state: Annotated[ListingState | None, Query(description="Only mentors of this state")] = None,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
) -> Mentors:
    """List the mentors of the coordinator's organisation, 500 at a time, with the counts of all of them."""
    with _ports() as ports:
        return Mentors.of_page(ports.coordinators.mentors(_caller(), state, cursor, _MENTORS_PER_PAGE))


@app.get("/mentors/<mentor_id>", operation_id="getMentor", responses=responses(200, MentorWithContact, *_MENTOR))
def mentor(mentor_id: Annotated[UUID, Path()]) -> MentorWithContact:
    """Return one mentor: what the app says, what the website was last seen to show, and what waits."""
    with _ports() as ports:
        return MentorWithContact.of_details(ports.coordinators.mentor(_caller(), mentor_id), datetime.now(UTC))


@app.get("/overview", operation_id="getOverview", responses=responses(200, OrganisationOverview))
def overview() -> OrganisationOverview:
    """Return the organisation at a glance: the nightly check, the proof, the expiries to come, the open alerts."""
    with _ports() as ports:
        return OrganisationOverview.of(ports.coordinators.overview(_caller()), _caller())


@app.post(
    "/mentors/<mentor_id>/sync",
    operation_id="forceSync",
    responses=_OF_A_FORCED_SYNC,
)
def sync(mentor_id: Annotated[UUID, Path()], request: Annotated[ForceSync, Body()]) -> Response[Verified | Queued]:
    """Push this mentor's listing now and read it back; 202 if that cannot be done now and is queued."""
    with _ports() as ports:
        result = force_sync(_caller(), mentor_id, request.reason, ports.force_sync)
    if isinstance(result, VerifiedSync):
        return Response(200, "application/json", Verified.of(mentor_id, result))
    return Response(202, "application/json", Queued.of(mentor_id, result))


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Serve the page to everybody, and the rest to the coordinator whom the sign-in token names.

    Event: an HTTP request. Without a valid token the response is 401 for every address and method, before the body is
    looked at and without a database connection. docs/dashboard.md lists the addresses, statuses and problems.
    """
    request = url_request(event)
    if request is None:
        raise InvalidEventError("force_sync takes the requests of its function URL")
    if request.method == "GET" and event["rawPath"] == "/":
        return _page()
    try:
        coordinator_id = sign_in().subject(request.headers.get("authorization"))
    except NotSignedInError:
        return problem(problems.NOT_SIGNED_IN)
    if refusal := _refusal_of_body(request):
        return refusal
    app.append_context(coordinator_id=coordinator_id, time_left=seconds_left(context))  # type: ignore[no-untyped-call]
    response = app.resolve(event, context)
    response["headers"] = {"cache-control": "no-store"} | response["headers"]
    return response


def _refusal_of_body(request: UrlRequest) -> dict[str, Any] | None:
    """Return the problem of a body that is no JSON object of the size allowed, by its type and first character.

    Powertools reads forms too, and takes a list of one for what it holds.
    """
    if len(request.body) > _LARGEST_BODY:
        return problem(problems.BODY_TOO_LARGE)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.body and media_type != "application/json":
        return problem(problems.NOT_JSON)
    if request.body and not request.body.lstrip().startswith(b"{"):
        return problem(problems.INVALID_REQUEST, errors=[("body", "Input should be a JSON object")])
    try:
        request.body.decode()
    except UnicodeDecodeError:
        return problem(problems.INVALID_REQUEST, errors=[("body", "Input should be text in UTF-8")])
    return None


def _page() -> dict[str, Any]:
    settings = dashboard_settings()
    values = {name: getattr(settings, name) for name in ("sign_in_url", "support_sms", "support_email")}
    return page(values, settings.frame_ancestors)


def _ports() -> AbstractContextManager[ForceSyncFunctionPorts]:
    return force_sync_ports(LogAndMetrics(), app.context["time_left"])


def _caller() -> UUID:
    caller: UUID = app.context["coordinator_id"]
    return caller


def _problem(error: Exception) -> Response[str]:
    path = app.current_event.path
    routes = app._static_routes + app._dynamic_routes  # noqa: SLF001 - Powertools responds 404 to a wrong method
    allowed = ["GET"] if path == "/" else [route.method for route in routes if route.rule.match(path)]
    content = problem_of(error, allowed=allowed)
    return Response(content["statusCode"], headers=content["headers"], body=content["body"])


app.exception_handler(Exception)(_problem)
