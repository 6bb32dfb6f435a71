"""I18: a database that takes what it is sent and never responds holds no function until it is stopped."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from shared.adapters.postgres import connection as adapter
from shared.adapters.postgres.connection import KeptConnection, call, connect
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.deadlines import all_but, function_ends_in
from shared.domain.errors import ConnectionLostError
from shared.domain.runs import RunState, Verdict
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import Functions, at_night
from tests.support.wire import KillingProxy, _Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

LEFT = 4.0
"""Seconds until the function is stopped; a second of them is its own."""


@contextmanager
def in_the_functions_time() -> Iterator[None]:
    with function_ends_in(LEFT):
        began = time.monotonic()
        yield
        assert time.monotonic() - began < LEFT - 0.3


class Frozen(_Listener):
    """Takes connections and says nothing."""

    def serve(self, _: Any) -> None:
        time.sleep(LEFT + 1)


def frozen_at(database: Any, statement: int) -> KillingProxy:
    """A way to the database on which one statement is taken and not passed on."""
    return KillingProxy(database.postgres.port, statement, "before", lambda: time.sleep(LEFT + 1))


def test_a_statement_that_is_never_answered_is_given_up(database: TestDatabase) -> None:
    """As behind a server that was stopped; the connection is not used again."""
    secret = database.login("ExpiryCheck")
    with in_the_functions_time(), pytest.raises(ConnectionLostError, match=r"^database_connection_lost$"):  # noqa: SIM117
        with connect(lambda _: secret) as ours:
            call(ours, "SELECT pg_sleep(60)", {})
    with connect(lambda _: secret) as ours:
        assert call(ours, "SELECT pg_sleep(1.2), 1 AS n", {})[0]["n"] == 1


def test_a_statement_that_was_given_up_leaves_time_for_another(database: TestDatabase) -> None:
    """On another connection, to write down how the run ended."""
    secret = database.login("ExpiryCheck")
    with in_the_functions_time(), connect(lambda _: secret) as ours:
        with pytest.raises(ConnectionLostError):
            call(ours, "SELECT pg_sleep(60)", {})
        assert call(ours, "SELECT 1 AS n", {}) == [{"n": 1}]


@pytest.mark.parametrize("at", [2, *(pytest.param(at, marks=pytest.mark.slow) for at in (4, 7, 10))])
def test_a_check_whose_connection_freezes_ends_with_a_reason(
    database: TestDatabase, foundation: Foundation, at: int
) -> None:
    """I18: on another connection, and the next nightly check does what was left."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation, DAY - days(2))
    mentor = foundation.mentor(organisation, DAY - days(1), consent=True)
    with (
        frozen_at(database, at) as proxy,
        Functions(lambda function: database.login(function) | {"port": proxy.port}) as functions,
        in_the_functions_time(),
        pytest.raises(ConnectionLostError),
    ):
        functions.nightly_check(DAY)
    ended = foundation.all("SELECT state, reason FROM certification.runs")
    assert ended == [("failed", "database_connection_lost")]
    with Functions(database.login) as functions:
        functions.nightly_check(DAY)
    assert foundation.status(mentor) == "certification_expired"


def test_a_run_whose_last_word_is_lost_says_it_again(database: TestDatabase, foundation: Foundation) -> None:
    """The connection dies with the statement that closes a run in which all went well."""
    with KillingProxy(database.postgres.port, 2, "before", lambda: None) as proxy:
        secret = database.login("ExpiryCheck") | {"port": proxy.port}
        with connect(lambda _: secret) as ours:
            runs = PostgresRuns(ours)
            runs.finish(runs.start("expiry_check", at_night(DAY), "r"), Verdict(RunState.SUCCEEDED))
    assert foundation.all("SELECT state FROM certification.runs") == ["succeeded"]


def test_a_database_that_never_says_welcome_is_given_up(database: TestDatabase) -> None:
    """And a name that nobody resolves: libpq looks it up without a limit."""
    secret = database.login("ExpiryCheck")
    with Frozen() as frozen, in_the_functions_time(), pytest.raises(ConnectionLostError, match="connection_failed"):  # noqa: SIM117
        with connect(lambda _: secret | {"port": frozen.port}):
            pass


def test_a_kept_connection_that_froze_is_replaced(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a pooler's does; there is time left for the work."""
    monkeypatch.setattr(adapter, "_PROBE_SECONDS", 0.5)
    secret = database.login("DynamicsSync")
    with frozen_at(database, 2) as proxy:
        kept = KeptConnection(lambda _: secret | {"port": proxy.port})
        with in_the_functions_time():
            for _ in range(2):
                with kept.use() as ours:
                    assert call(ours, "SELECT 1 AS n", {}) == [{"n": 1}]
        kept.close()


def test_the_time_for_a_statement_leaves_time_to_record() -> None:
    """Half of it near the end, and never nothing."""
    assert all_but(15) == float("inf")
    for left, seconds in ((61, 45), (21, 10), (3, 1), (1, 0.5), (-5, 0.5)):
        with function_ends_in(left):
            assert all_but(15) == pytest.approx(seconds, abs=0.05)
