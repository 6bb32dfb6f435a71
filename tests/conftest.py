"""Real PostgreSQL for every test that asks for it: one server a session, one database a test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time as clock
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import settings

from emulators.dataverse.access.protection import Limits
from emulators.dataverse.process import LocalDataverse
from emulators.ses.server import LocalSes
from local import surroundings
from local.stack import database as local_database
from local.stack.postgres import Postgres
from local.stack.stack import endpoints
from tests.support.foundation import DAY, Foundation
from tests.support.nightly_checks import OSLO, Functions
from tests.support.reconciling import Reconciler
from tests.support.syncs import Crew, EmulatedWebsite, two_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.syncs import SyncWorker

pytest_plugins = ["tests.support.browser.plugin"]

TEMPLATE = "certification_template"

# What is tested is not what this machine's user has set for other programs; its children inherit that.
# Only what is installed on the way needs the proxies and authorities of this machine.
INSTALLING = dict(os.environ)
surroundings.forget_everything()
os.environ.pop("COLUMNS", None)  # a worker of xdist comes with one; each test sets the width that it means

# CI runs the same examples every time, so that red means that something was changed; everybody else explores.
# `make test` tries a fifth of the examples, `make test-slow` all of them (tests/support/examples.py).
_SAME = bool(os.environ.get("CI"))
settings.register_profile("thorough", max_examples=100, derandomize=_SAME)
settings.register_profile("fast", max_examples=20, derandomize=_SAME)
settings.load_profile("fast")
_numbers = itertools.count(1)
_MEMORY, _IN_MEMORY = Path("/dev/shm"), "hlf-certification-tests-"  # noqa: S108 - through mkdtemp
_ENOUGH_BYTES = 2**30
_OLD_SECONDS = 24 * 3600
_MOST_WORKERS = 8
_LONG_FIRST = {"e2e", "faults", "functions", "operations"}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker the surroundings of its parent, which has forgotten them by the time it starts the worker."""
    node.workerinput["installing"] = INSTALLING


def pytest_configure(config: Any) -> None:
    INSTALLING.update(getattr(config, "workerinput", {}).get("installing", {}))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than this process may use cores, because tests also wait.

    Each worker starts a database server of its own.
    """
    return min((os.process_cpu_count() or 1) + 1, _MOST_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders of long files, in random order, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: _LONG_FIRST.isdisjoint(item.path.parts))


@dataclass(frozen=True)
class TestDatabase:
    """A fresh database with the foundation and all migrations."""

    __test__ = False

    postgres: Postgres
    name: str

    @property
    def dsn(self) -> str:
        """As the owner of everything."""
        return self.postgres.dsn(self.name)

    def connect(self) -> psycopg.Connection:
        """An autocommit connection as the owner."""
        return psycopg.connect(self.dsn, autocommit=True)

    def login(self, function: str) -> dict[str, Any]:
        """The secret of a login with the database role of a function of template.yaml."""
        return local_database.make_login(self.postgres, function, self.name)


@contextmanager
def in_memory(server: Postgres) -> Iterator[str]:
    """Lend the name of a tablespace in memory, or the usual one's when this machine has too little of it.

    A database is about 300 small files. A disk that others use too takes ten times as long to copy them.
    """
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES):
        yield "pg_default"
        return
    for left in _MEMORY.glob(f"{_IN_MEMORY}*"):  # by a run that was killed
        if clock.time() - left.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_IN_MEMORY, dir=_MEMORY))
    try:
        if server.owner is not None:
            os.chown(folder, server.owner.uid, server.owner.gid)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE memory LOCATION '{folder}'".encode())
        yield "memory"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One server for the session, without fsync, and with passwords that are cheap to check."""
    folder = tmp_path_factory.mktemp("postgres") / "server"
    server = Postgres(folder, durable=False, settings={"scram_iterations": "1"})
    server.start()
    with in_memory(server) as tablespace:
        try:
            with psycopg.connect(local_database.create(server, TEMPLATE)) as connection:
                # Tests about other things expire as many as they like; Foundation.brake sets the limits.
                connection.execute("UPDATE certification.standard SET brake_count = 1000000")
                # The audit has that change, and a test begins without any.
                connection.execute("SET LOCAL session_replication_role = replica")
                connection.execute("TRUNCATE certification.audit, certification.chain RESTART IDENTITY")
                connection.execute("SET LOCAL session_replication_role = origin")
                local_database.simulate_time(connection, datetime.combine(DAY, time(10), OSLO))
                connection.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{server.password}'".encode())
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(f"ALTER DATABASE {TEMPLATE} SET TABLESPACE {tablespace}".encode())
            yield server
        finally:
            server.destroy()


@pytest.fixture(scope="session")
def server(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """The connection that makes and drops the tests' databases."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(postgres: Postgres, server: psycopg.Connection) -> Iterator[TestDatabase]:
    """A database of this test's own."""
    name = f"test_{next(_numbers)}"
    copy_database(server, name, TEMPLATE)
    yield TestDatabase(postgres, name)
    drop_database(server, name)


def copy_database(server: psycopg.Connection, name: str, template: str) -> None:
    """Copy a database without connections to it; the copy has the same tablespace."""
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'.encode())


def drop_database(server: psycopg.Connection, name: str) -> None:
    """Drop a database, and end the connections to it."""
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def connection(database: TestDatabase) -> Iterator[psycopg.Connection]:
    """An autocommit connection to it, as the owner."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def foundation(connection: psycopg.Connection) -> Foundation:
    """The people of the test's database."""
    return Foundation(connection)


@pytest.fixture
def functions(database: TestDatabase) -> Iterator[Functions]:
    """Nightly checks and sendings on the test's database."""
    with Functions(database.login, database.dsn) as functions:
        yield functions


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSes]:
    """A mail service for the functions of this process."""
    with LocalSes() as ses:
        for name, value in endpoints(ses.url, ses.url).items():
            monkeypatch.setenv(name, value)
        yield ses


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    """One Dataverse for the session, with two tables of mentors."""
    folder = tmp_path_factory.mktemp("dataverse")
    with LocalDataverse(folder, limits="off", schema=two_tables(folder / "schema.json")) as emulator:
        yield emulator


@pytest.fixture
def site(emulator_process: LocalDataverse) -> Iterator[EmulatedWebsite]:
    """The website as new, without mentors and without the service's limits."""
    with EmulatedWebsite(emulator_process.url) as site:
        site.reset()
        site.limits(**Limits(enabled=False).model_dump())
        yield site


@pytest.fixture
def crew(database: TestDatabase, emulator_process: LocalDataverse, site: EmulatedWebsite) -> Iterator[Crew]:
    """Workers of dynamics_sync on the test's database and the website."""
    with Crew(database.login("DynamicsSync"), database.dsn, emulator_process) as crew:
        yield crew


@pytest.fixture
def worker(crew: Crew) -> SyncWorker:
    """One of them, who sleeps through no pause."""
    return crew.worker()


@pytest.fixture
def reconciler(database: TestDatabase, crew: Crew) -> Iterator[Reconciler]:
    """Reconciliation on the test's database and the website."""
    with Reconciler(database.login("Reconciliation"), crew.url, crew.secret) as reconciler:
        yield reconciler
