"""Each fault of the emulator, seen by a real client on a real connection."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from emulators.dataverse.client import ControlError
from emulators.dataverse.faults.rules import FaultKind, Rule
from emulators.dataverse.model import defaults
from tests.support.dataverse_process import row_path
from tests.support.dataverse_service import API, parts


def eventually(found):
    deadline = time.monotonic() + 5
    while not found():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 401, 403])
def test_the_next_requests_get_a_status_and_are_not_done(caller: Any, control: Any, status: int) -> None:
    """The next requests get the status asked for and are not carried out."""
    control.fail_next(2, status=status)
    assert [caller.write().status_code for _ in range(3)] == [status, status, 204]
    assert len(control.writes()) == 1


def test_a_services_refusal_has_a_code_and_a_gateways_a_page(caller: Any, control: Any) -> None:
    """A refusal by the service has its code, and one by a gateway has a page."""
    control.fail_next(status=429, retry_after=17)
    refused = caller.write()
    assert refused.headers["retry-after"] == "17"
    assert refused.json()["error"]["code"] == "0x80072322"
    control.fail_next(status=502)
    assert caller.write().headers["content-type"] == "text/html"
    control.fail_next(status=503, code="0x80044150", message="Generic SQL error.")
    assert caller.write().json() == {"error": {"code": "0x80044150", "message": "Generic SQL error."}}


def test_a_gateway_may_give_up_on_what_was_committed(caller: Any, control: Any) -> None:
    control.fail_after_commit(status=504)
    assert caller.write(name="Siri").status_code == 504
    assert caller.names() == {"m1": "Siri"}


def test_a_reset_before_the_work_leaves_nothing_written(caller: Any, control: Any) -> None:
    control.reset_before()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.write()
    assert caller.names() == {}
    assert control.writes() == []
    assert (control.journal()[-1].status, control.journal()[-1].fault) == (0, "reset_before")
    assert caller.write().status_code == 204


def test_a_reset_after_the_commit_leaves_it_without_a_reply(caller: Any, control: Any) -> None:
    """A reset after the commit leaves the row written, without a reply."""
    control.reset_after()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.write(name="Siri")
    assert caller.names() == {"m1": "Siri"}
    entry = control.journal()[-1]
    assert (entry.status, entry.operations, entry.fault) == (204, 1, "reset_after")


def test_a_reset_is_one_of_tcp_and_no_orderly_end(caller: Any, control: Any) -> None:
    """ECONNRESET, as from a load balancer that lost its server."""
    control.reset_before()
    with pytest.raises(httpx.ReadError) as caught:
        caller.write()
    reasons: list[BaseException] = [caught.value]
    while (reason := reasons[-1].__cause__ or reasons[-1].__context__) is not None:
        reasons.append(reason)
    assert any(isinstance(reason, ConnectionResetError) for reason in reasons)


@pytest.mark.parametrize("reply", ["batch", "write"], ids=["200 with a body", "204 without one"])
def test_a_truncated_reply_ends_in_the_middle_after_the_commit(caller: Any, control: Any, reply: str) -> None:
    control.truncate_replies()
    with pytest.raises(httpx.RemoteProtocolError):
        getattr(caller, reply)("m1")
    assert list(caller.names()) == ["m1"]
    assert control.journal()[-1].fault == "truncate"


def test_a_lost_reply_is_a_commit_and_then_silence(caller: Any, control: Any) -> None:
    """A lost reply is a commit and then silence for as long as the client waits."""
    control.lose_replies()
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        caller.write(name="Siri", timeout=0.3)
    assert time.monotonic() - started >= 0.3
    assert caller.names() == {"m1": "Siri"}
    assert control.journal()[-1].fault == "lose_reply"


def test_an_abandoned_slow_write_lands_over_a_newer_one(caller: Any, control: Any) -> None:
    """A slow write whose client has gone is committed late, over a newer one.

    What I6 is for: the older state arrives last.
    """
    control.slow(0.4, 1)
    with pytest.raises(httpx.ReadTimeout):
        caller.write(name="Older", timeout=0.1)
    assert caller.write(name="Newer").status_code == 204
    assert caller.names() == {"m1": "Newer"}
    eventually(lambda: caller.names() == {"m1": "Older"})


def test_a_slow_write_does_not_reach_into_the_next_test(caller: Any, control: Any) -> None:
    control.slow(0.2, 1)
    with pytest.raises(httpx.ReadTimeout):
        caller.write(timeout=0.05)
    control.reset()
    time.sleep(0.3)
    assert caller.names() == {}
    assert control.journal() == []


def test_a_slow_reply_is_late_and_right(caller: Any, control: Any) -> None:
    control.slow(0.2, 1)
    started = time.monotonic()
    assert caller.write().status_code == 204
    assert time.monotonic() - started >= 0.2


def test_one_operation_is_refused_and_the_others_are_done(caller: Any, control: Any) -> None:
    """One operation of a batch is refused, and the others are carried out.

    I13's bad record.
    """
    control.poison("m2", code="0x80044331")
    responses = parts(caller.batch("m1", "m2", "m3"))
    assert [part.status for part in responses] == [204, 400, 204]
    assert responses[1].code == "0x80044331"
    assert sorted(caller.names()) == ["m1", "m3"]
    assert caller.write("m2").status_code == 400
    assert caller.write("m1").status_code == 204


def test_an_operation_may_be_refused_with_a_time_to_wait(caller: Any, control: Any) -> None:
    control.fault(Rule(kind=FaultKind.STATUS, where="operation", contains="m2", status=429, retry_after=9))
    responses = parts(caller.batch("m1", "m2"))
    assert responses[1].headers["retry-after"] == "9"


def test_a_rule_may_spare_some_and_then_hit_every_third(caller: Any, control: Any) -> None:
    control.fail_next(2, status=500, skip=1, every=3)
    statuses = [caller.write().status_code for _ in range(11)]
    assert statuses == [204, 204, 204, 500, 204, 204, 500, 204, 204, 204, 204]
    assert control.faults()[0]["hits"] == 2


def test_a_rule_may_be_for_one_kind_of_request(caller: Any, control: Any) -> None:
    control.fail_next(None, status=500, method="PATCH", path=r"hlf_mentorid='m[23]'")
    assert [caller.write(key).status_code for key in ("m1", "m2", "m3")] == [204, 500, 500]
    assert caller.ask("GET", row_path("m2")).status_code == 404


def test_a_rule_may_hold_for_a_time(caller: Any, control: Any) -> None:
    control.fail_next(None, status=503, for_seconds=0.3)
    assert caller.write().status_code == 503
    eventually(lambda: caller.write().status_code == 204)
    assert control.faults()[0]["hits"] >= 1


def test_a_rule_can_be_taken_back(caller: Any, control: Any) -> None:
    first, second = control.fail_next(None, status=500), control.fail_next(None, status=502)
    assert caller.write().status_code == 500
    control.clear_faults(first)
    assert caller.write().status_code == 502
    control.clear_faults(second)
    assert caller.write().status_code == 204


def test_an_expired_token_is_refused_and_a_new_one_works(caller: Any, control: Any) -> None:
    """A token that expired is refused with a challenge, and a new one works."""
    control.expire_tokens()
    refused = caller.who_am_i()
    assert refused.status_code == 401
    assert "authorization_uri=" in refused.headers["www-authenticate"]
    assert "resource_id=" in refused.headers["www-authenticate"]
    assert caller.sign_in().status_code == 200
    assert caller.who_am_i().status_code == 200


def test_tokens_may_expire_in_the_middle_of_a_run(caller: Any, control: Any) -> None:
    control.fault(Rule(kind=FaultKind.EXPIRE_TOKENS, skip=2, count=1))
    assert [caller.write().status_code for _ in range(4)] == [204, 204, 401, 401]
    caller.sign_in()
    assert caller.write().status_code == 204


def test_revoked_and_expired_secrets_have_their_own_numbers(caller: Any, control: Any) -> None:
    """A revoked secret and an expired one have error numbers of their own.

    I10. A token that was granted before goes on working, as in Entra.
    """
    control.revoke_secret()
    assert caller.sign_in().json()["error_codes"] == [7000215]
    assert caller.who_am_i().status_code == 200
    control.add_secret(defaults.CLIENT_SECRET)
    assert caller.sign_in().status_code == 200
    control.expire_secret()
    reply = caller.sign_in()
    assert (reply.status_code, reply.json()["error_codes"]) == (401, [7000222])
    control.add_secret("another-secret", ends_at=time.time() + 60)
    assert caller.sign_in("another-secret").status_code == 200


def test_the_token_endpoint_fails_by_rule_too(caller: Any, control: Any) -> None:
    control.fail_next(status=503, where="token")
    assert caller.sign_in().status_code == 503
    control.reset_before(where="token")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.sign_in()
    assert caller.who_am_i().status_code == 200
    assert caller.sign_in().status_code == 200


def test_without_its_application_user_a_good_token_is_forbidden(caller: Any, control: Any) -> None:
    control.remove_application_user()
    refused = caller.who_am_i()
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "0x80072560")
    control.restore_application_user()
    assert caller.who_am_i().status_code == 200


def test_a_privilege_taken_away_is_missed_by_its_verb_alone(caller: Any, control: Any) -> None:
    """A privilege that was taken away is missed by that verb alone."""
    caller.write()
    control.remove_privilege("write")
    refused = caller.write(name="Siri")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "0x80040220")
    assert caller.names() == {"m1": "Kari"}
    assert caller.write("m2").status_code == 204, "creating is another privilege"
    assert caller.ask("GET", row_path("m1")).status_code == 200
    assert parts(caller.batch("m1", "m3"))[0].status == 403
    control.restore_privilege("write")
    assert caller.write(name="Siri").status_code == 204


def test_a_manual_edit_is_what_the_service_has(caller: Any, control: Any) -> None:
    """A row that was edited, deleted or created manually is what the service has."""
    caller.write("m1")
    before = caller.ask("GET", row_path("m1")).headers["etag"]
    control.edit("m1", {"hlf_name": "By hand"})
    reply = caller.ask("GET", row_path("m1"))
    assert reply.json()["hlf_name"] == "By hand"
    assert reply.headers["etag"] != before
    assert caller.write("m1", headers={"If-Match": before}).status_code == 412
    control.delete("m1")
    assert caller.write("m1", headers={"If-Match": "*"}).status_code == 404
    control.create([{"hlf_mentorid": "m9", "hlf_name": "Nobody knows why"}])
    assert caller.ask("GET", row_path("m9")).status_code == 200
    assert control.row("m9")["hlf_name"] == "Nobody knows why"
    assert control.row("m1") is None


def test_a_manual_edit_is_held_to_the_columns_too(caller: Any, control: Any) -> None:
    with pytest.raises(ControlError, match="0x80044331"):
        control.create([{"hlf_mentorid": "m1"}, {"hlf_mentorid": "m2", "hlf_name": "x" * 201}])
    assert caller.names() == {}
    with pytest.raises(ControlError, match="0x80060891"):
        control.edit("m1", {"hlf_name": "Kari"})


def test_the_loser_of_two_creating_upserts_gets_a_conflict(caller: Any, control: Any) -> None:
    """The loser of two creating upserts gets the error that the row exists."""
    control.lose_races(1)
    refused = caller.write(name="Mine")
    assert refused.status_code == 412
    assert refused.json()["error"]["message"] == "A record with matching key values already exists."
    assert list(caller.names()) == ["m1"]
    assert caller.write(name="Mine").status_code == 204
    assert caller.names() == {"m1": "Mine"}


def test_faults_of_one_connection_leave_the_others_alone(caller: Any, control: Any) -> None:
    """A reply that never comes holds up nobody else."""
    control.lose_replies(1, contains="m1")
    hanging = threading.Thread(target=lambda: _ignoring_timeouts(lambda: caller.write("m1", timeout=0.6)))
    hanging.start()
    eventually(lambda: "m1" in caller.names())
    started = time.monotonic()
    with httpx.Client(headers=caller.http.headers) as other:
        address = f"{caller.url}{defaults.API}WhoAmI"
        assert other.get(address).status_code == 200
    assert time.monotonic() - started < 0.4
    hanging.join()


def _ignoring_timeouts(act):
    with suppress(httpx.TimeoutException):
        act()


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("faults", {"kind": "explode"}, "kind"),
        ("faults", {"kind": "delay", "where": "operation"}, "connection"),
        ("faults", {"kind": "status", "path": "("}, "path"),
        ("rows/hlf_peermentors", {"key": "m1"}, "one of create, change and delete"),
        ("credentials", {"action": "expire"}, "action"),
    ],
)
def test_what_the_control_api_does_not_understand_it_says(caller: Any, path: str, body: Any, reason: str) -> None:
    reply = caller.http.post(f"/_emulator/{path}", content=json.dumps(body))
    assert reply.status_code == 400
    assert reason in reply.json()["error"]


def test_an_address_unknown_to_the_control_api_is_not_found(caller: Any) -> None:
    """An address that the control API does not have is not found."""
    for method, path in (("GET", "rows/nothings"), ("GET", "journal/page"), ("PATCH", "reset"), ("DELETE", "limits")):
        assert caller.http.request(method, f"/_emulator/{path}").status_code == 404


# Lists


def pages(caller, size=4):
    """The names on each page, as far as the links lead."""
    found, link = [], f"{API}hlf_peermentors?$select=hlf_name"
    while link:
        body = caller.http.get(link, headers={"Prefer": f"odata.maxpagesize={size}"}).json()
        found.append("".join(row["hlf_name"] for row in body["value"]))
        link = body.get("@odata.nextLink")
    return found


@pytest.fixture
def ten(caller: Any, control: Any) -> Any:
    """Rows A to J, in the order in which pages have them."""
    rows = [{"hlf_peermentorid": f"10000000-0000-4000-8000-00000000000{n}"} for n in range(10)]
    names = "ABCDEFGHIJ"
    assert control.fill(row | {"hlf_name": name} for row, name in zip(rows, names, strict=True)) == 10
    assert pages(caller) == ["ABCD", "EFGH", "IJ"]
    return caller


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"kind": "empty_list"}, [""]),
        ({"kind": "empty_list", "skip": 1}, ["ABCD", ""]),
        ({"kind": "first_rows", "rows": 3}, ["ABC"]),
        ({"kind": "first_rows", "rows": 6}, ["ABCD", "EF"]),
        ({"kind": "first_rows", "rows": 20}, ["ABCD", "EFGH", "IJ"]),
        ({"kind": "repeat_page", "skip": 1, "count": 1}, ["ABCD", "ABCD", "EFGH", "IJ"]),
        ({"kind": "repeat_page", "count": 1}, ["ABCD", "EFGH", "IJ"]),
        ({"kind": "skip_rows", "rows": 2, "skip": 1, "count": 1}, ["ABCD", "GHIJ"]),
        ({"kind": "skip_rows", "rows": 2, "count": 1}, ["CDEF", "GHIJ"]),
    ],
)
def test_a_list_is_answered_with_other_rows_than_the_table_has(ten: Any, control: Any, fault: Any, seen: Any) -> None:
    """false-empty, suddenly small, pages that repeat or skip rows."""
    control.fault(Rule(where="list", path="^hlf_peermentors$", **fault))
    assert pages(ten) == seen
    control.clear_faults()
    assert pages(ten) == ["ABCD", "EFGH", "IJ"]


def test_the_faults_of_lists_have_names_in_python(ten: Any, control: Any) -> None:
    for fault, seen in [
        (lambda: control.empty_lists(1), [""]),
        (lambda: control.first_rows_only(5, 2), ["ABCD", "E"]),
        (lambda: control.repeat_page(skip=1), ["ABCD", "ABCD", "EFGH", "IJ"]),
        (lambda: control.skip_rows(1, skip=2), ["ABCD", "EFGH", "J"]),
    ]:
        fault()
        assert pages(ten) == seen


def test_a_page_of_a_table_can_fail_by_its_number(ten: Any, control: Any) -> None:
    control.fail_next(method="GET", path="^hlf_peermentors$", skip=1)
    with pytest.raises(json.JSONDecodeError):
        pages(ten)
    assert [entry.status for entry in control.journal()[-2:]] == [200, 503]


@pytest.mark.parametrize("rule", [{"kind": "skip_rows"}, {"kind": "status", "where": "list"}])
def test_where_is_list_for_faults_of_lists_only(control: Any, rule: Any) -> None:
    with pytest.raises(ValueError, match="where is list for"):
        Rule(**rule)


def test_filling_is_all_or_nothing_and_not_in_the_journal(ten: Any, control: Any) -> None:
    """Filling is all or nothing and leaves no trace in the journal."""
    control.clear_journal()
    new = {"hlf_mentorid": "m1", "hlf_name": "Kari"}
    with pytest.raises(ControlError):
        control.fill([new, new])
    assert len(control.rows()) == 10
    assert control.fill([new]) == 1
    assert control.row("m1")["statecode"] == 0
    assert control.writes() == []
