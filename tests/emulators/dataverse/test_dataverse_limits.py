"""Service protection limits, exact to the request and to the microsecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulators.dataverse.access.protection import Limits, Protection, read_limits
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

USER = "an-application"


def refuse(protection, now):
    refused = protection.admit(USER, now)
    assert refused is not None
    assert refused.status == 429
    return refused.code, int(refused.headers["Retry-After"])


def admit(protection, now, *, seconds=0.0):
    assert protection.admit(USER, now) is None
    return dict(protection.finished(USER, now, seconds))


def test_the_service_s_own_numbers_are_the_defaults() -> None:
    """6,000 requests and 20 minutes of execution in 300 s, 52 at one time: the api-limits page."""
    limits = Limits()
    assert limits.enabled
    assert (limits.requests, limits.window_seconds) == (6000, 300)
    assert (limits.execution_seconds, limits.concurrent) == (1200, 52)


def test_the_next_request_waits_until_the_first_is_out() -> None:
    """The last request allowed passes, and the next one waits until the first leaves the window."""
    protection = Protection(Limits(requests=3, window_seconds=10))
    for at in (100.0, 101.0, 102.0):
        admit(protection, at)
    assert refuse(protection, 103.0) == ("0x80072322", 7)  # 110 is when the first one is ten seconds old


def test_a_window_slides() -> None:
    """Room comes back one request at a time, not all at once."""
    protection = Protection(Limits(requests=3, window_seconds=10))
    for at in (100.0, 105.0, 109.0):
        admit(protection, at)
    admit(protection, 110.0)
    assert refuse(protection, 110.5) == ("0x80072322", 5)  # 4.5 s until 115, in whole seconds
    admit(protection, 115.0)


def test_the_end_of_the_window_is_exact() -> None:
    for at, admitted in ((109.999, False), (110.0, True)):
        protection = Protection(Limits(requests=1, window_seconds=10))
        admit(protection, 100.0)
        assert (protection.admit(USER, at) is None) is admitted


def test_a_client_that_pushes_waits_longer() -> None:
    """Every request inside the window makes it longer, by a second unless said otherwise."""
    protection = Protection(Limits(requests=1, window_seconds=10))
    admit(protection, 100.0)
    assert refuse(protection, 101.0) == ("0x80072322", 9)
    assert refuse(protection, 101.0) == ("0x80072322", 10)
    assert refuse(protection, 102.0) == ("0x80072322", 10)
    assert refuse(protection, 111.5) == ("0x80072322", 2)
    admit(protection, 113.0)


def test_a_window_never_grows_beyond_its_own_length() -> None:
    protection = Protection(Limits(requests=1, window_seconds=10, extension_seconds=6))
    admit(protection, 100.0)
    waits = [refuse(protection, 101.0)[1] for _ in range(5)]
    assert waits == [9, 10, 10, 10, 10]


def test_execution_time_is_summed_and_refused_when_used_up() -> None:
    """Execution time is added up over the window, and requests are refused when it is used up."""
    protection = Protection(Limits(execution_seconds=3, window_seconds=10))
    admit(protection, 100.0, seconds=1)
    admit(protection, 101.0, seconds=1.999_999)
    admit(protection, 102.0, seconds=0.5)
    refused = protection.admit(USER, 103.0)
    assert refused is not None
    assert refused.code == "0x80072321"
    assert "3,000  milliseconds over time window of 10 seconds" in refused.message
    assert refused.headers["Retry-After"] == "7"  # without the first one, 2.5 s are left of 3
    admit(protection, 110.0)


def test_a_reply_reports_what_is_left_as_the_service_writes_it() -> None:
    """A captured reply had 1,200.00: a client that reads it as a number must take the comma."""
    protection = Protection(Limits())
    assert admit(protection, 100.0, seconds=0) == {
        "x-ms-ratelimit-burst-remaining-xrm-requests": "5999",
        "x-ms-ratelimit-time-remaining-xrm-requests": "1,200.00",
    }
    assert admit(protection, 100.0, seconds=300.5)["x-ms-ratelimit-time-remaining-xrm-requests"] == "899.50"


def test_too_many_at_one_time_are_refused_while_they_run() -> None:
    """Too many requests at one time are refused at once, and only as long as the others run."""
    protection = Protection(Limits(concurrent=2))
    assert protection.admit(USER, 100.0) is None
    assert protection.admit(USER, 100.0) is None
    assert refuse(protection, 100.0) == ("0x80072326", 1)
    protection.finished(USER, 100.1, 0)
    assert protection.admit(USER, 100.1) is None


def test_each_user_has_limits_of_its_own() -> None:
    protection = Protection(Limits(requests=1))
    admit(protection, 100.0)
    refuse(protection, 100.0)
    assert protection.admit("another-application", 100.0) is None


def test_the_messages_are_the_service_s_own() -> None:
    protection = Protection(Limits(requests=1, concurrent=1))
    assert protection.admit(USER, 100.0) is None
    refused = protection.admit(USER, 100.0)
    assert there(refused).message == "Number of requests exceeded the limit of 1 over time window of 300 seconds."
    protection = Protection(Limits(concurrent=1))
    protection.admit(USER, 100.0)
    assert there(protection.admit(USER, 100.0)).message == "Number of concurrent requests exceeded the limit of 1."
    protection = Protection(Limits())
    protection.admit(USER, 100.0)
    protection.finished(USER, 100.0, 1200.0)
    assert there(protection.admit(USER, 100.0)).message == (
        "Combined execution time of incoming requests exceeded limit of 1,200,000  milliseconds over time window of 300"
        " seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."
    )


def test_without_limits_all_passes_and_is_counted() -> None:
    """Without limits everything passes and is counted all the same."""
    protection = Protection(read_limits("off"))
    for at in range(7_000):
        admit(protection, 100.0 + at / 1_000, seconds=0.5)
    usage = protection.usage()
    assert usage["peak_requests"] == 7_000
    assert usage["peak_execution_seconds"] == pytest.approx(3_500)
    assert usage["limit_share_used"] == pytest.approx(3_500 / 1_200)


def test_the_peak_is_that_of_the_fullest_window() -> None:
    protection = Protection(Limits(requests=10, window_seconds=10))
    for at in (100.0, 101.0, 102.0, 111.0, 112.0, 150.0):
        admit(protection, at)
    assert protection.usage()["peak_requests"] == 3
    assert protection.usage()["peak_requests_share"] == pytest.approx(0.3)


def test_limits_are_read_from_a_word_from_json_and_from_a_file(tmp_path: Path) -> None:
    assert not read_limits("off").enabled
    assert read_limits("real") == Limits()
    assert read_limits('{"requests": 8000}') == Limits(requests=8000)
    file = tmp_path / "limits.json"
    file.write_text('{"concurrent": 4}')
    assert read_limits(str(file)) == Limits(concurrent=4)
    with pytest.raises(ValueError, match="request_count"):
        read_limits('{"request_count": 1}')
    with pytest.raises(ValueError, match="No such file"):
        read_limits(str(tmp_path / "none.json"))
