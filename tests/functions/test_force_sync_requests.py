"""The requests and replies of force_sync: problems, lists, the page, and what a browser of another origin gets."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.domain.force_sync import PORTAL_LAG
from tests.support.force_sync_url import ORIGIN, ForceSyncUrl, opened
from tests.support.foundation import DAY, days
from tests.support.mail_outbox import MailOutbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.process import LocalDataverse
    from emulators.identity.server import LocalIdentity
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite, SyncWorker

SECRET = "Kari Hemmelig 01017012345"
WRONG = {
    "nothing": (b"", "body"),
    "missing": (b"{}", "reason"),
    "empty": (b'{"reason": ""}', "reason"),
    "blank": (b'{"reason": " \\n\\t \\u00a0"}', "reason"),
    "too_long": (json.dumps({"reason": "é" * 501}).encode(), "reason"),
    "null": (b'{"reason": null}', "reason"),
    "a_number": (b'{"reason": 1017012345}', "reason"),
    "a_list": (json.dumps({"reason": [SECRET]}).encode(), "reason"),
    "a_control_character": (json.dumps({"reason": f"{SECRET}\x1b[2J"}).encode(), "reason"),
    "a_zero": (json.dumps({"reason": f"{SECRET}\0"}).encode(), "reason"),
    "text_that_is_turned_around": (json.dumps({"reason": f"{SECRET}\u202e"}).encode(), "reason"),
    "half_a_character": (json.dumps({"reason": f"{SECRET}\ud83d"}).encode(), "reason"),
    "no_json": (b'{"reason": "' + SECRET.encode(), "body"),
    "a_list_of_one": (b'[{"reason": "Feil"}]', "body"),
    "no_utf8": (b'{"reason": "p\xe5"}', "body"),
    "utf16": (json.dumps({"reason": SECRET}).encode("utf-16"), "body"),
    "deep": (b"[" * 4000, "body"),
    "a_list_of_all": (json.dumps([{"reason": SECRET}]).encode(), "body"),
    "a_text_of_all": (json.dumps(SECRET).encode(), "body"),
    "another_field_too": (json.dumps({"reason": "Feil", "force": SECRET}).encode(), "force"),
}


@pytest.fixture(scope="module")
def warm_with_origins(
    apis: tuple[LocalAws, Stack, Any], identity: LocalIdentity, emulator_process: LocalDataverse
) -> Iterator[ForceSyncUrl]:
    """The function of a stack with dashboards, and with every setting of the page."""
    parameters = {
        "DashboardOrigins": f"{ORIGIN},https://test.example.no",
        "SignInUrl": "https://app.example.no/sign-in?a=1&return_to={return_to}",
        "FrameAncestors": "https://app.example.no 'self'",
        "SupportSms": "+47 400 00 000",
        "SupportEmail": "o'hara&co@example.no",
    }
    with opened(apis, identity, emulator_process.url, parameters) as dashboard:
        yield dashboard


@pytest.fixture
def with_origins(warm_with_origins: ForceSyncUrl, database: TestDatabase, site: EmulatedWebsite) -> ForceSyncUrl:
    """It, on the test's database and website."""
    warm_with_origins.log_in(database.login("ForceSync"))
    warm_with_origins.forget()
    return warm_with_origins


# --- Problems


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_names_the_field_and_no_value(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: Any, kari: Any, case: str
) -> None:
    """RFC 9457 and I11: 422 with the field; the value, which may hold a name, is in neither reply nor log."""
    body, field = WRONG[case]
    reply = dashboard.post(turid, f"/mentors/{kari}/sync", body)
    content = reply.problem("invalid-request", 422)
    assert [error["field"] for error in content["errors"]] == [field]
    assert all(error["message"] for error in content["errors"])
    assert content.keys() == {"type", "title", "status", "detail", "errors"}
    for text in (reply.body.decode(), "\n".join(dashboard.lines)):
        assert not {"Kari", "Hemmelig", "1017012345"} & set(re.findall(r"\w+", text))
    assert dashboard.lines == []
    assert foundation.all("SELECT id FROM certification.audit") == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/mentors?state=expired", "state"),
        ("/mentors?cursor=2", "cursor"),
        ("/mentors?cursor=", "cursor"),
        ("/mentors/kari", "mentor_id"),
    ],
)
def test_a_wrong_address_names_its_part(dashboard: ForceSyncUrl, turid: Any, path: str, field: str) -> None:
    """A client learns which parameter it got wrong."""
    content = dashboard.get(turid, path).problem("invalid-request", 422)
    assert [error["field"] for error in content["errors"]] == [field]


