"""The webhook's rules, and the shape of what it carries, without HTTP, queue or database."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.aws.secrets import SecretKeys
from shared.domain.errors import ConnectionLostError, QueueUnavailableError
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import MAX_MENTORS, MalformedMessageError, merged, parse, write
from shared.domain.webhook import (
    LARGEST_BODY,
    UNSIGNED,
    Refusal,
    WebhookRefusedError,
    WebhookRequest,
    WebhookWithoutKeyError,
    is_signed,
    signature,
    usable_keys,
)
from shared.use_cases.status_changed import accept_event, accept_webhook
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue

KEY, OTHER = "k" * 32, "o" * 40
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
MENTOR = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")
BODY = b'{"mentors": [{"id": "5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11", "version": 7}]}'
REQUESTS = st.lists(st.builds(SyncRequest, st.uuids(), st.integers(1, 2**63 - 1)), min_size=1, max_size=250)


def signed(body=BODY, *, key=KEY, at=NOW, **changes):
    timestamp = str(int(at.timestamp()))
    return replace(WebhookRequest("POST", timestamp, signature(key, timestamp, body), body), **changes)


HONEST = signed().signature


@dataclass
class WebhookRig:
    """A webhook whose secret is a list of values, one for each reading."""

    secrets: list[object] = field(default_factory=lambda: [{"current": KEY}])
    queue: FakeSyncQueue = field(default_factory=FakeSyncQueue)
    work_report: FakeReport = field(default_factory=FakeReport)
    readings: list[bool] = field(default_factory=list)
    time: float = 0.0

    def __post_init__(self):
        self.keys = SecretKeys(self.read, clock=lambda: self.time)

    def read(self, fresh):
        self.readings.append(fresh)
        if fresh and len(self.secrets) > 1:
            self.secrets.pop(0)
        if isinstance(self.secrets[0], Exception):
            raise self.secrets[0]
        return usable_keys(self.secrets[0])

    def take(self, given, now=NOW):
        return accept_webhook(given, keys=self.keys, queue=self.queue, report=self.work_report, now=now)

    def refusal(self, given, now=NOW):
        with pytest.raises(WebhookRefusedError) as refused:
            self.take(given, now)
        _, counts, facts = self.work_report.works[-1]
        assert facts["reason"] == refused.value.refusal
        assert counts[f"webhooks_refused_{refused.value.refusal}"] == 1
        assert sum(counts.values()) == 1
        assert self.queue.requests == []
        return refused.value.refusal


@pytest.fixture
def rig() -> WebhookRig:
    return WebhookRig()


# Who is heard ---------------------------------------------------------------------------------------------------------


def test_whoever_signs_with_our_key_is_heard(rig: WebhookRig) -> None:
    assert rig.take(signed()) == 1
    assert rig.queue.requests == [SyncRequest(MENTOR, 7)]
    assert rig.readings == [False]


@given(key=st.text(min_size=32), timestamp=st.integers(0, 10**11), body=st.binary())
def test_the_signature_is_the_standard_librarys(key: Any, timestamp: Any, body: Any) -> None:
    """The signature is the standard library's over timestamp and body.

    RFC 2104; the keys of the two sides are the same text in UTF-8.
    """
    key = key.encode(errors="ignore").decode()
    expected = hmac.digest(key.encode(), f"{timestamp}.".encode() + body, "sha256").hex()
    assert signature(key, str(timestamp), body) == f"sha256={expected}"
    assert is_signed(WebhookRequest("POST", str(timestamp), f"sha256={expected}", body), [OTHER, key])


@pytest.mark.parametrize(
    "forged",
    [
        "sha256=" + "0" * 64,
        HONEST.upper(),
        HONEST.removeprefix("sha256="),
        HONEST[:-1],
        f"{HONEST}0",
        f"{HONEST},{HONEST}",
        "sha256=",
        "sha256=é",
        "\udcff",
        HONEST.replace("sha256", "sha1"),
    ],
)
def test_any_other_signature_is_wrong(rig: WebhookRig, forged: Any) -> None:
    assert rig.refusal(signed(signature=forged)) is Refusal.SIGNATURE_WRONG


@pytest.mark.parametrize("changes", [{"body": BODY + b" "}, {"timestamp": "1796117401"}, {"timestamp": "01796117400"}])
def test_a_signature_covers_the_body_and_the_timestamp(rig: WebhookRig, changes: Any) -> None:
    assert rig.refusal(replace(signed(), **changes)) is Refusal.SIGNATURE_WRONG


@pytest.mark.parametrize("missing", [None, ""])
def test_without_a_signature_nothing_is_read(rig: WebhookRig, missing: str | None) -> None:
    """Strangers who find the address cost no reading of the secret."""
    assert rig.refusal(signed(signature=missing)) is Refusal.SIGNATURE_MISSING
    assert rig.readings == []


@pytest.mark.parametrize(
    "timestamp", [None, "", "now", "-1", "1.5", "1e9", " 1796117400", "1796117400\n", "१२३", "9" * 13]
)
def test_a_timestamp_is_whole_seconds_in_digits(rig: WebhookRig, timestamp: str | None) -> None:
    assert rig.refusal(signed(timestamp=timestamp)) is Refusal.TIMESTAMP_MALFORMED


@pytest.mark.parametrize(("seconds", "heard"), [(-300, True), (300, True), (-301, False), (301, False)])
def test_a_signature_is_good_for_five_minutes_before_and_after(rig: WebhookRig, seconds: int, heard: bool) -> None:
    """Against recordings; clocks may differ."""
    given = signed(at=NOW + timedelta(seconds=seconds))
    if heard:
        assert rig.take(given) == 1
    else:
        assert rig.refusal(given) is Refusal.TIMESTAMP_OLD


def test_an_old_forgery_is_a_forgery(rig: WebhookRig) -> None:
    """`timestamp_old` says that the key was right: a clock to look at, not a stranger."""
    assert rig.refusal(signed(key=OTHER, at=NOW - timedelta(days=1))) is Refusal.SIGNATURE_WRONG


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "post", ""])
def test_only_a_post_notifies(rig: WebhookRig, method: str) -> None:
    assert rig.refusal(signed(method=method)) is Refusal.METHOD_WRONG


def test_a_large_body_is_refused_before_anything_is_made_of_it(rig: WebhookRig) -> None:
    assert rig.refusal(signed(b"x" * (LARGEST_BODY + 1))) is Refusal.BODY_TOO_LARGE
    assert rig.readings == []
    assert rig.refusal(signed(b"x" * LARGEST_BODY)) is Refusal.BODY_MALFORMED


# The keys -------------------------------------------------------------------------------------------------------------


def test_two_keys_are_good_while_they_are_rotated(rig: WebhookRig) -> None:
    rig.secrets = [{"current": KEY, "previous": OTHER}]
    assert rig.take(signed(key=KEY)) == 1
    assert rig.take(signed(key=OTHER)) == 1


def test_a_key_that_was_rotated_is_found_by_one_fresh_reading(rig: WebhookRig) -> None:
    """A key that was rotated since is found by one fresh reading."""
    rig.secrets = [{"current": KEY}, {"current": OTHER, "previous": KEY}]
    assert rig.take(signed(key=OTHER)) == 1
    assert rig.readings == [False, True]


def test_wrong_signatures_read_the_secret_once_in_30_seconds(rig: WebhookRig) -> None:
    """Wrong signatures do not make us read the secret more than once in thirty seconds."""
    for second in range(60):
        rig.time = float(second)
        rig.refusal(signed(key=OTHER))
    assert rig.readings.count(True) == 2


def test_a_reading_that_fails_counts_too(rig: WebhookRig) -> None:
    rig.secrets = [{"current": KEY}, ConnectionLostError("secret_cannot_be_read")]
    with pytest.raises(ConnectionLostError):
        rig.take(signed(key=OTHER))
    assert rig.work_report.works[-1].counts["webhooks_failed"] == 1
    rig.secrets = [{"current": KEY}]
    rig.refusal(signed(key=OTHER))
    assert rig.readings.count(True) == 1


@pytest.mark.parametrize(
    "secret",
    [{}, {"current": ""}, {"current": None}, {"current": "k" * 31}, {"previous": 7}, [], "k" * 32, {"current": [KEY]}],
)
def test_a_secret_without_a_usable_key_is_our_fault(rig: WebhookRig, secret: Any) -> None:
    """A secret without a usable key is our fault, and no caller is authorised.

    An empty key would be anybody's: its signatures can be made by everyone.
    """
    rig.secrets = [secret]
    for key in ("", "k" * 31, "None"):
        with pytest.raises(WebhookWithoutKeyError):
            rig.take(signed(key=key))
    _, counts, facts = rig.work_report.works[-1]
    assert (counts["webhooks_failed"], facts["reason"]) == (1, "webhook_without_key")
    assert rig.queue.requests == []


# What is carried ------------------------------------------------------------------------------------------------------


def mentors(*found):
    return json.dumps({"mentors": [*found]}).encode()


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "not JSON in UTF-8"),
        (b"\xff", "not JSON in UTF-8"),
        ('{"mentors": []}'.encode("utf-16"), "not JSON in UTF-8"),
        (b"[" * 60_000, "not JSON in UTF-8"),
        (b'{"mentors": ' + b"9" * 10_000 + b"}", "not JSON in UTF-8"),
        (b"[]", "1 to 100 mentors"),
        (b"null", "1 to 100 mentors"),
        (b"{}", "1 to 100 mentors"),
        (mentors(), "1 to 100 mentors"),
        (mentors(*[{"id": str(MENTOR), "version": 1}] * (MAX_MENTORS + 1)), "1 to 100 mentors"),
        (b'{"mentors": {"id": 1}}', "1 to 100 mentors"),
        (mentors("x"), r"mentors\[0\]: expected an object"),
        (mentors({"id": str(MENTOR), "version": 1}, {"version": 1}), r"mentors\[1\].id: expected a UUID"),
        (mentors({"id": "kari@example.no", "version": 1}), r"mentors\[0\].id: expected a UUID"),
        (mentors({"id": f"{{{MENTOR}}}", "version": 1}), r"\.id: expected a UUID"),
        (mentors({"id": f"{MENTOR}\n", "version": 1}), r"\.id: expected a UUID"),
        (mentors({"id": MENTOR.hex, "version": 1}), r"\.id: expected a UUID"),
        (mentors({"id": 7, "version": 1}), r"\.id: expected a UUID"),
        *[
            (mentors({"id": str(MENTOR), "version": version}), r"\.version: expected a positive whole number")
            for version in (0, -1, True, 1.0, "1", None, 2**63)
        ],
        (f'{{"mentors": [{{"id": "{MENTOR}", "version": NaN}}]}}'.encode(), r"\.version"),
    ],
)
def test_a_body_of_another_form_is_refused_without_its_content(rig: WebhookRig, body: Any, place: Any) -> None:
    """A body of another form is refused with the place of the error and not its content.

    I11: what stands in it may be anything.
    """
    assert rig.refusal(signed(body)) is Refusal.BODY_MALFORMED
    with pytest.raises(WebhookRefusedError, match=place) as refused:
        rig.take(signed(body))
    assert "kari" not in str(refused.value)
    with pytest.raises(MalformedMessageError, match=place):
        parse(body)


def test_a_mentor_named_twice_is_asked_for_once_and_latest(rig: WebhookRig) -> None:
    """A mentor named twice is asked for once, with the highest version."""
    body = mentors(*({"id": str(MENTOR), "version": version} for version in (3, 9, 4)))
    assert rig.take(signed(body)) == 1
    assert rig.queue.requests == [SyncRequest(MENTOR, 9)]


def test_what_else_a_message_holds_goes_no_further(rig: WebhookRig) -> None:
    """I11: a webhook with a name in it does not put the name into the queue."""
    body = mentors({"id": str(MENTOR).upper(), "version": 1, "name": "Kari Sæther"})
    rig.take(signed(body))
    assert write(rig.queue.requests) == [f'{{"mentors":[{{"id":"{MENTOR}","version":1}}]}}']


@given(REQUESTS)
def test_messages_hold_every_request_once_and_are_few(requests: Any) -> None:
    """Messages hold every request once, in as few messages as can be.

    I7: nothing is lost on the way into the queue and out of it.
    """
    messages = write(requests)
    found = [parse(message) for message in messages]
    assert [len(some) for some in found[:-1]] == [MAX_MENTORS] * (len(found) - 1)
    assert tuple(request for some in found for request in some) == merged(requests)
    assert {r.mentor_id for r in merged(requests)} == {r.mentor_id for r in requests}


@given(st.binary() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_but_a_message_is_taken_for_one(text: Any) -> None:
    """Whatever comes, it is refused with our own error."""
    with pytest.raises(MalformedMessageError):
        parse(text)


# What is told ---------------------------------------------------------------------------------------------------------


def test_every_count_is_reported_zeros_included(rig: WebhookRig) -> None:
    """I12: an unsigned call is no webhook, and Lambda counts those itself."""
    rig.take(signed())
    [(function, counts, facts)] = rig.work_report.works
    assert {name for name, n in counts.items() if n} == {"webhooks_accepted", "mentors_in_webhooks"}
    refusals = {f"webhooks_refused_{refusal}" for refusal in set(Refusal) - UNSIGNED}
    assert set(counts) == {"webhooks_accepted", "webhooks_failed", "mentors_in_webhooks"} | refusals
    assert function == "status_changed"
    assert facts == {"via": "url", "reason": None, "mentors": [str(MENTOR)]}


def test_a_queue_that_does_not_take_it_is_reported_and_raised(rig: WebhookRig) -> None:
    rig.queue.away = "queue_ServiceUnavailable"
    with pytest.raises(QueueUnavailableError):
        rig.take(signed())
    _, counts, facts = rig.work_report.works[-1]
    assert {name for name, n in counts.items() if n} == {"webhooks_failed"}
    assert facts["reason"] == "queue_ServiceUnavailable"


def test_an_event_needs_no_signature_but_the_same_form(rig: WebhookRig) -> None:
    detail = json.loads(BODY)
    assert accept_event(detail, queue=rig.queue, report=rig.work_report) == 1
    assert rig.work_report.works[-1].facts["via"] == "event"
    with pytest.raises(WebhookRefusedError, match="1 to 100 mentors"):
        accept_event({"mentors": [str(uuid4())] * 101}, queue=rig.queue, report=rig.work_report)
    assert rig.work_report.works[-1].counts["webhooks_refused_body_malformed"] == 1
    assert rig.queue.requests == [SyncRequest(MENTOR, 7)]
