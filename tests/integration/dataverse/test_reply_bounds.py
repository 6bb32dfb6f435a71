"""Every parser of a reply has bounds on size, depth, digits and time, and raises its own errors only."""

from __future__ import annotations

import json
import math
import re
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.dataverse import multipart
from shared.adapters.dataverse.multipart import ReplyPart
from shared.adapters.dataverse.origin import Origin
from shared.adapters.dataverse.pages import UnreadablePageError, page
from shared.adapters.dataverse.retry_after import retry_after
from shared.adapters.dataverse.row_equality import is_shown
from shared.adapters.dataverse.statuses import error_code
from shared.adapters.http.json_body import read_json
from shared.domain.errors import WebsiteMisconfiguredError
from shared.domain.privacy import redact
from shared.domain.website_rows import Site, Visibility, seen_rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LARGE = 400_000
COLUMNS = frozenset({"key", "area"})
ID = "3f2a0000-0000-4000-8000-000000000001"


@contextmanager
def at_once(seconds=2.0):
    """What is linear takes milliseconds; what is quadratic takes minutes."""
    began = time.process_time()  # whatever else this machine has to do
    yield
    assert time.process_time() - began < seconds


def mixed(*words: bytes, most=12):
    """Octets in which these words are found more often than chance would have it."""
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=6)), max_size=most).map(b"".join)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

# Retry-After

HOSTILE_TIMES = [
    "Mon, 23 Nov 2026 12:00:00 +99999999999",
    "Mon, 23 Nov 2026 12:00:00 -" + "9" * 40,
    "Mon, 23 Nov 2026 12:00:00 +9999",
    "Mon, 23 Nov 99999 12:00:00 GMT",
    "Mon, 23 Nov " + "9" * 5000 + " 12:00:00 GMT",
    "Mon, 31 Dec 9999 23:59:59 -2359",
    "Sat, 01 Jan 0001 00:00:00 +2359",
    "Mon, 23 Nov 2026 99:99:99 GMT",
    "9" * 5000,
    "-" + "9" * 5000,
    "0." + "1" * 5000,
    "1e" + "9" * 5000,
    "1_000",
    "٣٠",
    "-inf",
    "-nan",
    "0x20",
    "30, 40",
    "\x00",
    ",",
    " " * LARGE,
    "x" * LARGE,
    "9" * LARGE,
    "(" * LARGE,
]


@pytest.mark.parametrize("header", HOSTILE_TIMES, ids=range(len(HOSTILE_TIMES)))
def test_no_form_of_retry_after_is_too_much(header: Any) -> None:
    with at_once():
        seconds = retry_after(header, NOW)
    assert seconds is not None
    assert 1 <= seconds <= 3600


@given(st.text() | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,6} \d\d:\d\d:\d\d ([+-]\d{1,12}|\w{1,4})"))
def test_retry_after_never_raises(header: Any) -> None:
    assert 1 <= (retry_after(header, NOW) or math.nan) <= 3600


# JSON

HOSTILE_JSON = {
    "a_number_of_5000_digits": b'{"value": %b}' % (b"9" * 5000),
    "a_number_of_a_million_digits": b'{"value": %b}' % (b"9" * 1_000_000),
    "nested_deep": b"[" * LARGE,
    "nested_deep_and_whole": b"[" * 5000 + b"]" * 5000,
    "nested_deep_beside_half_a_character": b'["\\ud83d", %b%b]' % (b"[" * 5000, b"]" * 5000),
    "objects_nested_deep": b'{"a":' * LARGE,
    "not_a_number": b'{"value": NaN}',
    "infinite": b'{"value": -Infinity}',
    "not_utf_8": b'{"value": "\xff\xfe"}',
    "utf_16": '{"value": 1}'.encode("utf-16"),
    "half_a_character_raw": b'{"value": "\xed\xa0\xbd"}',
    "nothing": b"",
    "cut": b'{"value": [{"key": "',
}


