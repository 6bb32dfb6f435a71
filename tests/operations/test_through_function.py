"""Commands on a stack whose database no laptop reaches: its functions run them, and AWS credentials are all it takes.

The laptop cannot resolve the database's host. Nothing is replaced: the functions are processes of their own, invoked
over HTTP, with logins of their own on a real PostgreSQL.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from operations.database_commands import DATABASE_COMMANDS, commands_of
from operations.in_function import FunctionSystem, run
from operations.mounting import Group
from operations.through_function import Entry
from shared.bootstrap.database import single_connection
from shared.bootstrap.operations import CommandPorts
from shared.domain.alerts import Language
from shared.domain.commands import Target
from tests.support.foundation import DAY, days
from tests.support.vpc import HOST, Vpc, vpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.operator import Operator

WHO = ("--actor", "Turid Nes", "--reason", "agreed with the organisation")


@pytest.fixture(scope="module")
def _vpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpc]:
    with vpc(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture
def remote(_vpc: Vpc, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Vpc:
    """The stack on the test's database."""
    for name, value in _vpc.environment.items():
        monkeypatch.setenv(name, value)
    _vpc.log_in(database)
    _vpc.lines.clear()
    return _vpc


@pytest.fixture
def kari(foundation: Foundation, functions: Functions) -> str:
    """A mentor of HLF Moss, of whose reminders there is something to tell."""
    mentor = foundation.mentor(foundation.organisation(name="HLF Moss"), DAY + days(12), name=("Kari", "Sæther"))
    functions.nightly_check(DAY)
    return str(mentor)


def test_the_laptop_has_no_route_to_the_database(remote: Vpc) -> None:
    """What all other tests here rest on."""
    said = remote.laptop.type("status", "--database-url", f"host={HOST} user=nobody", expect=3)
    assert "cannot be reached" in said


READING = {
    "status": ("status",),
    "alerts": ("alerts", "--all"),
    "explain": ("explain", "KARI"),
    "preview": ("preview", "--days=20"),
    "settings show": ("settings", "show", "--standard"),
    "settings history": ("settings", "history"),
    "rejected list": ("rejected", "list"),
    "duplicates list": ("duplicates", "list", "--all"),
    "retention": ("retention",),
}


@pytest.mark.parametrize("words", READING.values(), ids=READING)
def test_a_reading_command_says_what_it_says_beside_the_database(
    remote: Vpc, operator: Operator, kari: str, words: tuple[str, ...]
) -> None:
    """On the screen and as JSON, letter by letter, but for how the system is named."""
    line = [word.replace("KARI", kari) for word in words]
    there = json.loads(remote.type(*line, "--json", expect=None))
    here = json.loads(operator.run(*line, "--json", expect=None))
    for found in (there, here):
        if isinstance(found, dict):
            for of_a_stack in ("webhook_concurrency", "recipients"):
                found.pop(of_a_stack, None)
            found.pop("at", None)
    assert there == here
    shown = remote.type(*line, expect=None)
    assert "Kari" not in shown
    assert shown.splitlines()[0].split() == operator.run(*line, expect=None).splitlines()[0].split()


def test_a_brake_is_released_and_audited_from_a_laptop(
    remote: Vpc, foundation: Foundation, functions: Functions
) -> None:
    """The audit has who did it as typed, and the login of the function that did it."""
    organisation = foundation.organisation(name="HLF Moss")
    foundation.brake(1, 1)
    for _ in range(5):
        foundation.mentor(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    assert "Released" in remote.type("release-brake", "--org", "HLF Moss", *WHO)
    ((actor, reason, login),) = foundation.all(
        "SELECT actor, reason, login FROM certification.audit WHERE action = 'release_brake'"
    )
    assert (actor, reason) == (WHO[1], WHO[3])
    assert login == "local_certification_operations"


def test_settings_are_changed_from_a_laptop(remote: Vpc, foundation: Foundation, tmp_path: Path) -> None:
    """Shown first; a file of the laptop is read there, and none of the function's."""
    foundation.organisation(name="HLF Moss")
    change = ("settings", "set", "thresholds=45 21 7", "--org", "HLF Moss", *WHO)
    assert "nobody can be asked here" in remote.type(*change, expect=2)
    remote.type(*change, "--dry-run")
    assert foundation.one("SELECT count(*) FROM certification.audit WHERE action = 'change_settings'") == 0
    assert "Changed" in remote.type(*change, "--yes")
    assert foundation.one("SELECT thresholds::text FROM certification.organisation_settings") == "{45,21,7}"
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"table": "x"}', encoding="utf-8")
    bad = remote.type("settings", "set", f"listing_mapping=@{mapping}", "--standard", *WHO, "--yes", expect=1)
    assert "no file is read here" not in bad
    event = {"arguments": ["settings", "set", "listing_mapping=@/etc/hostname", "--standard", *WHO, "--yes"]}
    assert invoke(remote, Entry.OPERATOR, event)["exit_code"] == 2


