"""docs/dashboard.md is so: every kind that a dashboard meets is in it, and its JavaScript does what it says.

What docs/koordinator.md says of the page is on it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, override
from uuid import UUID

import pytest

from functions.force_sync import app
from shared.dashboard import problems
from shared.dashboard.models.forced import ForceSync, Queued, Verified
from shared.dashboard.problems import KINDS, problem
from shared.domain.coordinator_views import ListingState
from shared.domain.force_sync import PORTAL_LAG, QueuedSync, VerifiedSync, WebsiteView, WhyNot
from shared.domain.sign_in import PUBLISHED_KEY_ALGORITHMS
from shared.domain.wording.coordinators import ALERTS, WHY_NOT
from tests.integration.documents.test_docs import KOORDINATOR, OPERATIONS, ROOT, TEMPLATE, TEXT, fences, rows, section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from shared.dashboard.models.base import Reply

GUIDE = TEXT[ROOT / "docs" / "dashboard.md"]
EXAMPLE = fences(section(GUIDE, "Call it from an existing dashboard"), "js")
MOST_LINES = 20
NODE = shutil.which("node")
MENTOR = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
SHOWN, HIDDEN = WebsiteView(True, {"full_name": "Ådne Østerhus"}), WebsiteView(False, {})


# Nothing is left out --------------------------------------------------------------------------------------------------


def test_every_problem_is_listed_with_its_status() -> None:
    """A stable `type` each, listed in the documents (RFC 9457): all of KINDS, and none that is not."""
    listed = re.findall(r"^\| (\d{3}) \| `([\w-]+)` \|", section(GUIDE, "Statuses and problems"), re.MULTILINE)
    assert listed == [(str(kind.status), kind.name) for kind in KINDS]
    assert all(f"`{kind.type.removesuffix(kind.name)}`" in GUIDE for kind in KINDS)


def test_every_state_of_a_listing_is_listed() -> None:
    """The states that `state` filters by, in the order of the code."""
    listed = re.findall(r"^\| `(\w+)` \|", section(GUIDE, "The states of a listing"), re.MULTILINE)
    assert listed == ["state", *ListingState]


def test_every_why_is_listed() -> None:
    """Each kind of `why` that a dashboard may meet has a meaning, as it has words for coordinators."""
    table = section(GUIDE, "What a forced sync returns").partition("| `why.kind` | means |")[2]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(WhyNot)
    assert WHY_NOT.keys() == set(WhyNot)


def test_every_alert_of_a_coordinator_is_listed() -> None:
    """The kinds in the overview, each of which has words for coordinators."""
    assert rows(section(GUIDE, "The overview")) - {"kind"} == ALERTS.keys()


def test_every_call_is_in_the_table() -> None:
    """All routes of the function, and the page."""
    listed = set(re.findall(r"^\| `([A-Z]+) (/[^`? ]*)", section(GUIDE, "The calls"), re.MULTILINE))
    routes = {(str(route.method), route.path) for route in app._static_routes + app._dynamic_routes}
    assert listed == {(method, re.sub(r"<\w+>", "{id}", path)) for method, path in routes} | {("GET", "/")}


def test_every_field_of_a_forced_sync_is_described() -> None:
    """Both replies, apart from the mentor's id, which the caller has."""
    described = section(GUIDE, "What a forced sync returns")
    fields = (Verified.model_fields.keys() | Queued.model_fields.keys()) - {"mentor_id"}
    assert [name for name in fields if f"`{name}`" not in described] == []


def test_the_limits_are_those_of_the_template() -> None:
    """The numbers of a minute, the concurrency, the lag and the algorithms are written out."""
    table = section(GUIDE, "Statuses and problems")
    default = {name: parameter.get("Default") for name, parameter in TEMPLATE["Parameters"].items()}
    of_mentor, of_coordinator = default["ForceSyncsPerMentor"], default["ForceSyncsPerCoordinator"]
    assert f"more than {of_mentor} forced syncs of this mentor, or {of_coordinator} by this coordinator" in table
    assert f"(`ForceSyncConcurrency`, {default['ForceSyncConcurrency']})" in table
    assert f"{PORTAL_LAG // timedelta(minutes=1)} minutes later" in GUIDE
    reason: Any = ForceSync.model_json_schema()["properties"]["reason"]
    assert f"has {reason['minLength']} to {reason['maxLength']} characters" in GUIDE
    who = section(GUIDE, "Who may call")
    assert [name for name in PUBLISHED_KEY_ALGORITHMS if f"`{name}`" not in who] == []


def test_every_reason_without_keys_is_in_the_runbook() -> None:
    """What `keys_unavailable` says besides an error's type: the codes of the fetch and of the secret."""
    table = section(OPERATIONS, "Nobody can sign in")
    said = set()
    for name in ("fetch", "keys"):
        code = (ROOT / "shared" / "adapters" / "identity" / f"{name}.py").read_text(encoding="utf-8")
        said |= set(re.findall(r'KeysUnavailableError\(f?"(\w+)', code))
    secrets = (ROOT / "shared" / "adapters" / "aws" / "secrets.py").read_text(encoding="utf-8")
    said |= set(re.findall(r'Error\("(secret_\w+)"\)', secrets))
    assert {"http_", "reply_is_not_json", "secret_cannot_be_read"} <= said
    assert [code for code in said if f"`{code}" not in table] == []


