"""The emulator's limits as a client meets them, and what its journal tells of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.client import EmulatorControl
from tests.support.dataverse_process import process

if TYPE_CHECKING:
    from pathlib import Path


def test_an_emulator_starts_with_the_limits_it_was_reported(tmp_path: Path) -> None:
    with process(tmp_path, limits='{"requests": 2}') as emulator, EmulatorControl(emulator.url) as control:
        assert control.limits().requests == 2


def test_every_reply_reports_what_is_left_and_how_parallel_to_be(caller: Any, control: Any) -> None:
    control.settings(dop_hint=7)
    headers = caller.write().headers
    assert headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "5999"
    assert headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "1,199.97"  # an operation costs 25 ms
    assert headers["x-ms-dop-hint"] == "7"
    assert "ARRAffinity" in headers["set-cookie"]


def test_a_batch_is_one_request_and_costs_its_operations_time(caller: Any, control: Any) -> None:
    """A batch is one request and costs as much time as its operations."""
    control.limits(execution_ms=100)
    headers = caller.batch("a", "b", "c").headers
    assert headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "5999"
    assert headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "1,199.70"


def test_over_the_limit_nothing_is_done_until_the_time_named(caller: Any, control: Any) -> None:
    """Over the limit nothing is done until the time named has passed."""
    control.limits(requests=2, window_seconds=1.0)
    assert [caller.write(name=name).status_code for name in ("1", "2")] == [204, 204]
    refused = caller.write(name="3")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "0x80072322"
    assert refused.headers["retry-after"] == "1"
    assert "x-ms-dop-hint" in refused.headers
    assert caller.names() == {"m1": "2"}
    time.sleep(1.0)
    assert caller.write(name="4").status_code == 204
    assert control.summary()["in_retry_after"] == 0, "who waits the time named is not inside it"


def test_who_pushes_inside_the_window_waits_longer(caller: Any, control: Any) -> None:
    control.limits(requests=1, window_seconds=100)
    caller.who_am_i()
    waits = [int(caller.who_am_i().headers["retry-after"]) for _ in range(3)]
    assert waits[0] == 100
    control.throttle(3)
    waits = [int(caller.who_am_i().headers["retry-after"]) for _ in range(3)]
    assert waits == [4, 5, 6]


def test_execution_time_is_slept_and_requests_run_side_by_side(caller: Any, control: Any) -> None:
    """Execution time is slept when asked for, and requests then run side by side."""
    control.limits(concurrent=2, execution="sleep", execution_ms=400)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(caller.write().status_code)) for _ in range(3)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 204, 429]
    assert 0.4 <= time.monotonic() - started < 0.8
    assert control.summary()["peak_concurrent"] == 2


def test_the_journal_names_requests_inside_a_retry_after(caller: Any, control: Any) -> None:
    """The journal reports which caller came inside a Retry-After, and how long after its start.

    I9 is read off this: a request that was on its way already is milliseconds after the refusal.
    """
    control.clear_journal()
    control.limits(requests=1, window_seconds=60)
    caller.who_am_i()
    caller.who_am_i()
    time.sleep(0.1)
    caller.who_am_i()
    time.sleep(0.15)
    caller.who_am_i()
    first, opening, soon, late = control.journal()[-4:]
    assert (first.status, first.in_retry_after) == (200, False)
    assert (opening.status, opening.in_retry_after, opening.after_refusal_ms) == (429, False, None)
    assert (soon.status, soon.in_retry_after) == (429, True)
    assert soon.after_refusal_ms < late.after_refusal_ms
    assert late.after_refusal_ms == pytest.approx((late.arrived - opening.responded) * 1000, abs=1)
    assert late.after_refusal_ms >= 250
    summary = control.summary()
    assert summary["in_retry_after"] == 2
    assert summary["after_refusal_ms"] == pytest.approx([soon.after_refusal_ms, late.after_refusal_ms], abs=0.001)


def test_a_retry_after_of_a_fault_opens_a_window_too(caller: Any, control: Any) -> None:
    control.fail_next(status=503, retry_after=30)
    assert caller.who_am_i().headers["retry-after"] == "30"
    assert caller.who_am_i().status_code == 200
    assert control.journal()[-1].in_retry_after


def test_the_journal_has_every_request_with_its_cost(caller: Any, control: Any) -> None:
    """The journal has every request with its caller, operations and times."""
    before = time.time()
    caller.batch("a", "b")
    caller.ask("GET", "hlf_peermentors(hlf_mentorid='nobody')")
    token, batch, missing = control.journal()
    assert token.path.endswith("/oauth2/v2.0/token")
    assert (batch.method, batch.path, batch.operations, batch.status) == ("POST", "$batch", 2, 200)
    assert batch.user == "10ca1000-0000-4000-8000-000000000002"
    assert before <= batch.arrived <= batch.responded <= missing.arrived <= time.time()
    assert (missing.status, missing.operations, missing.fault) == (404, 1, None)
    assert batch.bytes > 100
    assert [entry.n for entry in control.journal(since=batch.n)] == [missing.n]


def test_the_journal_has_every_write_and_none_taken_back(caller: Any, control: Any) -> None:
    """The journal has every committed write, and none that was taken back."""
    caller.batch("a", "b")
    started = time.time()
    caller.write("a", name="Siri")
    caller.ask("DELETE", "hlf_peermentors(hlf_mentorid='b')")
    inside = "".join(
        f"--s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n"
        f"PATCH /api/data/v9.2/hlf_peermentors(hlf_mentorid='c{number}') HTTP/1.1\r\n"
        f'Content-Type: application/json\r\n\r\n{{"{column}": "x"}}\r\n'
        for number, column in ((1, "hlf_name"), (2, "hlf_nonsense"))
    )
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=s\r\n\r\n{inside}--s--\r\n--b--\r\n"
    reply = caller.ask("POST", "$batch", content=body, headers={"Content-Type": "multipart/mixed; boundary=b"})
    assert reply.status_code == 400
    control.edit("a", {"hlf_name": "By hand"})
    writes = control.writes()
    assert [(write.verb, write.key) for write in writes] == [
        ("create", "a"), ("create", "b"), ("update", "a"), ("delete", "b"), ("update", "a"),
    ]  # fmt: skip
    assert writes[2].columns == ("hlf_name",)
    assert writes[2].n == control.journal()[2].n
    assert writes[-1].n == 0
    assert [write.verb for write in control.writes(since=started)] == ["update", "delete", "update"]
    assert control.summary()["writes"] == {"create": 2, "update": 2, "delete": 1}


def test_the_summary_has_totals_and_the_share_of_the_limits(caller: Any, control: Any) -> None:
    """The summary has totals by status, and the share of the limits that is used."""
    control.limits(requests=10, execution_seconds=10, execution_ms=1000)
    control.clear_journal()
    control.poison("bad")
    caller.batch("a", "bad")
    caller.write()
    caller.who_am_i()
    summary = control.summary()
    assert (summary["requests"], summary["operations"]) == (3, 4)
    assert summary["by_status"] == {"200": 2, "204": 1}
    assert summary["operations_by_status"] == {"200": 1, "204": 2, "400": 1}
    assert summary["peak_requests"] == 3
    assert summary["peak_requests_share"] == pytest.approx(0.3)
    assert summary["limit_share_used"] == summary["peak_execution_share"] == pytest.approx(0.4)


def test_the_journal_is_bounded_and_its_totals_are_not(caller: Any, control: Any) -> None:
    control.journal_size(2)
    for _ in range(5):
        caller.write()
    assert [entry.operations for entry in control.journal()] == [1, 1]
    assert len(control.writes()) == 2
    assert control.summary()["requests"] == 5
    control.journal_size(1_000_000)