def test_no_log_has_what_was_typed(remote: Vpc, kari: str) -> None:
    """I11: a name in the arguments, in the reason or in the reply stays out of the function's log."""
    remote.type("explain", "Kari Sæther")
    remote.type(
        "settings", "set", "thresholds=45 21 7", "--standard", "--actor", "Turid Nes", "--reason", "for Kari", "--yes"
    )
    logged = "\n".join(remote.lines)
    assert '"command":"explain"' in logged
    assert '"command":"settings set"' in logged
    for word in ("Kari", "Sæther", "Turid", kari):
        assert word not in logged


def invoke(remote: Vpc, entry: Entry, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke a function as an attacker would, past the program on the laptop."""
    import boto3  # noqa: PLC0415

    reply = boto3.client("lambda").invoke(FunctionName=entry.value, Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.load(reply["Payload"])
    return payload


def leaves(commands: Any) -> list[list[str]]:
    return [
        [name, *inner]
        for name, mounted in commands.items()
        for inner in ([[one] for one in mounted.commands] if isinstance(mounted, Group) else [[]])
    ]


@pytest.mark.parametrize("words", leaves(commands_of(Entry.OPERATOR)), ids=" ".join)
def test_the_reader_runs_no_command_that_changes(remote: Vpc, words: list[str]) -> None:
    """IAM lets a reader invoke the one function, and that knows no such command."""
    reply = invoke(remote, Entry.READER, {"arguments": [*words, *WHO]})
    assert reply["exit_code"] == 2
    assert "No such command" in reply["stderr"]


@pytest.mark.parametrize(
    "words", ["migrate", "reconcile", "dlq list", "rotate-credential", "verify-proofs x", "verify-integration"]
)
@pytest.mark.parametrize("entry", Entry)
def test_what_needs_more_than_the_database_runs_in_no_function(remote: Vpc, entry: Entry, words: str) -> None:
    assert "No such command" in invoke(remote, entry, {"arguments": words.split()})["stderr"]


def test_every_command_of_the_database_has_one_function() -> None:
    """None is forgotten, and none is run by both."""
    reader, operator = (leaves(commands_of(entry)) for entry in Entry)
    assert sorted([*reader, *operator]) == sorted([*leaves(DATABASE_COMMANDS), ["step"]])


def test_exports_are_written_on_the_laptop(remote: Vpc, kari: str, tmp_path: Path) -> None:
    """The function sends what is in them."""
    file, proofs = tmp_path / "export.csv", tmp_path / "proofs.jsonl"
    assert "1 mentor is in" in remote.type("break-glass-export", str(file))
    assert kari in file.read_text(encoding="utf-8")
    remote.type("export-proofs", "--from", "2026-01-01", "--to", "2030-01-01", "--out", str(proofs))
    assert "how_to_verify" in proofs.read_text(encoding="utf-8").splitlines()[0]
    assert "is there already" in remote.type(
        "export-proofs", "--from", "2026-01-01", "--to", "2030-01-01", "--out", str(proofs), expect=1
    )


def test_no_file_is_written_where_the_function_runs(remote: Vpc, tmp_path: Path) -> None:
    """An export that is asked for past the program on the laptop would stay in the function's container."""
    file = tmp_path / "export"
    for words in (
        ["break-glass-export", str(file)],
        ["export-proofs", "--from", "2026-01-01", "--to", "2030-01-01", "--out", str(file)],
    ):
        reply = invoke(remote, Entry.READER, {"arguments": words})
        assert (reply["exit_code"], file.exists()) == (2, False)
        assert "no file is written here" in reply["stderr"]


@pytest.mark.parametrize(("letters", "exit_code"), [(800_000, 0), (1_000_000, 3)])
def test_a_reply_too_large_for_lambda_is_a_sentence(letters: int, exit_code: int) -> None:
    """Lambda returns 6 MB, and would end with an error; a letter that is no ASCII takes six bytes in JSON."""

    def big(_: Any) -> None:
        sys.stdout.write("å" * letters)

    ports = CommandPorts(single_connection, Target("hlf-certification"), Language.EN, {})
    system = FunctionSystem(Entry.READER, ports, Language.EN)
    reply = run(system, {"big": big}, ["big"], width=80, colour=False)
    assert (reply.exit_code, bool(reply.stdout)) == (exit_code, exit_code == 0)
    assert ("more than a function can return" in reply.stderr) == (exit_code == 3)


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_no_function_has_the_options_of_a_shell(remote: Vpc, option: str) -> None:
    """They write into the home folder."""
    assert "No such option" in invoke(remote, Entry.READER, {"arguments": [option]})["stderr"]


def test_a_database_that_no_function_reaches_is_said(remote: Vpc, database: TestDatabase) -> None:
    """Exit code 3: nothing is known."""
    login = json.dumps(database.login("OperationsReader") | {"host": HOST, "port": 1})
    remote.clients.secretsmanager.put_secret_value(
        SecretId=remote.stack.physical_id("OperationsReaderDatabaseSecret"), SecretString=login
    )
    assert "the function cannot reach the database" in remote.type("status", expect=3)