PAGE = (ROOT / "shared" / "dashboard" / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("heading", ["Siden for koordinatorer", "Sida for koordinatorar", "The coordinators' page"])
def test_what_coordinators_read_is_on_their_page(heading: str) -> None:
    """A word in quotation marks is one that the page has, as it has it: coordinators look for it there."""
    quoted = re.findall(r"[«“]([^»”]+)[»”]", section(KOORDINATOR, heading))
    assert len(quoted) > len(set(quoted)) > 9
    assert [words for words in sorted(set(quoted)) if f'"{words}"' not in PAGE] == []


# The JavaScript -------------------------------------------------------------------------------------------------------


class Canned(NamedTuple):
    """A reply of the service, and what the example makes of it."""

    status: int
    body: str
    expected: Mapping[str, Any]


def _model(status: int, reply: Reply, expected: Mapping[str, Any]) -> Canned:
    return Canned(status, reply.model_dump_json(), expected)


def _problem(kind: problems.Kind, expected: Mapping[str, Any], retry_after: float | None = None) -> Canned:
    return Canned(kind.status, problem(kind, retry_after=retry_after)["body"], expected)


_QUEUED = QueuedSync(8, SHOWN, None, WhyNot.THROTTLED, "website_backoff", NOW)
REPLIES = {
    "verified": _model(
        200,
        Verified.of(MENTOR, VerifiedSync(8, SHOWN, HIDDEN, NOW)),
        {
            "next": "show",
            "before": {"shown": True, "fields": {"full_name": "Ådne Østerhus"}},
            "after": {"shown": False, "fields": {}},
            "visibleBy": "2026-12-01T09:45:00Z",
        },
    ),
    "queued": _model(
        202,
        Queued.of(MENTOR, _QUEUED),
        {"next": "poll", "text": WHY_NOT[WhyNot.THROTTLED].nb, "tryAt": "2026-12-01T09:30:00Z"},
    ),
    "not signed in": _problem(problems.NOT_SIGNED_IN, {"next": "sign in"}),
    "rate limited": _problem(problems.RATE_LIMITED, {"next": "wait", "seconds": 17}, retry_after=16.2),
    "throttled by AWS": Canned(429, '{"message": "Rate Exceeded."}', {"next": "wait", "seconds": 5}),
    "no such mentor": _problem(
        problems.NO_SUCH_MENTOR, {"next": "report", "status": 404, "type": problems.NO_SUCH_MENTOR.type}
    ),
    "failed in AWS": Canned(502, "Internal Server Error", {"next": "report", "status": 502}),
}


class Service(ThreadingHTTPServer):
    """One function URL that gives the same reply to every request, and keeps the last one."""

    daemon_threads = True
    canned = REPLIES["verified"]
    received: tuple[str, str, dict[str, str], bytes] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received = (self.command, self.path, headers, body)
        content = self.server.canned.body.encode()
        self.send_response(self.server.canned.status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def run_example(folder: Path, address: str, session: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Run the example as it stands, beside a client of Supabase that has this session."""
    if NODE is None:
        pytest.skip("node is not installed, so the example of docs/dashboard.md was not run")
    supabase = f"{{ auth: {{ getSession: async () => ({{ data: {{ session: {json.dumps(session)} }} }}) }} }}"
    arguments = f"{supabase}, {json.dumps(address)}, {json.dumps(str(MENTOR))}, 'Står fortsatt på nettsiden'"
    script = folder / "example.mjs"
    script.write_text(f"{EXAMPLE[0]}\nconsole.log(JSON.stringify(await forceSync({arguments})));\n", encoding="utf-8")
    done = subprocess.run([NODE, script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    outcome: Mapping[str, Any] = json.loads(done.stdout)
    return outcome


def test_the_example_is_short() -> None:
    """At most 20 lines, in one block."""
    [code] = EXAMPLE
    assert len(code.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_the_example_handles_every_reply(tmp_path: Path, service: Service, name: str) -> None:
    """200, 202, 401, both kinds of 429, a problem, and what is none; it sends what the function takes."""
    service.canned = REPLIES[name]
    host, port = service.server_address[:2]
    assert run_example(tmp_path, f"http://{host!s}:{port}/", {"access_token": "TOKEN"}) == service.canned.expected
    assert service.received is not None
    method, path, headers, body = service.received
    assert (method, path) == ("POST", f"/mentors/{MENTOR}/sync")
    assert (headers["authorization"], headers["content-type"]) == ("Bearer TOKEN", "application/json")
    assert ForceSync.model_validate_json(body).reason == "Står fortsatt på nettsiden"


def test_without_a_session_the_example_asks_nothing(tmp_path: Path, service: Service) -> None:
    """Nobody is signed in, so the dashboard leads to the sign-in, and no request is sent."""
    host, port = service.server_address[:2]
    assert run_example(tmp_path, f"http://{host!s}:{port}/", None) == {"next": "sign in"}
    assert service.received is None
