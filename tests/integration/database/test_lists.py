"""A list that SQL and Python both have is the same in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.stack.database import ROLES
from shared.adapters.postgres.migrate import FUNCTIONS
from shared.domain.mail.notices import SECTIONS, NoticeKind
from shared.domain.runs import Step

if TYPE_CHECKING:
    import psycopg


def column(connection: psycopg.Connection[Any], query: str) -> list[str]:
    return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_the_kinds_of_notices(connection: psycopg.Connection[Any]) -> None:
    assert column(connection, "SELECT kind FROM certification.notice_kinds()") == list(NoticeKind)


def test_the_steps_of_the_nightly_check_in_their_order(connection: psycopg.Connection[Any]) -> None:
    assert column(connection, "SELECT step FROM certification.nightly_steps()") == list(Step)


def test_a_kind_is_written_by_steps_that_there_are(connection: psycopg.Connection[Any]) -> None:
    writing = "SELECT DISTINCT unnest(steps) FROM certification.notice_kinds()"
    assert set(column(connection, writing)) <= set(Step)


def test_the_functions_that_have_a_login(connection: psycopg.Connection[Any]) -> None:
    """Of template.yaml and of SQL, which makes their roles."""
    named = column(connection, "SELECT DISTINCT 'certification_' || function FROM certification.functions()")
    assert sorted(named) == sorted(ROLES.values())


def test_every_section_of_a_digest_has_lines() -> None:
    lines = (FUNCTIONS / "notices" / "digests.sql").read_text(encoding="utf-8")
    assert [section for section in SECTIONS if f"'{section}'" not in lines] == []
