"""The commands of operations on a stack that is up: a manual edit is found, repaired, confirmed and told of."""

from __future__ import annotations

import json
import time
from datetime import datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from emulators.lambda_host.template.provision import local_clients
from local.sample_data.generate import DEFAULT_AS_OF
from local.stack import database
from operations.dates import OSLO
from tests.support.there import there

if TYPE_CHECKING:
    from tests.support.command_line import Local

pytestmark = pytest.mark.slow

SYNCED = "SELECT count(*) = 0 FROM certification.listings WHERE synced_version < desired_version"


def settle(connection: psycopg.Connection) -> None:
    """Wait until the website is up to date, and then for as long as a write is left alone: that is, not at all."""
    deadline = time.monotonic() + 20
    while connection.execute(SYNCED).fetchone() != (True,):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    connection.execute("UPDATE certification.listings SET changed_at = '2026-01-01', synced_at = '2026-01-01'")


def test_a_manual_edit_is_found_repaired_confirmed_and_reported(up: tuple[Local, dict[str, Any]]) -> None:
    """The proof says who differs, status that something does, and both when it is over; dead letters are replayed."""
    local, addresses = up
    with psycopg.connect(addresses["dsn"], autocommit=True) as connection:
        organisations = [row[0] for row in connection.execute("SELECT id FROM organisations")]
        # Whatever day it is today.
        database.simulate_time(connection, datetime.combine(DEFAULT_AS_OF, time_of_day(10), OSLO))
        database.set_evaluated(connection, organisations, DEFAULT_AS_OF)
        database.publish_again(addresses["dsn"])
        settle(connection)
        mentor, name = there(
            connection.execute(
                "SELECT m.id::text, m.last_name FROM certification.listings AS l"
                " JOIN peer_mentors AS m ON m.id = l.mentor_id WHERE l.state = 'live' ORDER BY m.id LIMIT 1"
            ).fetchone()
        )
        edit = {"key": mentor, "change": {"statecode": 1, "statuscode": 2}}
        httpx.post(f"{addresses['dataverse']}/_emulator/rows/hlf_peermentors", json=edit).raise_for_status()

        assert "No. 1 is not shown who should be" in local.run("reconcile", "--full", expect=1)
        page = local.run("proof", expect=1)
        assert mentor in page
        assert name not in page
        assert "1 difference on the website, repairs are under way" in local.run("status", expect=1)
        settle(connection)
    assert "Everything is as it should be." in local.run("reconcile", "--sweep")
    found = json.loads(local.run("proof", "--json", expect=1))["differences"]
    assert [(one["class"], one["mentor_id"], one["outcome"]) for one in found] == [("missing", mentor, "confirmed")]

    sqs, queue = local_clients(addresses["aws"]).sqs, addresses["outputs"]["SyncDeadLettersUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"mentors": [{"id": mentor, "version": 1}]}))
    assert "1 message asked for again" in local.run("dlq", "replay")


def test_without_a_stack_there_are_no_queues_to_look_at(local: Local) -> None:
    """Bad input gets a clear error."""
    assert "no local stack is up" in " ".join(local.run("dlq", "list", expect=3).split())
