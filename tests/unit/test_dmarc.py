"""DMARC: whose record counts, and when there is none (RFC 7489, draft-ietf-dmarc-dmarcbis)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.integration.dmarc import Dmarc, dmarc_of

GOOD = "v=DMARC1; p=quarantine; rua=mailto:dmarc@hlf.example"


def of(domain: str, **texts: list[str]) -> Dmarc:
    """The keys are domains with _ for the full stop."""
    records = {"_dmarc." + name.replace("_", "."): found for name, found in texts.items()}
    return dmarc_of(domain, lambda name: records.get(name, []))


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        (GOOD, "quarantine"),
        ("v=DMARC1;p=reject", "reject"),
        ("v=DMARC1; p=none;", "none"),
        ("v = DMARC1 ; P = Reject ; sp=none", "reject"),
        ("v=DMARC1; rua=mailto:dmarc@hlf.example", "none"),
    ],
)
def test_the_own_record_is_read(record: str, policy: str) -> None:
    assert of("hlf.no", hlf_no=[record]) == Dmarc("_dmarc.hlf.no", policy)


def test_the_domain_above_counts_where_there_is_no_own() -> None:
    """Its sp, if it has one, is for the domains below it."""
    assert of("post.hlf.no", hlf_no=[GOOD]) == Dmarc("_dmarc.hlf.no", "quarantine")
    assert of("a.post.hlf.no", hlf_no=["v=DMARC1; p=reject; sp=none"]) == Dmarc("_dmarc.hlf.no", "none")
    assert of("post.hlf.no", post_hlf_no=["v=DMARC1; p=none; sp=reject"], hlf_no=[GOOD]).policy == "none"
    # Of two above, the organisation's counts, not the one between.
    assert of("a.post.hlf.no", post_hlf_no=["v=DMARC1; p=reject"], hlf_no=[GOOD]).name == "_dmarc.hlf.no"


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "there is no record at _dmarc.post.hlf.no or _dmarc.hlf.no"),
        (["v=spf1 -all", "a v=DMARC1; p=none"], "there is no record at _dmarc.post.hlf.no or _dmarc.hlf.no"),
        (["v=DMARC10; p=none"], "there is no record at _dmarc.post.hlf.no or _dmarc.hlf.no"),
        ([GOOD, GOOD], "_dmarc.post.hlf.no has 2 records, so recipients obey none"),
        (["v=DMARC1"], "the record at _dmarc.post.hlf.no has no policy p=none, p=quarantine or p=reject"),
        (["v=DMARC1; p=all"], "the record at _dmarc.post.hlf.no has no policy p=none, p=quarantine or p=reject"),
    ],
)
def test_what_is_no_policy_is_said(records: list[str], said: str) -> None:
    assert of("post.hlf.no", post_hlf_no=records).problem == said


def test_a_top_level_domain_is_not_asked() -> None:
    """It is nobody's sender."""
    asked: list[str] = []

    def texts_of(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ()

    dmarc_of("A.Post.HLF.no.", texts_of)
    assert asked == ["_dmarc.a.post.hlf.no", "_dmarc.hlf.no", "_dmarc.post.hlf.no"]


@given(st.text(alphabet="v=DMARC1; psnoequarti\t", max_size=60), st.text(min_size=1, max_size=40))
def test_any_record_has_a_policy_or_a_problem(record: str, domain: str) -> None:
    found = dmarc_of(domain, lambda _: [record])
    assert bool(found.policy) != bool(found.problem)