@pytest.mark.parametrize("case", HOSTILE_JSON)
def test_json_beyond_the_bounds_is_one_kind_of_error(case: Any) -> None:
    body = HOSTILE_JSON[case]
    with at_once(), suppress(ValueError):
        json.dumps(read_json(body), ensure_ascii=False).encode()  # if it is read after all, it is whole
    with at_once():
        assert error_code(body) == ""
    with at_once(), pytest.raises(UnreadablePageError):
        page(body).rows(COLUMNS)


@given(anything)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    """Within the bounds; half a character becomes a replacement character."""
    text = json.dumps(value)
    finite = "NaN" not in text and "Infinity" not in text
    if finite and not re.search(r"\\ud[89a-f]", text):
        assert read_json(text.encode()) == json.loads(text)
    else:
        with suppress(ValueError):
            json.dumps(read_json(text.encode()), ensure_ascii=False).encode()  # whole characters only


@given(anything | st.binary())
def test_a_code_is_a_code_or_nothing(value: Any) -> None:
    """I11: nothing but a code is passed on, whatever stands in its place."""
    body = value if isinstance(value, bytes) else json.dumps({"error": {"code": value}}).encode()
    assert re.fullmatch(r"(0x[0-9a-f]{1,8})?", error_code(body))


# Pages

WORDS = (b'"@odata.nextLink"', b'"value"', b":", b"[", b"]", b"{", b"}", b",", b'"', b"\\", b'"key":"k","area":null')


@given(mixed(*WORDS) | anything.map(lambda value: json.dumps({"value": value}).encode()))
def test_a_page_is_read_or_is_unreadable(body: Any) -> None:
    with suppress(UnreadablePageError):
        for row in page(body).rows(COLUMNS):
            assert row.keys() >= COLUMNS


def rows_of(*rows, **more):
    return page(json.dumps({"value": rows} | more).encode()).rows(COLUMNS)


def test_a_row_with_its_id_is_a_row() -> None:
    row = {"@odata.etag": 'W/"1"', "key": "k", "area": None, "rowid": ID, "area@x": [1]}
    assert rows_of(row, row) == [row, row]
    assert rows_of() == []


@pytest.mark.parametrize(
    "value", ["\\N", "a\tb", "a\nb", "\\.", "", ID + "\n", "Åse", "'; --", None, 7, [ID], {"id": ID}, "a" * 65, "\0"]
)
def test_a_row_id_that_is_none_is_never_passed_on(value: Any) -> None:
    """It goes into COPY as it is."""
    good = {"key": "k", "area": None, "rowid": ID}
    for rows in ([good | {"rowid": value}], [good, good | {"rowid": value}], [good, {"key": "k", "area": None}]):
        with pytest.raises(UnreadablePageError, match="dataverse_row_id_malformed"):
            rows_of(*rows)


def test_a_link_without_end_is_no_link() -> None:
    with at_once():
        for link in ("x" * LARGE, "\\" * LARGE, '"' * LARGE):
            with pytest.raises(UnreadablePageError):
                page(json.dumps({"value": [], "@odata.nextLink": link}).encode())
        with pytest.raises(UnreadablePageError):
            page(b'"@odata.nextLink"' + b" " * LARGE + b":" + b" " * LARGE)


@given(st.text(max_size=40).map("https://hlf.crm4.dynamics.com".__add__) | st.text(max_size=40))
def test_a_link_leads_here_or_is_refused(link: Any) -> None:
    """Whatever a service gives as its next link."""
    here = Origin("https://hlf.crm4.dynamics.com")
    with suppress(WebsiteMisconfiguredError):
        assert here.address(link).host == "hlf.crm4.dynamics.com"


# Multipart

