"""Event patterns, held against the EventBridge User Guide and against another maker's matcher (ministack's)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.lambda_host.template.event_patterns import EventPatternError, read_pattern
from local.stack.aws import CREDENTIALS, REGION, LocalAws
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator


# "Creating Amazon EventBridge event patterns": the example event of EC2, shortened.
EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "arn:aws:ec2:::instance/b"],
    "detail": {
        "instance-id": "i-1234567890abcdef0",
        "state": "terminated",
        "c-count": 5,
        "ratio": 301.8,
        "on": True,
        "nothing": None,
        "empty": [],
        "tags": {"ses:configuration-set": ["mine", "ours"]},
        "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
    },
}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"state": ["terminated"]}, True),
        ({"state": ["running", "terminated"]}, True),  # one of the values is enough
        ({"state": ["Terminated"]}, False),
        ({"state": ["terminated"], "c-count": [6]}, False),  # every field has to match
        ({"no-such": ["terminated"]}, False),
        ({"c-count": [5]}, True),
        ({"c-count": ["5"]}, False),
        ({"on": [True]}, True),
        ({"on": [1]}, False),
        ({"nothing": [None]}, True),
        ({"state": [None]}, False),
        ({"tags": {"ses:configuration-set": ["ours"]}}, True),  # an array matches by any of its elements
        ({"tags": {"ses:configuration-set": ["theirs"]}}, False),
        ({"tags": ["mine"]}, False),  # an object is no value
        ({"state": {"deeper": ["terminated"]}}, False),
        ({"parts": {"name": ["a"], "size": [1]}}, True),
        ({"parts": {"name": ["a"], "size": [2]}}, False),  # no one object has both
        ({"state": [{"prefix": "term"}]}, True),
        ({"state": [{"prefix": "inated"}]}, False),
        ({"c-count": [{"prefix": "5"}]}, False),  # "You can use prefix matching for string values"
        ({"state": [{"suffix": "ated"}]}, True),
        ({"state": [{"equals-ignore-case": "TERMINATED"}]}, True),
        ({"state": [{"anything-but": "initializing"}]}, True),
        ({"state": [{"anything-but": ["stopped", "terminated"]}]}, False),
        ({"c-count": [{"anything-but": [100, 5]}]}, False),
        ({"no-such": [{"anything-but": "initializing"}]}, False),
        ({"state": [{"anything-but": {"prefix": "term"}}]}, False),
        ({"state": [{"anything-but": {"suffix": ".png"}}]}, True),
        ({"c-count": [{"exists": True}]}, True),
        ({"c-count": [{"exists": False}]}, False),
        ({"no-such": [{"exists": False}]}, True),
        ({"tags": [{"exists": True}]}, False),  # "It does not work on intermediate nodes"
        ({"tags": [{"exists": False}]}, True),
        ({"nothing": [{"exists": True}]}, True),
        ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"c-count": [{"numeric": [">", 0, "<", 5]}]}, False),
        ({"ratio": [{"numeric": ["=", 3.018e2]}]}, True),
        ({"state": [{"numeric": ["<", 10]}]}, False),
        ({"state": ["running", {"prefix": "term"}]}, True),
    ],
)
def test_a_pattern_matches_as_the_guide_has_it(bus: Any, detail: dict[str, Any], expected: bool) -> None:
    """The User Guide's rules and examples; ministack's matcher says the same of each."""
    pattern = {"source": ["aws.ec2"], "detail": detail}
    assert read_pattern(pattern).matches(EVENT) is expected
    assert theirs(bus, pattern, EVENT) is expected


def test_numbers_are_compared_as_they_are_written() -> None:
    """The User Guide: "300, 300.0, and 3.0e2 are not considered equal". ministack's matcher takes them for equal."""
    assert not read_pattern({"detail": {"c-count": [5.0]}}).matches(EVENT)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ({}, "at least one field"),
        ({"source": "aws.ec2"}, "source: must be an object, or an array"),
        ({"source": []}, "source: must be an object, or an array"),
        ({"source": [["aws.ec2"]]}, "source: an array must hold values"),
        ({"detail": {}}, "EventPattern.detail: must be an object with at least one field"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "one operator, not prefix, suffix"),
        ({"source": [{"cidr": "10.0.0.0/24"}]}, "the operator cidr is not served here"),
        ({"source": [{"wildcard": "a*"}]}, "the operator wildcard is not served here"),
        ({"$or": [{"source": ["a"]}]}, r"\$or is not served here"),
        ({"source": [{"prefix": {"equals-ignore-case": "a"}}]}, "must be a string"),
        ({"source": [{"anything-but": {"wildcard": "a"}}]}, "is not served here"),
        ({"source": [{"anything-but": ["a", 1]}]}, "a list of one of them"),
        ({"source": [{"exists": "yes"}]}, "must be true or false"),
        ({"source": [{"numeric": [">"]}]}, "must be one comparison"),
        ({"source": [{"numeric": ["<", 5, ">", 0]}]}, "must be one comparison"),
        ({"source": [{"numeric": ["=", 6e9]}]}, "between"),
    ],
)
def test_what_is_not_understood_is_refused(pattern: dict[str, Any], said: str) -> None:
    """A pattern that is not served, or that EventBridge refuses, never matches in silence."""
    with pytest.raises(EventPatternError, match=said):
        read_pattern(pattern)


WORDS = st.sampled_from(["a", "ab", "b", "A", ""])
NUMBERS = st.sampled_from([0, 1, 1.5, -2])
SCALARS = st.one_of(WORDS, NUMBERS, st.booleans(), st.none())
FIELDS = st.sampled_from(["x", "y", "z"])
VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(SCALARS, max_size=3)),
    lambda inner: st.dictionaries(FIELDS, inner, max_size=2),
    max_leaves=4,
)
TESTS = st.one_of(
    SCALARS,
    st.builds(lambda word: {"prefix": word}, WORDS.filter(bool)),
    st.builds(lambda word: {"suffix": word}, WORDS.filter(bool)),
    st.builds(lambda word: {"equals-ignore-case": word}, WORDS),
    st.builds(lambda word: {"anything-but": word}, st.one_of(WORDS, NUMBERS)),
    st.builds(lambda words: {"anything-but": words}, st.lists(WORDS, min_size=1, max_size=2, unique=True)),
    st.builds(lambda word: {"anything-but": {"prefix": word}}, WORDS.filter(bool)),
    st.builds(lambda low: {"numeric": [">=", low]}, NUMBERS),
    st.builds(lambda truth: {"exists": truth}, st.booleans()),
)
PATTERNS = st.recursive(
    st.lists(TESTS, min_size=1, max_size=2),
    lambda inner: st.dictionaries(FIELDS, inner, min_size=1, max_size=2),
    max_leaves=4,
)


@settings(max_examples=examples(300), deadline=None)
@given(pattern=st.dictionaries(FIELDS, PATTERNS, min_size=1, max_size=2), detail=st.dictionaries(FIELDS, VALUES))
def test_two_matchers_agree_on_any_event(bus: Any, pattern: dict[str, Any], detail: dict[str, Any]) -> None:
    """Over random patterns and events, what is served here matches as in a matcher that others wrote."""
    whole, event = {"detail": pattern}, EVENT | {"detail": detail}
    assert read_pattern(whole).matches(event) is theirs(bus, whole, event)


def theirs(bus: Any, pattern: object, event: object) -> bool:
    return bus.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """EventBridge as ministack has it."""
    with LocalAws(Path(tmp_path_factory.mktemp("aws")), services="events") as aws:
        client = boto3.client(
            "events",
            REGION,
            endpoint_url=aws.url,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        yield client
        client.close()
