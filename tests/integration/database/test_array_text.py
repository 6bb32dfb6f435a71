"""Arrays in text arrive as they were: what is sent to the website is recorded by them (I6)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.adapters.postgres.array_text import id_array, plain_array, text_array

if TYPE_CHECKING:
    import psycopg

# PostgreSQL's text holds no NUL, and UTF-8 no half of a pair; the driver refuses both, as in any other parameter.
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(st.none() | TEXTS))
@example([])
@example(["", "NULL", "null", None, "{}", ",", " ", '"', "\\", '\\"', 'W/"1"', "a\r\nb", "%s"])
def test_texts_arrive_as_they_were(connection: psycopg.Connection, texts: list[str | None]) -> None:
    row = connection.execute("SELECT %s::text[]", (text_array(texts),)).fetchone()
    assert row == (texts,)


def test_ids_and_words_arrive_as_they_were(connection: psycopg.Connection) -> None:
    ids = [uuid4(), UUID(int=0), UUID(int=2**128 - 1)]
    row = connection.execute(
        "SELECT %s::uuid[], %s::boolean[], %s::text[]",
        (id_array(ids), plain_array([True, False]), plain_array(["accepted", "not_now"])),
    ).fetchone()
    assert row == (ids, [True, False], ["accepted", "not_now"])