@pytest.mark.parametrize("reason", ["a", "é" * 500, "🙂 linje\nto\tæøå"])
def test_a_reason_of_1_to_500_characters_passes(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: Any, kari: Any, reason: str
) -> None:
    """The contract's limits, in characters and not in bytes."""
    assert dashboard.force(turid, kari, reason).status == 200
    assert foundation.all("SELECT reason FROM certification.audit") == [reason]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"]
)
def test_a_body_that_is_not_json_by_its_type_is_refused(
    dashboard: ForceSyncUrl, turid: Any, kari: Any, content_type: str
) -> None:
    """415: what a form of another site could send is not even parsed."""
    for body in (b'{"reason": "Feil"}', b"reason=Feil"):
        dashboard.post(turid, f"/mentors/{kari}/sync", body, content_type).problem("not-json", 415)
    good = dashboard.post(turid, f"/mentors/{kari}/sync", b'{"reason": "Feil"}', "application/json; charset=utf-8")
    assert good.status == 200


def test_a_body_has_at_most_4096_bytes(dashboard: ForceSyncUrl, turid: Any, kari: Any) -> None:
    """4096 pass, 4097 do not, on every path and as every type."""
    path = f"/mentors/{kari}/sync"
    largest = b'{"reason": "Feil"' + b" " * (4096 - 18) + b"}"
    assert len(largest) == 4096
    assert dashboard.post(turid, path, largest).status == 200
    for body in (largest + b" ", b"x" * 100_000):
        for content_type in ("application/json", "application/octet-stream"):
            dashboard.post(turid, path, body, content_type).problem("body-too-large", 413)
    dashboard.post(turid, "/nowhere", largest + b" ").problem("body-too-large", 413)


@pytest.mark.parametrize("path", ["/nowhere", "/mentors/", "//", "/mentors/x/y", "/mentors/%2e%2e/sync/x", "/openapi"])
def test_a_path_that_is_not_there_is_404(dashboard: ForceSyncUrl, turid: Any, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        reply = dashboard.request(method, path, headers=dashboard.signed_in(turid))
        reply.problem("no-such-path", 404)
        assert reply.header("allow") is None


# The ids of parametrised tests are the same in every process, so this mentor's is too.
MENTOR = "/mentors/5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11"
METHODS = {"/": "GET", "/mentors": "GET", "/overview": "GET", MENTOR: "GET", f"{MENTOR}/sync": "POST"}


@pytest.mark.parametrize("path", METHODS)
def test_another_method_is_405_with_what_is_allowed(dashboard: ForceSyncUrl, turid: Any, path: str) -> None:
    """RFC 9110: Allow names the methods; the page's address too."""
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - {METHODS[path]}
    for method in others:
        reply = dashboard.request(method, path, headers=dashboard.signed_in(turid))
        reply.problem("method-not-allowed", 405)
        assert reply.header("allow") == METHODS[path]


def test_a_database_that_is_away_is_503(dashboard: ForceSyncUrl, database: TestDatabase, turid: Any, kari: Any) -> None:
    """Retry-After, one line in the log for each, and all is well as soon as it is back."""
    login = database.login("ForceSync")
    dashboard.log_in(login | {"password": "another"})
    with database.connect() as owner:
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (login["username"],))
    for reply in (dashboard.get(turid, "/mentors"), dashboard.force(turid, kari)):
        content = reply.problem("database-unavailable", 503)
        assert reply.header("retry-after") == str(content["retry_after"]) == "30"
    assert [(line["level"], line["message"]) for line in dashboard.logged()] == [("ERROR", "failed")] * 2
    assert "another" not in "\n".join(dashboard.lines)
    dashboard.log_in(login)
    assert dashboard.get(turid, "/mentors").status == 200