PIECES = (b"--b", b"--", b"\r\n", b"\n", b"\n\n", b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.1 ", b"Retry-After: 7", b":")


@given(
    mixed(*PIECES, most=30),
    st.sampled_from(["multipart/mixed; boundary=b", "multipart/mixed", 'multipart/mixed; boundary="ø€"']) | st.text(),
    st.integers(0, 4),
)
def test_a_batch_reply_has_as_many_parts_as_were_asked(body: Any, content_type: Any, expected: Any) -> None:
    parts = multipart.read(body, content_type, expected)
    assert len(parts) == expected
    for part in parts:
        if part is not None:
            assert 100 <= part.status < 600
            assert part.header("retry-after") is None or part.body() is not None


HOSTILE_BODIES = {
    "spaces_in_a_delimiter": b"--x" + b" " * LARGE + b"y",
    "delimiters_that_are_none": b"\n-- " * LARGE,
    "long_delimiters": b"\n--" + b"x" * LARGE,
    "many_delimiters": b"\n--b" * LARGE,
    "blank_lines": b"--b\n" + b"\r\n" * LARGE + b"\n--b--",
    "status_lines": b"--b" + b"\n\nHTTP/" * LARGE + b"\n--b--",
    "a_version_without_end": b"--b\n\nHTTP/" + b"1" * LARGE + b"\n--b--",
}


@pytest.mark.parametrize("case", HOSTILE_BODIES)
@pytest.mark.parametrize("content_type", ["multipart/mixed", "multipart/mixed; boundary=b", 'x; boundary="' * 5000])
def test_a_batch_reply_is_read_in_linear_time(case: Any, content_type: str) -> None:
    with at_once():
        assert multipart.read(HOSTILE_BODIES[case], content_type, 3) == [None] * 3


@pytest.mark.parametrize(
    "head",
    [
        b"retry-after:" + b" " * LARGE + b"x",
        b"retry-after: x" + b" " * LARGE + b"y",
        b"retry-after" + b"\t" * LARGE,
        b"retry-after\n" * (LARGE // 10),
        b"x: 1\n" * LARGE,
    ],
    ids=["before", "within", "no_colon", "lines", "headers"],
)
def test_a_parts_header_is_read_in_linear_time(head: bytes) -> None:
    with at_once():
        ReplyPart(400, head + b"\r\n\r\n{}").header("retry-after")


@given(
    st.sampled_from(["Retry-After", "retry-after", "x"]), st.text("ab: \t", max_size=8), st.sampled_from(["", " \t"])
)
def test_a_parts_header_is_what_stands_after_its_name(name: Any, value: Any, space: Any) -> None:
    part = ReplyPart(400, f"y: 0\r\n{name}{space}:{value}\r\nretry-after: 2\r\n\r\n{{}}".encode())
    assert part.header("RETRY-AFTER") == (value.strip(" \t") if name != "x" else "2")


# What is shown


@given(anything, anything)
def test_any_two_values_are_the_same_or_not(written: Any, read: Any) -> None:
    assert is_shown({"a": written}, {"a": read}) in {True, False}


@given(st.datetimes().map(datetime.isoformat), st.sampled_from(["", "Z", "+23:59", "-23:59", "+00:00:30"]), anything)
def test_any_two_times_are_the_same_or_not(time_: Any, zone: Any, read: Any) -> None:
    assert is_shown({"a": time_ + zone}, {"a": read}) in {True, False}
    assert is_shown({"a": time_ + zone}, {"a": "0001-01-01T00:00:00+23:59"}) in {True, False}


# What is logged

AS_IT_WAS = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+\.[^\s@<>\"',;:()]+")


@given(st.text("a@. ,x-\n", max_size=24))
def test_redacting_in_linear_time_finds_what_it_found(text: Any) -> None:
    assert redact(text) == AS_IT_WAS.sub("[e-mail]", text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * LARGE,
        "@" * LARGE,
        "a@" * LARGE,
        "a@b" * LARGE,
        "a." * LARGE,
        "a@" + "b" * LARGE,
        "1" * LARGE,
        "1 " * LARGE,
    ],
)
def test_redacting_takes_linear_time(text: str) -> None:
    with at_once():
        redact(text)
    assert redact("x" * LARGE + "@example.no") == "[e-mail]"


@pytest.mark.parametrize("flag", [[True], {"a": True}, float("inf"), None, "true", 1])
def test_a_flag_of_another_type_hides_nobody_and_breaks_nothing(flag: Any) -> None:
    """A list was a TypeError, which ended the comparison."""
    site = Site(1, "t", "k", (), {"p": True}, {"p": False})
    row_id = "6f7c1c1e-0000-4000-8000-000000000001"
    [seen] = seen_rows([site], [{"k": row_id, "p": flag, "tid": row_id}])
    assert seen[3] == Visibility.UNSURE
