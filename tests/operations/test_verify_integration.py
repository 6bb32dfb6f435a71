"""`verify-integration` as a person types it: text, JSON, JUnit, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from operations.cli import app
from tests.support.contract import PASSWORD, contract_database, owner_dsn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase
    from tests.support.operator import Operator

_NAME = "contract_of_a_person"


@pytest.fixture(scope="module")
def sound(postgres: Postgres) -> Iterator[str]:
    """The owner's address of a database in which every point holds, without the password."""
    with contract_database(postgres, _NAME):
        yield owner_dsn(postgres, _NAME).replace(f"password={PASSWORD}", "")


@pytest.fixture
def verify(sound: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["verify-integration", "--database-url", sound, *arguments])

    return run


def test_a_sound_database_holds(verify: Any) -> None:
    done = verify()
    assert done.exit_code == 0, done.output
    assert "The integration holds. Points: " in done.stdout


def test_the_behaviour_without_a_copy_is_not_complete(verify: Any) -> None:
    """Exit code 3: two workflows at once could not be checked; with --copy they are."""
    done = verify("--behaviour")
    assert done.exit_code == 3, done.output
    assert "behaviour.pause_beside_a_night" in done.stdout
    assert verify("--behaviour", "--copy").exit_code == 0


def test_the_report_is_json_and_junit_too(verify: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    done = verify("--json", "--junit", str(file))
    report = json.loads(done.stdout)
    assert report["counts"]["does_not_hold"] == 0
    assert ET.fromstring(file.read_text("utf-8")).get("tests") == str(len(report["findings"]))  # noqa: S314


def test_a_report_that_cannot_be_written_says_so(verify: Any, tmp_path: Path) -> None:
    done = verify("--junit", str(tmp_path / "none" / "report.xml"))
    assert done.exit_code == 3
    assert "The integration holds." in done.stdout
    assert "cannot be written: No such file or directory" in done.stderr


def test_a_copy_is_only_for_the_behaviour(verify: Any) -> None:
    done = verify("--copy")
    assert done.exit_code == 2
    assert "--behaviour" in done.stderr


def test_a_stack_is_no_copy(sound: str) -> None:
    """Rows would be committed to the app's own tables."""
    done = CliRunner().invoke(
        app, ["verify-integration", "--stack", "hlf", "--behaviour", "--copy", "--language", "en"]
    )
    assert done.exit_code == 2
    assert "no copy" in done.output


def test_the_login_of_operations_may_verify(operator: Operator, database: TestDatabase) -> None:
    """It reads no person: the data are counted by functions, and names are ids (I11)."""
    with database.connect() as owner:
        owner.execute("DELETE FROM peer_mentors")
    report = json.loads(operator.run("verify-integration", "--json", expect=None))
    points = {finding["point"]: finding["verdict"] for finding in report["findings"]}
    assert points["data.active_uncertified"] == "holds"
    assert points["structure.migrations"] == "holds"
    assert "not_checked" not in points.values()
