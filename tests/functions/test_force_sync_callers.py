"""Who may call force_sync: strangers learn nothing, and a coordinator nothing of another organisation."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from emulators.identity.server import AUDIENCE, LocalIdentity
from emulators.lambda_host.triggers.url_payloads import HttpRequest, request_event
from tests.support.force_sync_url import REASON, opened
from tests.support.foundation import DAY, days
from tests.support.sign_in import es256, forged, hs256

if TYPE_CHECKING:
    from uuid import UUID

    from emulators.dataverse.process import LocalDataverse
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.force_sync_url import ForceSyncUrl
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

ROLE = "local_certification_force_sync"
EVENTS = Path(__file__).parents[2] / "events"
IN_EVENTS = "5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11"
BODY = json.dumps({"reason": REASON}).encode()


def forged_by(dashboard, coordinator):
    """Return the headers of strangers, by what is wrong with each."""
    ours, now = dashboard.identity, int(time.time())
    key, claims = ours.keys[-1], ours.claims(coordinator)
    good, header = ours.token(coordinator), {"alg": "ES256", "kid": key.kid}
    with LocalIdentity() as theirs:
        foreign = theirs.token(coordinator)
        posing = theirs.token(coordinator, iss=ours.issuer)
        named = theirs.token(coordinator, key=type(key)(key.kid, theirs.keys[-1].private), iss=ours.issuer)
    signed, _, _ = good.rpartition(".")
    public = json.dumps(key.published()).encode()
    return {
        "no_header": {},
        "no_token": {"authorization": "Bearer "},
        "another_scheme": {"authorization": f"Basic {good}"},
        "no_jwt": {"authorization": "Bearer kari@example.no"},
        "no_signature": {"authorization": f"Bearer {signed}."},
        "another_signature": {"authorization": f"Bearer {forged(header, claims, lambda _: b'x' * 64)}"},
        "expired": {"authorization": f"Bearer {ours.token(coordinator, iat=now - 7200, exp=now - 31)}"},
        "not_yet": {"authorization": f"Bearer {ours.token(coordinator, nbf=now + 600)}"},
        "another_audience": {"authorization": f"Bearer {ours.token(coordinator, aud='anon')}"},
        "another_issuer": {"authorization": f"Bearer {foreign}"},
        "an_issuer_that_poses_as_ours": {"authorization": f"Bearer {posing}"},
        "a_key_that_is_named_as_ours": {"authorization": f"Bearer {named}"},
        "an_issuer_in_the_claims_only": {
            "authorization": f"Bearer {forged(header, claims | {'iss': 'https://example.no'}, es256(key))}"
        },
        "none": {"authorization": f"Bearer {forged({'alg': 'none'}, claims, lambda _: b'')}"},
        "the_public_key_as_a_secret": {
            "authorization": f"Bearer {forged({'alg': 'HS256', 'kid': key.kid}, claims, hs256(public))}"
        },
        "another_form_of_id": {"authorization": f"Bearer {ours.token('turid')}"},
        "very_long": {"authorization": "Bearer " + "a" * 6000},
    }


PATHS = (
    ("GET", "/mentors", b""),
    ("GET", "/mentors?state=nonsense", b""),
    ("GET", f"/mentors/{uuid4()}", b""),
    ("POST", f"/mentors/{uuid4()}/sync", BODY),
    ("POST", f"/mentors/{uuid4()}/sync", b"x" * 5_000),
    ("POST", f"/mentors/{uuid4()}/sync", b"\xff"),
    ("PUT", "/", b""),
    ("OPTIONS", "/mentors", b""),
    ("GET", "/overview", b""),
    ("GET", "/nowhere", b""),
    ("DELETE", "/mentors", b""),
    ("GET", "//", b""),
)


def test_every_stranger_gets_the_same_response(dashboard: ForceSyncUrl, turid: UUID) -> None:
    """Nothing tells an unauthenticated caller more than 401: not which paths there are, nor what was wrong."""
    strangers = forged_by(dashboard, turid)
    replies = {
        (who, method, path, len(body)): dashboard.request(method, path, body, headers).lasting
        for who, headers in strangers.items()
        for method, path, body in PATHS
    }
    assert len(replies) == len(strangers) * len(PATHS)
    assert len({repr(reply) for reply in replies.values()}) == 1
    first = dashboard.request("GET", "/mentors")
    assert first.problem("not-signed-in", 401).keys() == {"type", "title", "status", "detail"}
    assert first.header("www-authenticate") == "Bearer"
    head = dashboard.request("HEAD", "/")
    assert (head.lasting[:2], head.body) == (first.lasting[:2], b"")
    assert dashboard.lines == []
    assert dashboard.get(turid, "/mentors").status == 200


def test_a_stranger_costs_no_database_connection(
    apis: tuple[LocalAws, Stack, Any],
    identity: LocalIdentity,
    emulator_process: LocalDataverse,
    database: TestDatabase,
    foundation: Foundation,
    turid: UUID,
) -> None:
    """A cold function whose database cannot be reached responds as any other, and logs nothing; nor does the page."""
    login = database.login("ForceSync")
    with opened(apis, identity, emulator_process.url) as cold:
        cold.log_in(login | {"port": 1})
        for headers in forged_by(cold, turid).values():
            assert cold.request("GET", "/mentors", headers=headers).status == 401
        assert cold.request("GET", "/").status == 200
        assert cold.lines == []
        assert cold.get(turid, "/mentors").status == 503
        cold.log_in(login)
        assert cold.request("GET", "/mentors").status == 401
        connections = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = %s"
        assert foundation.one(connections, ROLE, database.name) == 0
        assert cold.get(turid, "/mentors").status == 200
        assert foundation.one(connections, ROLE, database.name) == 1
    assert login["username"] == ROLE


def test_an_unreadable_secret_is_no_matter_to_strangers(
    apis: tuple[LocalAws, Stack, Any], identity: LocalIdentity, emulator_process: LocalDataverse, turid: UUID
) -> None:
    """Neither secret nor database is asked before the token is checked."""
    with opened(apis, identity, emulator_process.url, AWS_ENDPOINT_URL_SECRETS_MANAGER="http://127.0.0.1:1") as cold:
        assert cold.request("POST", f"/mentors/{turid}/sync", BODY).problem("not-signed-in", 401)
        assert cold.lines == []
        assert cold.get(turid, "/mentors").problem("database-unavailable", 503)


def test_without_keys_nobody_is_signed_in(
    apis: tuple[LocalAws, Stack, Any], emulator_process: LocalDataverse, database: TestDatabase, turid: UUID
) -> None:
    """An identity provider that is away lets nobody in, is asked once a minute at most, and is one line in the log."""
    with LocalIdentity() as away, opened(apis, away, emulator_process.url) as cold:
        cold.log_in(database.login("ForceSync"))
        away.reply_with(503)
        assert [cold.get(turid, "/mentors").status for _ in range(5)] == [401] * 5
        assert away.key_fetches == 1
        (line,) = cold.lines
        assert json.loads(line)["message"] == "keys_unavailable"


def test_a_warm_function_outlives_its_provider(
    apis: tuple[LocalAws, Stack, Any], emulator_process: LocalDataverse, database: TestDatabase, turid: UUID
) -> None:
    """Keys that are known stay in use while the provider is away."""
    with LocalIdentity() as provider, opened(apis, provider, emulator_process.url) as cold:
        cold.log_in(database.login("ForceSync"))
        assert cold.get(turid, "/mentors").status == 200
        provider.refuse_connections()
        assert cold.get(turid, "/mentors").status == 200
        provider.start()


def test_a_person_who_is_no_coordinator_is_forbidden(
    dashboard: ForceSyncUrl, foundation: Foundation, kari: UUID
) -> None:
    """`sub` must be a coordinator: not a mentor, nor somebody whom the app does not know."""
    before = history(foundation)
    for person in (kari, uuid4()):
        for path in ("/mentors", f"/mentors/{kari}", "/overview"):
            dashboard.get(person, path).problem("not-a-coordinator", 403)
        dashboard.force(person, kari).problem("not-a-coordinator", 403)
    assert history(foundation) == before
    assert dashboard.lines == []


def test_other_organisations_mentors_do_not_exist(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: UUID, kari: UUID, site: EmulatedWebsite
) -> None:
    """404, not 403, for everybody else's mentor, the same as for no mentor at all; nothing is written or sent."""
    other = foundation.coordinator(foundation.organisation(name="HLF Ås"))
    before, requests = history(foundation), site.pushes()
    replies = [
        (dashboard.get(other, f"/mentors/{mentor}").lasting, dashboard.force(other, mentor).lasting)
        for mentor in (kari, uuid4(), turid, other)
    ]
    assert len({repr(reply) for pair in replies for reply in pair}) == 1
    dashboard.force(other, kari).problem("no-such-mentor", 404)
    assert (history(foundation), site.pushes(), dashboard.requests()) == (before, requests, [])
    assert dashboard.get(turid, f"/mentors/{kari}").status == 200


