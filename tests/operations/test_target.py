"""The system that a command works on is named, and a password never among the arguments."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
import typer

from operations.cli import COMMANDS, app
from operations.mounting import Group, WithoutSystem
from tests.support.foundation import DAY, days
from tests.support.operator import Operator
from tests.support.terminal import session

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

LEAVES = [
    words
    for name, command in COMMANDS.items()
    for words in ([(name, inner) for inner in command.commands] if isinstance(command, Group) else [(name,)])
    if not isinstance(command, WithoutSystem)
]
# What each takes beside the system; the rest takes nothing.
WHO = ("--actor", "turid", "--reason", "looked at it")
ARGUMENTS = {
    ("break-glass-export",): ("export.csv",),
    ("explain",): ("Kari Nordmann",),
    ("release-brake",): ("--org", "HLF Moss", *WHO),
    ("undo-run",): (str(uuid4()), *WHO),
    ("export-proofs",): ("--from", "2026-01-01", "--to", "2026-12-31", "--out", "proofs.jsonl"),
    ("settings", "set"): ("brake_count=5", "--standard", *WHO),
    ("forget-person",): (str(uuid4()), *WHO),
    ("allow-mail",): (str(uuid4()), *WHO),
    ("mail-drill",): WHO,
    ("after-restore",): ("--restored-to", "2026-12-01T12:00", "--lost-at", "2026-12-02T15:00", *WHO),
    ("setup",): WHO,
    ("test-alert",): WHO,
    ("rejected", "retry"): ("--all", *WHO),
    ("dlq", "drop"): ("an-id", *WHO),
    ("duplicates", "review"): ("--all", *WHO),
    ("rotate-credential",): WHO,
}
NOBODY = Operator("", {})


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_without_a_system_a_command_refuses(words: Any) -> None:
    """One sentence names both options and the local way; nothing is guessed."""
    said = " ".join(NOBODY.type(*words, *ARGUMENTS.get(words, ()), expect=2).split())
    for told in ("--stack NAME", "--database-url URL", f"python -m local {' '.join(words)}"):
        assert told in said


def test_no_variable_names_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program's variable says is no choice of this one."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    NOBODY.type("status", expect=2)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://turid:geheim@127.0.0.1:1/app",
        "postgresql://turid@127.0.0.1:1/app?password=geheim",
        "host=127.0.0.1 user=turid password=geheim",
        "host=127.0.0.1 sslpassword=geheim",
    ],
)
def test_a_password_among_the_arguments_is_refused(url: str) -> None:
    """The sentence says where it belongs instead, and does not repeat it."""
    said = " ".join(NOBODY.type("status", "--database-url", url, expect=2).split())
    assert "PGPASSWORD" in said
    assert "PGPASSFILE" in said
    assert "geheim" not in said


def test_an_address_that_is_none_is_not_repeated() -> None:
    """A password may stand in it."""
    said = NOBODY.type("status", "--database-url", "postgresql://x:ge%heim@et@/", expect=2)
    assert "is not a connection string" in " ".join(said.split())
    assert "heim" not in said


@pytest.mark.parametrize("words", [("dlq", "list"), ("dlq", "replay"), ("reconcile",)])
def test_what_the_stack_is_asked_for_takes_a_stack(operator: Operator, words: Any) -> None:
    """A database alone has no queues and no functions."""
    assert "name it with --stack" in " ".join(operator.run(*words, expect=2).split())


def test_the_password_is_found_in_a_file(operator: Operator, tmp_path: Path) -> None:
    """PGPASSFILE, as libpq reads it."""
    (file := tmp_path / "passwords").write_text(f"*:*:*:*:{operator.environment['PGPASSWORD']}\n")
    file.chmod(0o600)
    without = {name: value for name, value in operator.environment.items() if name != "PGPASSWORD"}
    Operator(operator.url, without | {"PGPASSFILE": str(file)}).run("status")


@pytest.fixture
def guarded(database: TestDatabase, postgres: Postgres) -> Any:
    """A login whose password the server asks for."""
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        asked = connection.execute("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method LIKE 'scram%'").fetchone()
    if not asked or not asked[0]:
        pytest.skip("this server trusts everybody")
    login = Operator.of(database.login("Operations"))
    return login, {name: value for name, value in login.environment.items() if name != "PGPASSWORD"}


def test_without_a_terminal_no_password_is_waited_for(guarded: Any) -> None:
    """A script ends with a sentence."""
    operator, without = guarded
    said = " ".join(Operator(operator.url, without).run("status", expect=3).split())
    assert "asks for a password" in said


def test_at_a_terminal_the_password_is_asked_for(guarded: Any) -> None:
    """It is typed once and not shown."""
    operator, without = guarded
    password = operator.environment["PGPASSWORD"]
    with session([sys.executable, "-m", "operations", "status", *operator.options], without) as at:
        at.read(until="Password: ")
        at.type(password.encode() + b"\n")
        shown = at.read()
    assert at.process.returncode == 0, shown
    assert password not in shown
    assert "Everything is as it should be" in shown


def test_both_programs_have_the_same_commands() -> None:
    """One definition each: the local program names no system, the other one must."""
    from local.cli import app as local  # noqa: PLC0415 - the operators' program never imports it

    ours: Any = typer.main.get_command(app)
    theirs: Any = typer.main.get_command(local)
    for words in LEAVES:
        here: Any = ours
        there: Any = theirs
        for word in words:
            here, there = here.commands[word], there.commands[word]
        options = {option.name for option in here.params}
        assert options - {option.name for option in there.params} == {"stack", "database_url"}
        assert here.help == there.help


# What the login may do ------------------------------------------------------------------------------------------------


@pytest.fixture
def kari(foundation: Foundation) -> Any:
    return foundation.mentor(foundation.organisation(name="HLF Moss"), DAY + days(12), name=("Kari", "Sæther"))


def test_a_mentor_is_explained_by_id_beginning_or_name(operator: Operator, kari: Any) -> None:
    """Ids only: the data of a deployed system are real (I11)."""
    for typed in (str(kari), str(kari)[:8], "kari sæther"):
        said = operator.run("explain", typed)
        assert str(kari) in said
        assert "due in the next nightly check" in " ".join(said.split())
        assert "Kari" not in said.replace("kari", "")
    found = json.loads(operator.run("explain", str(kari), "--json"))
    assert found["mentor"]["organisation"] == "HLF Moss"
    assert len(found["thresholds"]) == 3


def test_the_preview_names_nobody(operator: Operator, kari: Any) -> None:
    said = operator.run("preview", "--from", f"{DAY:%Y-%m-%d}", "--days", "30")
    assert str(kari)[:8] in said
    assert "Sæther" not in said
    assert {one["mentor_id"] for one in json.loads(operator.run("preview", "--json"))} == {str(kari)}


def test_an_actor_is_a_person(operator: Operator, foundation: Foundation, functions: Functions) -> None:
    """`system:…` is what the functions call themselves in the status log."""
    foundation.mentor(foundation.organisation(), DAY - days(1))
    run = str(functions.nightly_check(DAY).run_id)
    for actor in ("system:expiry_check", " System:x"):
        assert "a person's name" in operator.run("undo-run", run, "--actor", actor, "--reason", "x", expect=2)
        with pytest.raises(psycopg.errors.CheckViolation):
            foundation.do("SELECT certification.undo_run(%s, %s, 'x')", run, actor)


def test_the_login_of_operations_may_not_migrate(operator: Operator) -> None:
    """A sentence says who may."""
    said = " ".join(operator.run("migrate", expect=2).split())
    assert "does not own the schema certification: use the owner, postgres" in said


def test_the_login_reads_no_person_and_writes_no_table(database: TestDatabase, kari: Any) -> None:
    """I11: neither names nor addresses, not even their number; and nothing past the functions."""
    login = database.login("Operations")
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    with psycopg.connect(**{ours: login[theirs] for ours, theirs in names.items()}, autocommit=True) as connection:
        for statement in (
            "SELECT email FROM public.peer_mentors",
            "SELECT count(*) FROM public.peer_mentors",
            "SELECT full_name FROM public.coordinators",
            "SELECT * FROM certification.wanted_listings(ARRAY[gen_random_uuid()])",
            "SELECT * FROM certification.notices",
            "SELECT secret FROM certification.webhook",
            "INSERT INTO certification.audit (action, actor, reason) VALUES ('x', 'x', 'x')",
            "UPDATE certification.runs SET state = 'succeeded'",
            "DELETE FROM certification.alerts",
            "SELECT certification.bump_listing_version('{}')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