def test_an_error_that_nobody_expected_is_a_problem_too(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: Any, kari: Any
) -> None:
    """I11: 500 as a problem, not Lambda's own 502, and a log line without what the server quoted."""
    raising = (
        "CREATE OR REPLACE FUNCTION certification.coordinator_actor(p_coordinator_id uuid) RETURNS text"
        " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', (SELECT to_jsonb(m) FROM public.peer_mentors AS m"
        " LIMIT 1); END $$"
    )
    foundation.do(raising)
    reply = dashboard.force(turid, kari)
    assert reply.problem("internal-error", 500).keys() == {"type", "title", "status", "detail"}
    (line,) = dashboard.logged()
    assert (line["level"], line["message"], line["reason"]) == ("ERROR", "failed", "database_P0001")
    text = reply.body.decode() + "\n".join(dashboard.lines)
    assert not any(word in text for word in ("Kari", "ther", "400 00 000", "example.no"))


# --- What is read


def test_the_list_is_read_page_by_page(dashboard: ForceSyncUrl, foundation: Foundation, moss: Any, turid: Any) -> None:
    """At most 500 a page in the order of ids; each mentor once; the counts are of all, on every page."""
    arne = foundation.coordinator(moss)
    foundation.do(
        "WITH made AS (INSERT INTO peer_mentors (organisation_id, coordinator_id, first_name, last_name, status,"
        " listing_consent) SELECT %s, CASE WHEN n <= 700 THEN %s::uuid ELSE %s END, 'Kari', 'Nr. ' || n, 'active',"
        " n > 3 FROM generate_series(1, 1003) AS n RETURNING id)"
        " INSERT INTO certifications SELECT id, '2023-01-01', %s FROM made",
        moss,
        turid,
        arne,
        DAY + days(100),
    )
    pages, cursor = [], None
    while True:
        reply = dashboard.get(turid, "/mentors" + (f"?cursor={cursor}" if cursor else ""))
        assert (reply.status, reply.header("cache-control")) == (200, "no-store")
        pages.append(reply.content)
        cursor = pages[-1]["next_cursor"]
        if cursor is None:
            break
    assert [len(page["mentors"]) for page in pages] == [500, 500, 3]
    ids = [mentor["id"] for page in pages for mentor in page["mentors"]]
    assert ids == [str(mentor) for mentor in foundation.all("SELECT id FROM peer_mentors ORDER BY id")]
    for page in pages:
        assert (page["total"], page["listed"], page["counts"]["waiting"]) == (1003, 1000, 1003)
        assert sum(page["counts"].values()) == 1003
        assert (page["mine"]["total"], page["mine"]["listed"]) == (700, 697)
        assert (page["verified_since"], page["mine"]["verified_since"]) == (None, None)
    assert sum(mentor["mine"] for page in pages for mentor in page["mentors"]) == 700


def test_the_list_of_one_state_has_the_counts_of_all(
    dashboard: ForceSyncUrl, foundation: Foundation, moss: Any, turid: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """One mentor of four states: each filter returns one, with the counts of the organisation."""
    made = {state: foundation.mentor(moss, DAY + days(100), consent=True) for state in ("verified", "unverified")}
    made["rejected"] = foundation.mentor(moss, DAY + days(100), consent=True, area="Gift")
    site.poison("Gift")
    worker.sync(*made.values())
    assert dashboard.force(turid, made["verified"]).status == 200
    made["waiting"] = foundation.mentor(moss, DAY + days(100), consent=True)
    counts = dict.fromkeys(("verified", "unverified", "waiting", "rejected"), 1) | {"differs": 0}
    for state, mentor in made.items():
        content = dashboard.get(turid, f"/mentors?state={state}").content
        assert [(one["id"], one["state"]) for one in content["mentors"]] == [(str(mentor), state)]
        assert (content["counts"], content["total"], content["next_cursor"]) == (counts, 4, None)
    assert dashboard.get(turid, "/mentors?state=differs").content["mentors"] == []


@pytest.mark.parametrize("reason", ["address_bounced", "address_bounces_repeatedly", "address_complained"])
def test_a_mentor_has_what_is_against_the_address(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: Any, kari: Any, reason: str
) -> None:
    """As the digest has it (I17), and only of the address that the app has now."""
    assert dashboard.get(turid, f"/mentors/{kari}").content["email_problem"] is None
    foundation.do(
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since)"
        " SELECT certification.address_digest(m.email), m.id, %s, %s, now() FROM peer_mentors AS m WHERE m.id = %s",
        MailOutbox(foundation).sent(),
        reason,
        kari,
    )
    assert dashboard.get(turid, f"/mentors/{kari}").content["email_problem"] == reason
    foundation.do("UPDATE peer_mentors SET email = 'another@example.no' WHERE id = %s", kari)
    assert dashboard.get(turid, f"/mentors/{kari}").content["email_problem"] is None