def history(foundation):
    """Return what a forced sync would change."""
    listings = "SELECT mentor_id, desired_version, synced_version, forced_day FROM certification.listings ORDER BY 1"
    return foundation.all(listings), foundation.all("SELECT id, facts FROM certification.audit ORDER BY 1")


def test_no_reply_has_anything_of_another_organisation(
    dashboard: ForceSyncUrl, foundation: Foundation, moss: UUID, turid: UUID, kari: UUID
) -> None:
    """I11: the whole JSON of every reply, searched for ids and words of the other organisation."""
    other = foundation.organisation(name="HLF Hemmelig")
    foundation.evaluated(other)
    coordinator = foundation.coordinator(other, name="Hemmelig Koordinator", email="hemmelig@example.no")
    hidden = [
        foundation.mentor(
            other,
            DAY + days(number),
            consent=True,
            coordinator=coordinator,
            name=("Hemmelig", f"Person{number}"),
            email=f"hemmelig{number}@example.no",
            phone="411 11 111",
            area="Hemmelig",
        )
        for number in range(5)
    ]
    foundation.do(
        "UPDATE certification.listings SET state = 'rejected', reason = 'dataverse_400' WHERE mentor_id = %s", hidden[0]
    )
    foundation.do(
        "INSERT INTO certification.brakes (organisation_id, kind, run_id, last_run_id, n, of_n)"
        " VALUES (%s, 'expiry', gen_random_uuid(), gen_random_uuid(), 5, 5)",
        other,
    )
    foundation.do("SELECT certification.record_alerts()")
    theirs = dashboard.get(coordinator, "/overview").content
    assert {alert["kind"] for alert in theirs["alerts"]} == {"brake_expiry", "listings_rejected"}
    replies = [
        dashboard.get(turid, path)
        for path in ("/mentors", "/mentors?state=rejected", "/mentors?state=waiting", f"/mentors/{kari}", "/overview")
    ]
    replies += [dashboard.force(turid, kari), dashboard.get(turid, f"/mentors/{kari}")]
    assert {reply.status for reply in replies} == {200}
    text = json.dumps([reply.content for reply in replies], ensure_ascii=False)
    for secret in (*map(str, hidden), str(other), str(coordinator), "emmelig", "411 11 111"):
        assert secret not in text, secret
    assert str(moss) in text
    listed = dashboard.get(turid, "/mentors").content
    assert (listed["total"], listed["counts"]["rejected"]) == (1, 0)
    overview = dashboard.get(turid, "/overview").content
    assert (overview["expiries"], overview["alerts"]) == ([], [])


