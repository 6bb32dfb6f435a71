"""The sync benchmark counts what it says: workers of the changes, kinds of processes, seconds until all is settled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest

from benchmarks import document
from benchmarks.overview import block_of
from benchmarks.sync.cpu import EMULATOR, OTHER, POSTGRES, QUEUES, SELF, SENDERS, cpu_seconds, kind
from benchmarks.sync.document import write
from benchmarks.sync.limits import WithinLimits
from benchmarks.sync.mentors import LOAD
from benchmarks.sync.pushes import Push
from benchmarks.sync.report import SyncMeasurements, figures
from benchmarks.sync.rounds import CONSUMER, FLOOR, PATCH, SCRIPT_BEST, SCRIPT_PLAIN, SDK
from benchmarks.sync.script import ScriptForm
from benchmarks.sync.senders import senders
from benchmarks.sync.stack import CONSUMER as FUNCTION
from benchmarks.sync.stack import UNSYNCED, WITHOUT_SCANS, mapping_of
from emulators.dataverse.access.protection import Limits
from emulators.dataverse.process import LocalDataverse
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack
from local.stack.aws import LocalAws
from local.stack.parameters import local_template

if TYPE_CHECKING:
    from tests.conftest import TestDatabase

FIXTURES = Path(__file__).parents[1] / "emulators" / "lambda_host" / "lambda_host_fixtures"


def test_the_workers_are_those_of_the_changes() -> None:
    """The repairs have a queue and workers of their own, which are fewer and the first in the template."""
    stack = Stack(local_template())
    of_consumer = [one for one in stack.template.event_source_mappings if one.function == FUNCTION]
    assert len({one.maximum_concurrency for one in of_consumer}) == 2
    assert mapping_of(stack).logical_id == "DynamicsSyncRequests"


def children() -> set[int]:
    """Return the ids of this process's children."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_a_server_of_postgresql_is_known(connection: psycopg.Connection) -> None:
    """By the file that it executes: the server and the process of each connection."""
    assert kind(connection.info.backend_pid) == POSTGRES


def test_a_word_among_the_arguments_tells_nothing() -> None:
    """A path or a connection string with the word is not PostgreSQL, nor is what only names a function."""
    words = ["postgres", "postgresql://postgres@127.0.0.1/postgres", "-m", "awslambdaric", "functions.dynamics_sync.a"]
    with subprocess.Popen([sys.executable, "-c", "input()", *words], stdin=subprocess.PIPE) as child:
        assert kind(child.pid) == OTHER


def test_the_emulators_are_known(tmp_path: Path) -> None:
    """Dataverse by its module, and SQS by the script of its server."""
    before = children()
    with LocalDataverse(tmp_path), LocalAws(tmp_path):
        assert {kind(pid) for pid in children() - before} == {EMULATOR, QUEUES}


def test_a_function_is_known_by_its_module() -> None:
    """As the Lambda host runs it: the real runtime client."""
    with LambdaHost(Stack(load_template(FIXTURES / "template.yaml")), FIXTURES / "task") as host:
        before = children()
        host.invoke("Echo", {})
        assert [kind(pid) for pid in children() - before] == ["handlers"]


def test_a_sending_program_is_known(tmp_path: Path) -> None:
    """The processes of the other ways; this process is the rest of the local stack."""
    with LocalDataverse(tmp_path) as emulator:
        form = {"grant_type": "client_credentials", "scope": f"{emulator.url}/.default"}
        form |= {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
        token = httpx.post(emulator.token_url, data=form).raise_for_status().json()["access_token"]
        command = [sys.executable, "-m", "benchmarks.sync.sender", emulator.url, token]
        before = children()
        with senders("sender", command, 2, tmp_path) as programs:
            programs.send()  # nothing, so that they are started
            assert [kind(pid) for pid in children() - before] == [SENDERS, SENDERS]
            assert {SELF, SENDERS, EMULATOR} <= cpu_seconds().keys()


def test_polling_reads_the_index_of_the_unsynced(database: TestDatabase) -> None:
    """Not the table, which is full of dead rows after a push."""
    with psycopg.connect(database.dsn, options=WITHOUT_SCANS) as connection:
        plan = connection.execute(f"EXPLAIN {UNSYNCED}".encode()).fetchall()
    assert "listings_unsynced" in str(plan)


def test_every_organisation_has_had_its_nightly_check(connection: psycopg.Connection) -> None:
    """Without the evaluated day the mass-change limit joins nothing. Half of the mentors are in one organisation."""
    for statement in LOAD:
        connection.execute(statement.format(mentors=120).encode())
    rows = connection.execute(
        "SELECT count(*), bool_and(e.day = certification.today_in(o.timezone)) FROM public.organisations AS o"
        " LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id"
        " JOIN public.peer_mentors AS m ON m.organisation_id = o.id GROUP BY o.id ORDER BY 1 DESC"
    ).fetchall()
    assert rows == [(60, True), *[(10, True)] * 6]


def measured() -> SyncMeasurements:
    """Return measurements where the consumer settles 10 listings in a second, half of it after the last commit."""

    def push(settled: float) -> list[Push]:
        return [Push(settled, 0.5, 10, {EMULATOR: 0.25, POSTGRES: 0.75})] * 3

    limits = WithinLimits(Limits(), Push(1.25, 0.1, 1, {}), 0.1, 0.2, 0.3, 0)
    others = {FLOOR: 0.25, PATCH: 6.0, SDK: 0.5, SCRIPT_PLAIN: 0.75, SCRIPT_BEST: 0.5}
    return SyncMeasurements(
        listings=10,
        in_hand=(1, 1),
        to_site=[1.0, 2.0],
        bare=[1.0, 2.0],
        sdk_ways={("batch", size): 0.5 for size in range(10, 30)},
        sdk_way=("batch", 10),
        script_forms={ScriptForm(1, 10): 0.75},
        plain=ScriptForm(1, 10),
        best=ScriptForm(1, 10),
        pushes={CONSUMER: push(1.0)} | {way: push(seconds) for way, seconds in others.items()},
        limits=[limits] * 3,
    )


def test_figures_are_of_the_time_until_all_is_settled() -> None:
    """The last commit is half of it here. Ten listings of 25 ms, one at a time, cannot take less than 0.25 s."""
    found = figures(measured())
    ratios = {name.removeprefix("push_vs_"): value for name, value in found.items() if name.startswith("push_vs_")}
    assert ratios == {"floor": 0.25, "patch": 6.0, "sdk": 0.5, "sdk_script_plain": 0.75, "sdk_script_best": 0.5}
    assert found["push_paced_vs_possible"] == pytest.approx(5.0)
    assert found["cpu_ms_per_listing"] == pytest.approx(100.0)


def test_a_run_writes_its_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure stands in one of them."""
    copy = tmp_path / "performance.md"
    copy.write_text(document.DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(document, "DOCUMENT", copy)
    write(measured())
    text = copy.read_text(encoding="utf-8")
    blocks = [block_of(text, f"bench-sync {part}") for part in ("changes", "pushes", "limits")]
    found = [name for block in blocks for name in figures(measured()) if f"| `{name}` |" in block]
    assert sorted(found) == sorted(figures(measured()))