def test_a_mentor_and_the_overview_have_every_part(
    dashboard: ForceSyncUrl, foundation: Foundation, moss: Any, turid: Any, kari: Any
) -> None:
    """The contract: names of the members, times in UTC, dates as dates."""
    foundation.mentor(moss, DAY + days(60))
    foundation.mentor(moss, DAY + days(61))
    assert dashboard.force(turid, kari).status == 200
    mentor = dashboard.get(turid, f"/mentors/{kari}").content
    (listed,) = dashboard.get(turid, "/mentors?state=verified").content["mentors"]
    assert listed.keys() == {
        *("id", "name", "mine", "status", "valid_to", "consent", "listed", "state", "website", "verified_at", "why"),
        "version",
    }
    of_one = ("phone", "phone_dialled", "phone_takes_sms", "email", "email_problem", "area", "synced_at", "try_at")
    assert mentor == listed | {name: mentor[name] for name in of_one}
    assert (mentor["phone"], mentor["area"], mentor["try_at"]) == ("400 00 000", "Moss", None)
    assert (mentor["phone_dialled"], mentor["phone_takes_sms"]) == ("+4740000000", True)
    assert mentor["valid_to"] == (DAY + days(100)).isoformat()
    assert mentor["website"].keys() == {"shown", "seen_at", "differs"}
    for moment in (mentor["verified_at"], mentor["synced_at"], mentor["website"]["seen_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)
    overview = dashboard.get(turid, "/overview").content
    assert overview["organisation"] == {"id": str(moss), "name": "HLF Moss"}
    assert overview["coordinator"] == {"id": str(turid), "name": "Turid Vik"}
    assert overview["today"] == DAY.isoformat()
    assert overview["expiries"] == [{"date": (DAY + days(60)).isoformat(), "count": 1}]
    assert overview["expiries_to"] == (DAY + days(60)).isoformat()
    assert overview["portal_lag_minutes"] == PORTAL_LAG.total_seconds() / 60 == 15
    assert (overview["nightly_check"], overview["proof"], overview["alerts"]) == (None, None, [])
    assert overview["settings"] == {
        "thresholds": [30, 14, 7],
        "own_thresholds": False,
        "reactivate_renewed": True,
        "published": ["area", "email", "first_name", "full_name", "last_name", "organisation", "phone"],
        "brake_count": 1000000,
        "brake_percent": 20,
        "table_is_ours": False,
        "fallback_address": None,
    }


# --- Other origins


@pytest.mark.parametrize("origin", [ORIGIN, "https://test.example.no"])
def test_a_dashboard_of_a_known_origin_may_call(with_origins: ForceSyncUrl, turid: Any, kari: Any, origin: str) -> None:
    """Each header exactly once, since doubled ones break browsers; credentials never; problems can be read too."""
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    preflight = with_origins.request("OPTIONS", f"/mentors/{kari}/sync", headers=asked)
    assert (preflight.status, preflight.body) == (200, b"")
    assert preflight.header("access-control-allow-origin") == origin
    assert preflight.header("access-control-allow-methods") == "GET,POST"
    assert preflight.header("access-control-allow-headers") == "authorization,content-type"
    assert preflight.header("access-control-max-age") == "600"
    assert preflight.header("access-control-allow-credentials") is None
    replies = [with_origins.get(turid, path, origin=origin) for path in ("/mentors", f"/mentors/{uuid4()}", "/nowhere")]
    replies += [with_origins.request("GET", "/mentors", headers={"origin": origin})]
    assert [reply.status for reply in replies] == [200, 404, 404, 401]
    for reply in replies:
        assert reply.header("access-control-allow-origin") == origin
        assert reply.header("access-control-expose-headers") == "retry-after"
        assert reply.header("access-control-allow-credentials") is None
        assert reply.header("vary") == "Origin"


def test_another_origin_gets_no_header(with_origins: ForceSyncUrl, turid: Any, kari: Any) -> None:
    """CORS for configured origins only: neither a preflight nor a reply allows another one."""
    for origin in ("https://evil.example", "http://app.example.no", f"{ORIGIN}.evil.example", "null"):
        asked = {"origin": origin, "access-control-request-method": "POST"}
        preflight = with_origins.request("OPTIONS", f"/mentors/{kari}/sync", headers=asked)
        reply = with_origins.get(turid, "/mentors", origin=origin)
        for one in (preflight, reply):
            assert [name for name, _ in one.headers if name.startswith("access-control")] == []


def test_without_origins_there_is_no_cors(dashboard: ForceSyncUrl, turid: Any, kari: Any) -> None:
    """Without the parameter no origin may call; a preflight is a stranger's request like any other."""
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    preflight = dashboard.request("OPTIONS", f"/mentors/{kari}/sync", headers=asked)
    preflight.problem("not-signed-in", 401)
    reply = dashboard.get(turid, "/mentors", origin=ORIGIN)
    assert reply.status == 200
    for one in (preflight, reply):
        assert [name for name, _ in one.headers if name.startswith("access-control")] == []


# --- The page


def directives(policy):
    return {part.split()[0]: part.split()[1:] for part in policy.split(";")}


def hashes(text, tag):
    contents = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" for content in contents]


def test_the_page_is_for_everybody_and_closed(with_origins: ForceSyncUrl) -> None:
    """200 without a token; only its own script and style may run in it, and only the named sites may frame it."""
    for path in ("/", "/?state=waiting&q=x"):
        reply = with_origins.request("GET", path)
        assert (reply.status, reply.header("content-type")) == (200, "text/html; charset=utf-8")
        policy = directives(reply.header("content-security-policy") or "")
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == hashes(reply.body.decode(), "script")
        assert policy["style-src"] == hashes(reply.body.decode(), "style")
        assert (len(policy["script-src"]), len(policy["style-src"])) == (1, 1)
        assert policy["connect-src"] == ["'self'"]
        assert policy["base-uri"] == policy["form-action"] == ["'none'"]
        assert policy["frame-ancestors"] == ["https://app.example.no", "'self'"]
        assert reply.header("cache-control") == "no-store"
        assert reply.header("x-content-type-options") == "nosniff"
        assert reply.header("referrer-policy") == "no-referrer"
    assert with_origins.lines == []


def test_the_pages_settings_are_escaped(with_origins: ForceSyncUrl) -> None:
    """Settings reach the page through meta elements only, as HTML text; no placeholder is left."""
    text = with_origins.request("GET", "/").body.decode()
    assert "{{" not in text
    metas = dict(re.findall(r'<meta\s+name="([\w-]+)"\s+content="([^"]*)"', text))
    assert html.unescape(metas["sign-in-url"]) == "https://app.example.no/sign-in?a=1&return_to={return_to}"
    assert metas["sign-in-url"] == "https://app.example.no/sign-in?a=1&amp;return_to={return_to}"
    assert metas["support-sms"] == "+47 400 00 000"
    assert metas["support-email"] == "o&#x27;hara&amp;co@example.no"


def test_the_page_is_framed_by_nobody_by_default(dashboard: ForceSyncUrl) -> None:
    """The standard of the template: no site may frame the page, and there is neither sign-in nor support."""
    reply = dashboard.request("GET", "/")
    assert directives(reply.header("content-security-policy") or "")["frame-ancestors"] == ["'none'"]
    assert '<meta name="sign-in-url" content="">' in reply.body.decode()


@pytest.mark.parametrize(
    "setting",
    [
        {"SIGN_IN_URL": "javascript:alert(1)"},
        {"FRAME_ANCESTORS": "'none'; script-src *"},
        {"SUPPORT_EMAIL": "not an address"},
        {"SUPPORT_SMS": "call me"},
    ],
)
def test_a_setting_that_could_open_the_page_is_refused(
    apis: tuple[LocalAws, Stack, Any], identity: LocalIdentity, emulator_process: LocalDataverse, setting: Any
) -> None:
    """Neither another directive nor a script comes in by a setting: the page fails, and the log names the setting."""
    with opened(apis, identity, emulator_process.url, **setting) as cold:
        assert cold.request("GET", "/").status == 502
        assert next(iter(setting)) in "\n".join(cold.lines)