@pytest.mark.parametrize("name", ["page", "mentors", "overview", "forced"])
def test_the_events_folder_has_what_the_url_makes(dashboard: ForceSyncUrl, turid: UUID, kari: UUID, name: str) -> None:
    """Each event is taken as it is, apart from the token, and has the form of a function URL's event."""
    text = (EVENTS / f"force_sync.{name}.json").read_text(encoding="utf-8")
    assert ("Bearer TOKEN" in text) == (name != "page")
    filled = text.replace("TOKEN", dashboard.identity.token(turid)).replace(IN_EVENTS, str(kari))
    event = json.loads(filled)
    reply = dashboard.host.invoke("ForceSync", event).payload
    assert reply["statusCode"] == 200, reply
    if name != "page":
        assert dashboard.host.invoke("ForceSync", json.loads(text)).payload["statusCode"] == 401
    sent = HttpRequest(
        event["requestContext"]["http"]["method"],
        event["rawPath"],
        event["rawQueryString"],
        "HTTP/1.1",
        [one for one in event["headers"].items() if not one[0].startswith("x-forwarded")],
        event.get("body", "").encode(),
        "203.0.113.7",
    )
    made = request_event(sent, event["requestContext"]["apiId"], event["requestContext"]["requestId"])
    assert {k: made[k] for k in made.keys() - {"headers", "requestContext"}} == {
        k: event[k] for k in event.keys() - {"headers", "requestContext"}
    }
    assert event["headers"].get("content-length", "0") == str(len(sent.body))
    assert event["requestContext"].keys() == made["requestContext"].keys()
    assert event["requestContext"]["http"] == made["requestContext"]["http"]


def test_a_token_for_somebody_stays_in_no_log(dashboard: ForceSyncUrl, turid: UUID, kari: UUID) -> None:
    """A token is a password for an hour."""
    token = dashboard.identity.token(turid)
    reply = dashboard.request("GET", f"/mentors/{kari}", headers={"authorization": f"Bearer {token}"})
    assert reply.status == 200
    dashboard.force(turid, kari)
    text = "\n".join(dashboard.lines)
    assert text
    for part in (token.split(".")[1], token.split(".")[2], hashlib.sha256(token.encode()).hexdigest(), AUDIENCE):
        assert part not in text
